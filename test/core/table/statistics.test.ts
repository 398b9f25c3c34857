/** A statistic with more groups than an answer holds says so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, type Running, rowsOf, serve } from "../harness.ts";

const groupsMax = 1_000;

const ticks = resource(
  "ticks",
  { doc: "Ticks.", fields: { id: t.id("tck"), number: t.integer({ index: true }) } },
  ({ all, count, command, self }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    stats: { byNumber: { group: ["number"], measures: { ticks: count() } } },
    functions: {
      fill: command({
        on: "collection",
        doc: "Makes many.",
        roles: ["clerk"],
        input: { from: t.integer(), to: t.integer() },
        output: { made: t.integer() },
        run: (ctx, { input: { from, to } }) => {
          for (let number = from; number < to; number++) ctx.table(self).insert({ number });
          return { made: to - from };
        },
      }),
    },
  }),
);
const clock = service("clockwork", { doc: "Ticks.", version: "v1", roles: { clerk: "Staff." }, resources: [ticks] });

forEachEngine((engine) => {
  describe("statistics", () => {
    let running: Running;
    beforeAll(async () => {
      running = await serve(await engine.create(), { services: [clock] });
      dataOf(await running.call("ticks.fill", { body: { from: 0, to: groupsMax } }));
    });
    afterAll(() => running[Symbol.asyncDispose]());

    test("all groups, and no page, up to the limit; beyond it the first ones, and that it was cut", async () => {
      const whole = await running.call("ticks.stats.byNumber");
      expect(rowsOf(whole)).toHaveLength(groupsMax);
      expect(whole).not.toHaveProperty("page");
      dataOf(await running.call("ticks.fill", { body: { from: groupsMax, to: groupsMax + 1 } }));
      const cut = await running.call("ticks.stats.byNumber");
      expect(cut).toMatchObject({ ok: true, page: { truncated: true, perPage: groupsMax, maxPerPage: groupsMax } });
      expect(rowsOf(cut)).toHaveLength(groupsMax);
      expect(rowsOf(cut).at(-1)).toEqual({ number: groupsMax - 1, ticks: 1 });
      const filters = [{ path: "number", op: "gte" as const, values: [1], as: "number" }];
      expect(await running.call("ticks.stats.byNumber", { query: { filters } })).not.toHaveProperty("page");
    });
  });
});
