/** A day compared with a moment is its first moment in UTC. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RawFilter } from "../../../src/pipeline/call.ts";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

const moments = {
  before: "2026-01-31T23:59:59.999Z",
  first: "2026-02-01T00:00:00.000Z",
  within: "2026-02-01T15:00:00.000Z",
};

forEachEngine((engine) => {
  describe("days and moments", () => {
    let depot: Running;
    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      for (const [line, moment] of Object.entries(moments))
        dataOf(await depot.call("samples.create", { body: { line, moment, day: moment.slice(0, 10) } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    const list = (op: RawFilter["op"], values: readonly unknown[], text: boolean) =>
      depot.call("samples.list", {
        text,
        query: { sortBy: ["moment"], filters: [{ path: "moment", op, values, as: "moment" }] },
      });

    const cases: [RawFilter["op"], string[], string[]][] = [
      ["gte", ["2026-02-01"], ["first", "within"]],
      ["gt", ["2026-02-01"], ["within"]],
      ["lt", ["2026-02-01"], ["before"]],
      ["lte", ["2026-02-01"], ["before", "first"]],
      ["eq", ["2026-02-01"], ["first"]],
      ["ne", ["2026-02-01"], ["before", "within"]],
      ["eq", ["2026-02-01", "2026-02-01T15:00:00Z"], ["first", "within"]],
    ];
    test.each(cases)("%s %p", async (op, values, expected) => {
      for (const text of [true, false]) expect(rowsOf(await list(op, values, text)).map(({ line }) => line)).toEqual(expected);
    });

    test.each(["2026-02-30", "2026-02", "2026-2-1", "0000-01-01", "2026-02-01T", " 2026-02-01"])(
      "%p is no day",
      async (value) => {
        expect(refusalOf(await list("gte", [value], true)).issues).toEqual({
          moment: [{ code: "bad_format", params: { format: "dateTime" } }],
        });
      },
    );

    test("a value that is written stays a moment", async () => {
      const refused = await depot.call("samples.create", { body: { moment: "2026-02-01" } });
      expect(refusalOf(refused).issues).toMatchObject({ moment: [{ code: "bad_format" }] });
    });
  });
});
