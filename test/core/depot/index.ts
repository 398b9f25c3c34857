/** The depot: a service made up for the tests of the core. It has every field kind, relation, rule and kind of function. */
import { added, command, gte, query, renamed, retyped, service, singleton, t, version } from "../../../src/index.ts";
import { boxes } from "./boxes.ts";
import { items, labels, tags } from "./items.ts";
import { moves } from "./moves.ts";
import { owners } from "./owners.ts";
import { samples } from "./samples.ts";

export { boxes, items, labels, moves, owners, samples, tags };

export const me = singleton("me", { doc: "The owner who calls.", of: owners, roles: ["owner"], update: ["owner"] });

const square = query({
  doc: "Squares a number; all calls that wait are answered together.",
  roles: ["clerk", "owner", "guest"],
  input: { number: t.integer({ min: -1_000_000, max: 1_000_000 }) },
  output: { square: t.integer(), together: t.integer(), locale: t.string() },
  runMany: (ctx, calls) => calls.map(({ input }) => ({ square: input.number ** 2, together: calls.length, locale: ctx.locale })),
});

const summary = query({
  doc: "What the depot holds.",
  roles: ["clerk", "guest"],
  input: { from: t.money({ default: 0n }) },
  output: { boxes: t.integer(), user: t.string({ optional: true }) },
  run: async (ctx, { input }) => ({
    boxes: await ctx.table(boxes).count(({ value }) => gte(value, input.from)),
    user: ctx.principal.user,
  }),
});

const restock = command({
  doc: "Adds owners by code, with events of the service.",
  roles: ["clerk"],
  input: { names: t.array(t.string(), { maxItems: 50 }) },
  output: { added: t.integer() },
  run: (ctx, { input }) => {
    for (const name of input.names) ctx.table(owners).insert({ name });
    ctx.emit("restocked", { names: input.names });
    return { added: input.names.length };
  },
});

const idle = command({ doc: "Does nothing.", roles: ["clerk"], output: "none", run: () => undefined });

export default service("depot", {
  doc: "Boxes, who owns them and what is in them.",
  version: "v2",
  roles: {
    clerk: "Staff.",
    auditor: "Reads everything, writes nothing.",
    owner: "Keeps boxes here.",
    agent: "Looks after owners.",
    guest: "Sees no rows.",
  },
  resources: [owners, boxes, moves, items, tags, labels, samples],
  singletons: [me],
  operations: { square, summary, restock, idle },
  older: [
    version("v1", {
      changes: [
        renamed("boxes", { from: "sku", to: "code" }),
        added("boxes", "label"),
        retyped("boxes", "value", {
          field: t.string({ pattern: "[0-9]{1,18}" }),
          up: (old: string) => Number(old),
          down: (now: number) => String(now),
        }),
      ],
      deprecated: "2026-01-01",
      sunset: "2030-01-01",
    }),
  ],
});
