import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Value } from "../define/expression.ts";
import { statementsMax } from "./limits.ts";
import { orderValues, select } from "../../test/store/model.ts";
import type { ModelScope } from "../../test/store/model.ts";
import { accountRows, textOf } from "../../test/store/rows.ts";
import { aggregateShape, byId, byKey, conditionCases, countShape, orderCases, rowsShape } from "../../test/store/shapes.ts";
import { accountsModel, engines, filledWorld, membershipsModel } from "../../test/store/world.ts";
import type { World } from "../../test/store/world.ts";
import type { Row } from "./store.ts";

const minute = 60_000;

const scope = (params: Readonly<Record<string, Value>> = {}): ModelScope => ({
  table: accountsModel,
  params,
  links: { members: membershipsModel },
});

/** What the first engine gave: the second must give the same. */
let firstGroups: Row[] | undefined;

for (const engine of engines) {
  describe(`reads on ${engine.engine}`, () => {
    let world: World;
    beforeAll(async () => (world = await filledWorld(engine)), minute);
    afterAll(() => world[Symbol.asyncDispose]());

    const rows = async (...call: Parameters<World["store"]["read"]>): Promise<Row[]> =>
      (await world.store.read(...call))[0] ?? [];

    test("every value comes back as it was written", async () => {
      const read = await rows(rowsShape("all"), [{ realm: world.realm, params: [], limit: 100 }]);
      expect(read).toEqual(select(scope(), undefined, byId));
    });

    for (const { name, where, params = {} } of conditionCases) {
      test(`condition: ${name}`, async () => {
        const values = Object.fromEntries(Object.entries(params).map(([key, [, value]]) => [key, value]));
        const shape = rowsShape(`condition ${name}`, { where, params });
        const call = { realm: world.realm, params: Object.values(values), limit: 100 };
        const expected = select(scope(values), where, byId).map((row) => row["id"]);
        const [plain = [], ...batch] = await world.store.read(shape, [call]);
        expect(plain.map((row) => row["id"] ?? null)).toEqual(expected as string[]);
        // As many as SQLite needs to take its batch form.
        batch.push(...(await world.store.read(shape, [call, { ...call, realm: world.otherRealm }, call, call, call, call])));
        expect(batch[0]).toEqual(plain);
        expect(batch[2]).toEqual(plain);
        expect(batch[1]?.every((row) => textOf(row["name"]).startsWith("leaked"))).toBe(true);
      });
    }

    for (const [name, order] of Object.entries(orderCases)) {
      test(`order: ${name}`, async () => {
        const read = await rows(rowsShape(`order ${name}`, { order }), [{ realm: world.realm, params: [], limit: 100 }]);
        expect(read).toEqual(select(scope(), undefined, order));
      });

      test(`keyset pages: ${name}`, async () => {
        const shape = rowsShape(`keyset ${name}`, { order, after: true });
        const all = select(scope(), undefined, order);
        const calls = all.map((row) => ({
          realm: world.realm,
          params: [],
          limit: 7,
          after: orderValues(accountsModel, order, row),
        }));
        const ids = (page: readonly Row[]) => page.map((row) => row["id"] ?? null);
        const expected = all.map((_, i) => ids(all.slice(i + 1, i + 8)));
        // One by one in plain form; all together, merged where the engine merges.
        for (const [i, call] of calls.entries()) expect(ids(await rows(shape, [call]))).toEqual(expected[i] ?? []);
        expect((await world.store.read(shape, calls)).map(ids)).toEqual(expected);
      });

      test(`scan: ${name}`, async () => {
        const shape = rowsShape(`scan ${name}`, { order });
        const read: Row[] = [];
        for await (const chunk of world.store.scan(shape, { realm: world.realm, params: [] }, { chunk: 7 })) {
          expect(chunk.length).toBeLessThanOrEqual(7);
          read.push(...chunk);
        }
        expect(read).toEqual(select(scope(), undefined, order));
      });
    }

    test("a limit and an offset per call, in one read", async () => {
      const shape = rowsShape("pages", { order: orderCases["nulls, mixed"] ?? byId });
      const all = select(scope(), undefined, shape.order);
      const pages = [
        { limit: 5 },
        { limit: 5, offset: 5 },
        { limit: 20, offset: 55 },
        { limit: 0 },
        { limit: 1, offset: 1_000 },
        { limit: 100 },
        { limit: 6 },
      ];
      const read = await world.store.read(
        shape,
        pages.map((page) => ({ realm: world.realm, params: [], ...page })),
      );
      expect(read).toEqual(pages.map(({ limit, offset = 0 }) => all.slice(offset, offset + limit)));
    });

    test("related lists of many parents: each its own first rows, in order", async () => {
      const order = orderCases["nulls, mixed"] ?? byId;
      const shape = rowsShape("related", {
        where: { op: "eq", left: { field: ["customer"] }, right: { param: "c" } },
        params: { c: ["text", ""] },
        order,
      });
      const parents = Array.from({ length: 40 }, (_, i) => `cus_${i % 9}`);
      for (const { limit, offset } of [
        { limit: 3, offset: 0 },
        { limit: 3, offset: 2 },
        { limit: 100, offset: 0 },
      ]) {
        const read = await world.store.read(
          shape,
          parents.map((c) => ({ realm: world.realm, params: [c], limit, offset })),
        );
        expect(read).toEqual(parents.map((c) => select(scope({ c }), shape.where, order).slice(offset, offset + limit)));
      }
    });

    test(
      "more shapes than are kept",
      async () => {
        const call = { realm: world.realm, params: [], limit: 1 };
        const id = { ...rowsShape("kept"), select: ["id"] };
        for (let i = 0; i < statementsMax + 50; i += 1)
          await world.store.read({ ...id, key: `kept ${i % (statementsMax + 20)}` }, [call]);
        expect(await rows({ ...id, key: "kept 0" }, [call])).toEqual([
          { id: accountRows.map((row) => textOf(row["id"])).toSorted()[0] ?? null },
        ]);
      },
      minute,
    );

    test("by key: one answer per call in their order, empty where there is none", async () => {
      const ids = [accountRows[3]?.["id"], "nobody", accountRows[5]?.["id"], accountRows[3]?.["id"]] as string[];
      const read = await world.store.read(
        byKey,
        ids.map((id) => ({ realm: world.realm, params: [id] })),
      );
      expect(read.map((found) => found.map((row) => row["id"] ?? null))).toEqual(ids.map((id) => (id === "nobody" ? [] : [id])));
      expect(await world.store.read(byKey, [{ realm: 999, params: ids.slice(0, 1) }])).toEqual([[]]);
    });

    test("counts", async () => {
      const prefixes = ["", "a", "Z", "nothing"];
      const read = await world.store.read(
        countShape,
        prefixes.map((p) => ({ realm: world.realm, params: [p] })),
      );
      const where = countShape.where;
      expect(read).toEqual(prefixes.map((p) => [{ count: select(scope({ p }), where, byId).length }]));
    });

    test("aggregates are exact, and grouped in order with null first", async () => {
      const groups = await rows(aggregateShape, [{ realm: world.realm, params: [], limit: 100 }]);
      expect(groups).toMatchSnapshot();
      firstGroups ??= groups;
      expect(groups).toEqual(firstGroups);
      expect(groups.reduce((sum, group) => sum + Number(group["count"]), 0)).toBe(accountRows.length);
      const balances = accountRows.map((row) => row["balance"] as bigint).reduce((a, b) => a + b, 0n);
      expect(groups.map((group) => group["total"] as bigint).reduce((a, b) => a + b, 0n)).toBe(balances);
    });

    test("aggregates without groups give one row, also over nothing", async () => {
      const shape = { ...aggregateShape, key: "total", groups: [], where: { op: "or" as const, of: [] } };
      expect(await world.store.read(shape, [{ realm: world.realm, params: [] }])).toEqual([
        [
          {
            count: 0,
            notes: 0,
            total: null,
            average: null,
            rateTotal: null,
            rateAverage: null,
            lowest: null,
            latest: null,
            first: null,
          },
        ],
      ]);
    });

    test("a scan ends when it is aborted, and at its limit", async () => {
      const abort = new AbortController();
      const call = { realm: world.realm, params: [] };
      let count = 0;
      for await (const chunk of world.store.scan(rowsShape("scan abort"), call, { chunk: 5, signal: abort.signal })) {
        count += chunk.length;
        abort.abort();
      }
      expect(count).toBe(5);
      const limited = await Array.fromAsync(world.store.scan(rowsShape("scan abort"), { ...call, limit: 8 }, { chunk: 5 }));
      expect(limited.map((chunk) => chunk.length)).toEqual([5, 3]);
    });

    test("names that are no fields throw, whatever they contain", async () => {
      const hostile = 'id" FROM accounts; DROP TABLE accounts; --';
      const read = async (shape: ReturnType<typeof rowsShape>) =>
        world.store.read(shape, [{ realm: world.realm, params: [], limit: 1 }]);
      expect(read({ ...rowsShape("hostile 1"), select: [hostile] })).rejects.toThrow("has no field");
      expect(read(rowsShape("hostile 2", { order: [{ path: [hostile], direction: "asc" }] }))).rejects.toThrow("has no field");
      expect(read(rowsShape("hostile 3", { where: { op: "null", left: { field: [hostile] } } }))).rejects.toThrow("has no field");
      expect(read(rowsShape("hostile 4", { where: { op: "null", left: { field: ["customer", hostile] } } }))).rejects.toThrow(
        "has no field",
      );
      expect(read(rowsShape("hostile 5", { where: { op: "exists", through: hostile, where: [] } }))).rejects.toThrow("no link");
      expect(
        read(rowsShape("hostile 6", { where: { op: "eq", left: { field: ["id"] }, right: { param: hostile } } })),
      ).rejects.toThrow("no parameter");
    });

    test("values a column cannot hold are refused, and no neighbour with them", async () => {
      const shape = rowsShape("refused", {
        where: { op: "eq", left: { field: ["changedAt"] }, right: { param: "p" } },
        params: { p: ["timestamp", ""] },
      });
      const call = (value: Value) => world.store.read(shape, [{ realm: world.realm, params: [value], limit: 1 }]);
      const good = Array.from({ length: 5 }, async () => call("2024-02-29T12:34:56.789Z"));
      for (const bad of [
        "yesterday",
        "2024-02-30T00:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        5,
        "infinity",
        "2024-01-01T00:00:00\0Z",
      ]) {
        expect((async () => call(bad))()).rejects.toMatchObject({ name: "StoreError", kind: "check" });
      }
      for (const [found] of await Promise.all(good)) expect(found?.length).toBe(1);
      expect((async () => world.store.read(byKey, [{ realm: world.realm, params: ["a\0b"] }]))()).rejects.toMatchObject({
        kind: "check",
      });
      expect((async () => world.store.read(byKey, [{ realm: world.realm, params: ["\ud800"] }]))()).rejects.toMatchObject({
        kind: "check",
      });
    });
  });
}
