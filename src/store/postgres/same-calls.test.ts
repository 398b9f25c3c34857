import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { accountRows, textOf } from "../../../test/store/rows.ts";
import { byKey, rowsShape } from "../../../test/store/shapes.ts";
import { engines, filledWorld } from "../../../test/store/world.ts";
import type { World } from "../../../test/store/world.ts";
import { openStore } from "../index.ts";
import type { ReadCall, Row, RowsShape } from "../store.ts";
import { Preparer } from "./reader.ts";
import { sameOnce, type Waiting } from "./same-calls.ts";
import { severingProxy } from "./severing-proxy.ts";

const minute = 60_000;
const select = ["id", "name"];
const one: RowsShape = { ...byKey, key: "same one", select };
/** Rows by a list of their keys, as several are read. */
const several: RowsShape = {
  ...rowsShape("same several", {
    where: { op: "in", left: { field: ["id"] }, right: { param: "ids" } },
    params: { ids: ["text", []] },
    order: [],
  }),
  select,
};

const rowOf = (id: string): Row => ({ id, name: `name of ${id}` });

/** What is asked once the calls are put together, and what each of them got. */
const together = (shape: RowsShape, calls: readonly ReadCall[]) => {
  const preparer = new Preparer();
  const prepared = preparer.of(shape, calls[0] ?? { realm: 1, params: [] });
  const got: unknown[] = calls.map(() => "nothing");
  const batch = calls.map((call, at): Waiting => ({
    ...prepared.ask(call),
    settle: (rows, error) => (got[at] = rows ?? error),
  }));
  return { asked: sameOnce(prepared, batch), got };
};

const idsOf = (list: unknown): readonly string[] => (list as readonly Row[]).map((row) => textOf(row["id"]));

describe("calls of a statement that ask for the same", () => {
  test("equal calls are one, and each has rows of its own", () => {
    const call = (id: string, realm = 1): ReadCall => ({ realm, params: [id], limit: 1 });
    const { asked, got } = together(one, [call("a"), call("b"), call("a"), call("a")]);
    expect(asked.map(({ call: { params } }) => params)).toEqual([["a"], ["b"]]);
    for (const { call: made, settle } of asked) settle([rowOf(textOf(made.params[0]))], undefined);
    expect((got as Row[][]).map((rows) => rows[0]?.["id"] ?? null)).toEqual(["a", "b", "a", "a"]);
    expect(new Set(got.map((rows) => (rows as Row[])[0])).size).toBe(4);
    (got[0] as Row[])[0] = { id: "changed" };
    expect(got[2]).toEqual([rowOf("a")]);
  });

  test("SECURITY 29: calls of other realms, parameters or limits are others", () => {
    const shape = { ...rowsShape("same limit"), select };
    const call = { realm: 1, params: [], limit: 4 };
    expect(together(shape, [call, { ...call, realm: 2 }, { ...call, limit: 3 }, call]).asked.length).toBe(3);
    const list = { realm: 1, params: [["a", "b"]], limit: 2 };
    const { asked } = together(several, [list, { ...list, realm: 2 }, list]);
    expect(asked.map(({ call: { realm, params } }) => [realm, params])).toEqual([
      [1, [["a", "b"]]],
      [2, [["a", "b"]]],
    ]);
  });

  test("a key that several lists name is read once, and each list has its rows", () => {
    const lists = [
      ["a", "b", "c"],
      ["c", "d", "a"],
      ["x", "b", "b", "a"],
    ];
    const { asked, got } = together(
      several,
      lists.map((ids) => ({ realm: 1, params: [ids], limit: 4 })),
    );
    // Four rows are what one call of this statement may have: `x` finds no room.
    expect(asked.map(({ call: { params, limit } }) => [params, limit])).toEqual([
      [[["a", "b", "c", "d"]], 4],
      [[["x", "b", "b", "a"]], 4],
    ]);
    const [union, alone] = asked;
    union?.settle(["d", "c", "b"].map(rowOf), undefined);
    alone?.settle(["b"].map(rowOf), undefined);
    expect(got.map(idsOf)).toEqual([["b", "c"], ["c", "d"], ["b"]]);
    expect(new Set((got as Row[][]).flat()).size).toBe(5);
  });

  test("a key that is named twice has one row, as the statement has it", () => {
    const list = (ids: readonly string[]): ReadCall => ({ realm: 1, params: [ids], limit: 4 });
    const { asked, got } = together(several, [list(["a", "a", "b"]), list(["b", "a"])]);
    expect(asked.length).toBe(1);
    asked[0]?.settle(["a", "b"].map(rowOf), undefined);
    expect(got.map(idsOf)).toEqual([
      ["a", "b"],
      ["b", "a"],
    ]);
  });

  test("a limit that cuts keeps a list by itself", () => {
    const { asked } = together(several, [
      { realm: 1, params: [["a", "b", "c"]], limit: 3 },
      { realm: 1, params: [["a", "b", "c", "d", "e"]], limit: 4 },
      { realm: 1, params: [["b", "c"]], limit: 4 },
    ]);
    expect(asked.map(({ call: { params } }) => params[0])).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c", "d", "e"],
    ]);
  });

  test("rows with values that can be changed within are read for each caller", () => {
    const call: ReadCall = { realm: 1, params: ["a"], limit: 1 };
    for (const field of ["details", "photo"])
      expect(together({ ...one, select: ["id", field] }, [call, call]).asked.length).toBe(2);
  });

  test("lists of which a part fails can be run one by one", () => {
    const list = (ids: readonly string[]): ReadCall => ({ realm: 1, params: [ids], limit: 4 });
    const { asked, got } = together(several, [list(["a", "b"]), list(["b", "c"])]);
    expect(asked[0]?.parts?.map(({ call: { params } }) => params[0])).toEqual([
      ["a", "b"],
      ["b", "c"],
    ]);
    asked[0]?.settle(undefined, "broken");
    expect(got).toEqual(["broken", "broken"]);
  });
});

for (const engine of engines.filter((each) => each.engine === "postgres")) {
  describe("concurrent callers of Postgres", () => {
    let world: World;
    beforeAll(async () => (world = await filledWorld(engine)), minute);
    afterAll(() => world[Symbol.asyncDispose]());
    const ids = accountRows.map((row) => textOf(row["id"]));

    test("lists of the same keys at once are one statement of few rows, and each caller has what he asked for", async () => {
      await using proxy = severingProxy(world.database.url);
      const store = await openStore(proxy.url);
      const read = async (list: readonly string[]): Promise<Row[]> =>
        (await store.read(several, [{ realm: world.realm, params: [list], limit: 16 }]))[0] ?? [];
      const lists = Array.from({ length: 32 }, (_, at) => ids.slice(at % 8, (at % 8) + 6));
      await Promise.all(lists.map(read));
      const before = proxy.bindCount;
      const found = await Promise.all(lists.map(read));
      expect(proxy.bindCount - before).toBe(1);
      for (const [at, rows] of found.entries()) {
        expect(new Set(idsOf(rows))).toEqual(new Set(lists[at]));
        for (const row of rows) expect(textOf(row["name"])).not.toStartWith("leaked");
      }
      expect(new Set(found.flat()).size).toBe(32 * 6);
      await store.close();
    });

    test(
      "SECURITY 29: any lists of two realms at once are what each is alone",
      async () => {
        const alone = await openStore(world.database.url, { merge: false });
        const list = fc.array(fc.constantFrom(...ids.slice(0, 12), "nobody", 'a"b', "{x,y}"), { maxLength: 9 });
        const sorted = (rows: readonly Row[] | undefined): unknown[] =>
          (rows ?? []).toSorted((a, b) => (textOf(a["id"]) < textOf(b["id"]) ? -1 : 1));
        await fc.assert(
          fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), list), { minLength: 1, maxLength: 12 }), async (asked) => {
            const calls = asked.map(([isOther, of]): ReadCall => ({
              realm: isOther ? world.otherRealm : world.realm,
              params: [of],
              limit: Math.max(1, of.length),
            }));
            const [merged, single] = await Promise.all(
              [world.store, alone].map((store) => Promise.all(calls.map(async (call) => (await store.read(several, [call]))[0]))),
            );
            expect(merged?.map(sorted)).toEqual(single?.map(sorted) as unknown[][]);
          }),
          { numRuns: 100 },
        );
        await alone.close();
      },
      minute,
    );
  });
}
