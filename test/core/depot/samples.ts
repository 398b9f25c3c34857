/** Samples: one field of every kind, all optional, so that a row may hold any mixture. */
import { and, gte, lte, resource, t } from "../../../src/index.ts";

export const samples = resource(
  "samples",
  {
    doc: "A field of every kind.",
    fields: {
      id: t.id("smp", { client: true }),
      line: t.string({ optional: true }),
      text: t.text({ optional: true }),
      whole: t.integer({ optional: true }),
      money: t.money({ optional: true }),
      decimal: t.decimal({ optional: true, scale: 6 }),
      flag: t.boolean({ optional: true }),
      choice: t.enum(["red", "green", "blue"], { optional: true }),
      day: t.date({ optional: true }),
      moment: t.dateTime({ optional: true }),
      span: t.duration({ optional: true }),
      email: t.email({ optional: true }),
      url: t.url({ optional: true }),
      phone: t.phone({ optional: true }),
      currency: t.currency({ optional: true }),
      country: t.country({ optional: true }),
      language: t.language({ optional: true }),
      json: t.json({ optional: true }),
      object: t.object(
        {
          name: t.string(),
          inner: t.object({ money: t.money({ optional: true }), bytes: t.binary({ optional: true }) }, { optional: true }),
        },
        { optional: true },
      ),
      list: t.array(t.integer(), { optional: true, maxItems: 20 }),
      bytes: t.binary({ optional: true, maxBytes: 1_024 }),
      closed: t.string({ optional: true, filter: false }),
    },
  },
  ({ all, filter, count, min, max, avg, sum, command, query, self }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
    filters: {
      between: filter({ from: t.integer(), to: t.integer() }, ({ whole }, { from, to }) => and(gte(whole, from), lte(whole, to))),
    },
    stats: {
      all: { measures: { rows: count(), low: min("whole"), high: max("money"), mean: avg("decimal"), sum: sum("decimal") } },
    },
    properties: { latest: max("moment") },
    functions: {
      double: command({
        on: "item",
        doc: "Doubles the money within the object and turns its bytes around.",
        roles: ["clerk"],
        run: async (ctx, { row }) => {
          const again = await ctx.table(self).get(row.id);
          const inner = again?.object?.inner;
          if (again === undefined || inner === null || inner === undefined || again.object === null) return row;
          const money = (inner.money ?? 0n) * 2n;
          return ctx
            .table(self)
            .update(row.id, { object: { ...again.object, inner: { money, bytes: inner.bytes?.toReversed() ?? null } } });
        },
      }),
      weigh: query({
        on: "item",
        doc: "The money within the object, and how many bytes there are.",
        roles: ["clerk"],
        output: { money: t.money({ optional: true }), bytes: t.integer({ optional: true }) },
        run: async (ctx, { row }) => {
          const again = await ctx.table(self).get(row.id);
          const money = row.object?.inner?.money ?? null;
          return { money: money === null ? null : money + 1n, bytes: again?.object?.inner?.bytes?.byteLength ?? null };
        },
      }),
    },
    maxPerPage: 100,
  }),
);
