/** A row rule decided in memory, for commands, is the rule as the database decides it, for reads: on every row, whatever the rule. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Condition, Term, Value } from "../../../src/define/expression.ts";
import { bindCaller, type CallerParam, callerValue, holds, isLocal } from "../../../src/pipeline/condition.ts";
import type { Row, RowsShape } from "../../../src/store/index.ts";
import definition, { samples } from "../depot/index.ts";
import { dataOf, forEachEngine, type Running, serve } from "../harness.ts";

const lines = ["a", "A", "ab", "ü", "Ü", "\u{1d4b3}", "\uffee", "red", "ß", "İ", "i", "ΑΣ", "ς"];
const values: Readonly<Record<string, readonly Value[]>> = {
  line: lines,
  choice: ["red", "green", "blue"],
  whole: [-1, 0, 1, 9_007_199_254_740_991],
  money: [0n, 5n, -(2n ** 63n), 2n ** 63n - 1n],
  decimal: ["9", "10", "-1.5", "-1.25", "0.1", "9.000001"],
  flag: [true, false],
  day: ["2024-02-29", "1999-12-31"],
  moment: ["2024-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"],
};
const fields = Object.keys(values);
const moment = "2025-01-01T00:00:00.000Z";

const wireOf = (value: Value): Value => (typeof value === "bigint" ? value.toString() : value);

const leafOf = (field: string): fc.Arbitrary<Condition> => {
  const left: Term = { field: [field] };
  const list = values[field] ?? [];
  const value = fc.constantFrom(...list).map((one): Term => ({ value: one }));
  const right: fc.Arbitrary<Term>[] = [value, value];
  if (field === "line") right.push(fc.constantFrom<Term>({ principal: "subject" }, { principal: "user" }, { field: ["choice"] }));
  if (field === "moment") right.push(fc.constant<Term>({ now: true }));
  const ops = field === "flag" ? (["eq", "ne"] as const) : (["eq", "ne", "lt", "lte", "gt", "gte"] as const);
  const leaves: fc.Arbitrary<Condition>[] = [
    fc.record({ op: fc.constantFrom(...ops), left: fc.constant(left), right: fc.oneof(...right) }),
    fc.constantFrom<Condition>({ op: "null", left }, { op: "notNull", left }),
    fc.record({
      op: fc.constantFrom("in" as const, "notIn" as const),
      left: fc.constant(left),
      right: fc.subarray([...list]).map((some): Term => ({ value: some })),
    }),
  ];
  if (field === "line")
    leaves.push(
      fc.record({
        op: fc.constantFrom("contains" as const, "startsWith" as const),
        left: fc.constant(left),
        right: fc.oneof(...right),
      }),
    );
  return fc.oneof(...leaves);
};

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...fields).chain(leafOf),
    fc.record({ op: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("condition"), { maxLength: 3 }) }),
    fc.record({ op: fc.constant("not" as const), of: tie("condition") }),
  ),
}));

forEachEngine((engine) => {
  describe("rules", () => {
    let depot: Running;
    let rows: readonly Row[] = [];

    const select = async (
      where: Condition | undefined,
      caller = depot.caller("clerk", { subject: "a", user: null }),
    ): Promise<Row[]> => {
      const table = depot.contract.resources.get("samples")?.table;
      if (table === undefined) throw new Error("no samples");
      const used = new Set<CallerParam>();
      const bound = where === undefined ? undefined : bindCaller(where, used);
      const shape: RowsShape = {
        kind: "rows",
        key: `rules:${JSON.stringify(bound, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value))}`,
        table,
        joins: [],
        links: [],
        params: [...used].map((name) => ({ name, type: name === "$now" ? "timestamp" : "text" })),
        ...(bound === undefined ? {} : { where: bound }),
        select: ["id", ...fields],
        order: [{ path: ["id"], direction: "asc" }],
      };
      const [found] = await depot.store.read(shape, [
        { realm: depot.realm, params: [...used].map((name) => callerValue(name, caller, moment)), limit: 500 },
      ]);
      return found ?? [];
    };

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      const bodies = fc.sample(
        fc.record(
          Object.fromEntries(
            Object.entries(values).map(([field, list]) => [
              field,
              fc.option(fc.constantFrom(...list.map(wireOf)), { nil: null }),
            ]),
          ),
        ),
        { seed: 11, numRuns: 50 },
      );
      await Promise.all(bodies.map(async (body) => dataOf(await depot.call("samples.create", { body }))));
      rows = await select(undefined);
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("any condition, on every row", async () => {
      let decided = 0;
      expect(rows).toHaveLength(50);
      await fc.assert(
        fc.asyncProperty(condition, fc.constantFrom("a", null), async (where, subject) => {
          const caller = depot.caller("clerk", { subject, user: null });
          if (!isLocal(where, samples.fields)) return;
          decided++;
          const found = await select(where, caller);
          expect(rows.filter((row) => holds(where, row, caller, moment)).map(({ id }) => id)).toEqual(found.map(({ id }) => id));
        }),
        { numRuns: 250, seed: 5 },
      );
      expect(decided).toBeGreaterThan(100);
    });

    test("a condition over a relation is never decided on one row", () => {
      const over: Condition = { op: "eq", left: { field: ["line", "x"] }, right: { value: "a" } };
      const decimal: Condition = { op: "gt", left: { field: ["decimal"] }, right: { value: "9" } };
      expect(isLocal({ op: "not", of: { op: "or", of: [over] } }, samples.fields)).toBe(false);
      expect(isLocal({ op: "and", of: [decimal] }, samples.fields)).toBe(false);
      expect(isLocal({ op: "exists", through: "labels", where: [] }, samples.fields)).toBe(false);
      expect(() => holds(over, {}, depot.caller("clerk"), moment)).toThrow("cannot be decided");
    });
  });
});
