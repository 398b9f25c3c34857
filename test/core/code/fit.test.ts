/** Values that code writes beyond their field cost the command that wrote them, with the field's name, and nobody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import { counting, dataOf, forEachEngine, idOf, outcomeOf, type Running, serve } from "../harness.ts";

const written: Readonly<Record<string, unknown>> = {
  money: 2n ** 63n,
  moneyLow: -(2n ** 63n) - 1n,
  whole: 2 ** 53,
  fraction: 1.5,
  none: Number.NaN,
  short: "123456",
  wide: "\u{1f600}".repeat(6),
  line: "x".repeat(256),
  state: "ajar",
  required: null,
  day: "2026-02-30",
  moment: "yesterday",
  flag: "yes",
  decimal: "1.2.3",
  nul: "a\0b",
  typo: 1,
};
const fieldOf: Readonly<Record<string, string>> = {
  moneyLow: "money",
  fraction: "whole",
  none: "whole",
  wide: "short",
  required: "line",
  nul: "line",
};

const parcels = resource(
  "parcels",
  {
    doc: "Parcels.",
    fields: {
      id: t.id("prc"),
      money: t.money({ default: 0n, max: 10n }),
      whole: t.integer({ default: 0 }),
      short: t.string({ maxLength: 5, minLength: 2, default: "ab" }),
      line: t.string({ default: "line" }),
      state: t.enum(["open", "shut"], { default: "open" }),
      day: t.date({ optional: true }),
      moment: t.dateTime({ optional: true }),
      flag: t.boolean({ default: false }),
      decimal: t.decimal({ optional: true }),
    },
  },
  ({ all, command, self }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"], update: ["clerk"] },
    functions: {
      change: command({
        on: "item",
        doc: "Writes a value.",
        roles: ["clerk"],
        input: { what: t.string() },
        run: (ctx, { row, input }) =>
          ctx.table(self).update(row.id, { [fieldOf[input.what] ?? input.what]: written[input.what] }),
      }),
      insert: command({
        on: "collection",
        doc: "Writes a row.",
        roles: ["clerk"],
        input: { what: t.string() },
        output: "row",
        run: (ctx, { input }) => ctx.table(self).insert({ [fieldOf[input.what] ?? input.what]: written[input.what] }),
      }),
      fits: command({
        on: "item",
        doc: "Writes what callers may not, but the fields hold.",
        roles: ["clerk"],
        run: (ctx, { row }) =>
          ctx.table(self).update(row.id, {
            money: 2n ** 63n - 1n,
            whole: Number.MAX_SAFE_INTEGER,
            short: "\u{1f600}".repeat(5),
            line: "",
            day: null,
            moment: ctx.now,
            decimal: "1.50",
          }),
      }),
    },
  }),
);

const post = service("post", { doc: "A post office.", version: "v1", roles: { clerk: "Staff." }, resources: [parcels] });

forEachEngine((engine) => {
  describe("values written by code", () => {
    const counts = { reads: 0, loads: 0, finds: 0, applies: 0, writes: 0 };
    let running: Running;
    let id: string;
    beforeAll(async () => {
      running = await serve(await engine.create(), { services: [post], tolerant: true, around: counting(counts) });
      id = idOf(await running.call("parcels.create", { body: {} }));
    });
    afterAll(() => running[Symbol.asyncDispose]());

    test.each(Object.keys(written))("%s: the command fails alone, and the error names the field", async (what) => {
      const field = fieldOf[what] ?? what;
      const transactions = counts.writes;
      const errors = running.errors.length;
      const results = await Promise.all([
        running.call("parcels.update", { id, body: { whole: 1 } }),
        running.call("parcels.change", { id, body: { what } }),
        running.call("parcels.update", { id, body: { whole: 2 } }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["200", "500 internal", "200"]);
      expect(counts.writes).toBe(transactions + 1);
      expect(String(running.errors[errors])).toContain(field === "typo" ? 'parcels has no field "typo"' : `parcels.${field}: `);
      if (what === "typo" || what === "required") return;
      expect(outcomeOf(await running.call("parcels.insert", { body: { what } }))).toBe("500 internal");
      expect(String(running.errors.at(-1))).toContain(`parcels.${field}: `);
    });

    test("ranges are for callers: code may write all that a field holds", async () => {
      expect(dataOf(await running.call("parcels.fits", { id, body: {} }))).toMatchObject({
        money: "9223372036854775807",
        whole: Number.MAX_SAFE_INTEGER,
        line: "",
      });
      expect(dataOf(await running.call("parcels.get", { id }))).toMatchObject({ line: "", short: "\u{1f600}".repeat(5) });
    });
  });
});
