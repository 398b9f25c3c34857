/** Small services beside the depot: defaults that callers cannot write, names that repeat, and one that does not compile. */
import { resource, service, t } from "../../../src/index.ts";

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

export const all = service("notebook", { doc: "Notes.", version: "v1", roles: { all: "Everyone." }, resources: [notes] });
export const own = service("cardbox", { doc: "Cards.", version: "v1", roles: { own: "Holders." }, resources: [cards] });
export const roleless = service("broken", {
  doc: "Cannot work.",
  version: "v1",
  roles: { some: "Some." },
  resources: [
    resource("things", { doc: "Things.", fields: { id: t.id("thg") } }, ({ all: every }) => ({ rows: { nobody: every } })),
  ],
});
