/** Small services beside the depot: defaults that callers cannot write, names that repeat, and one that does not compile. */
import { eq, resource, service, t } from "../../../src/index.ts";

const notes = resource(
  "notes",
  {
    doc: "Notes.",
    fields: {
      id: t.id("not"),
      text: t.string(),
      big: t.money({ write: "never", default: 9_223_372_036_854_775_807n }),
      bytes: t.binary({ write: "never", default: "AAEC" as never }),
    },
  },
  ({ all }) => ({ rows: { all }, access: { create: ["all"] } }),
);

const cards = resource("cards", { doc: "Cards.", fields: { id: t.id("crd"), holder: t.string() } }, ({ own }) => ({
  rows: { own: own("holder") },
  access: { create: ["own"] },
}));

/** One shelf of each name: a new one, or the one there is, changed. `again`: it is taken away before, `beside`: another is made as well. */
const shelves = resource(
  "shelves",
  {
    doc: "Shelves.",
    fields: { id: t.id("shf"), name: t.string(), height: t.integer({ default: 0 }) },
  },
  ({ all, self, command }) => ({
    rows: { all },
    create: command({
      on: "collection",
      doc: "Puts up a shelf.",
      roles: ["all"],
      input: {
        name: t.string(),
        height: t.integer({ default: 0 }),
        again: t.boolean({ default: false }),
        beside: t.string({ optional: true }),
      },
      output: "row",
      run: async (ctx, { input: { name, height, again, beside } }) => {
        const table = ctx.table(self);
        const [known] = await table.find((row) => eq(row.name, name), { limit: 1 });
        if (beside !== null) table.insert({ name: beside, height });
        if (known === undefined) return table.insert({ name, height });
        if (!again) return table.update(known.id, { height });
        table.delete(known.id);
        return table.insert({ id: known.id, name, height });
      },
    }),
  }),
);

export const all = service("notebook", {
  doc: "Notes.",
  version: "v1",
  roles: { all: "Everyone." },
  resources: [notes, shelves],
});
export const own = service("cardbox", { doc: "Cards.", version: "v1", roles: { own: "Holders." }, resources: [cards] });
export const roleless = service("broken", {
  doc: "Cannot work.",
  version: "v1",
  roles: { some: "Some." },
  resources: [
    resource("things", { doc: "Things.", fields: { id: t.id("thg") } }, ({ all: every }) => ({ rows: { nobody: every } })),
  ],
});
