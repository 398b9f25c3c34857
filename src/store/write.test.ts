import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { accountRow, textOf } from "../../test/store/rows.ts";
import { byId, byKey, rowsShape } from "../../test/store/shapes.ts";
import { accounts, countries, customers, entries, memberships } from "../../test/store/tables.ts";
import { emptyWorld, engines, inserts } from "../../test/store/world.ts";
import type { World } from "../../test/store/world.ts";
import type { Key, Row, TableChanges, WriteTransaction } from "./store.ts";
import type { Table } from "./table.ts";

const minute = 60_000;

const updates = (table: Table, realm: number, changes: readonly (readonly [key: Key["key"], changes: Row])[]): TableChanges => ({
  table,
  inserts: [],
  updates: changes.map(([key, row]) => ({ realm, key, changes: row })),
  deletes: [],
});

const deletes = (table: Table, realm: number, keys: readonly Key["key"][]): TableChanges => ({
  table,
  inserts: [],
  updates: [],
  deletes: keys.map((key) => ({ realm, key })),
});

for (const engine of engines) {
  describe(`writes on ${engine.engine}`, () => {
    let world: World;
    let next = 0;
    beforeAll(async () => (world = await emptyWorld(engine)), minute);
    afterAll(() => world[Symbol.asyncDispose]());

    /** A row of its own for each test, without a customer. */
    const fresh = (changes: Row = {}): Row => ({ ...accountRow(next++), customer: null, ...changes });
    const find = async (id: unknown): Promise<Row | undefined> =>
      (await world.store.read(byKey, [{ realm: world.realm, params: [String(id)] }]))[0]?.[0];
    const write = async (...changes: TableChanges[]) => world.store.write((tx) => tx.apply(changes));
    const refusal = async (work: (tx: WriteTransaction) => unknown) => {
      try {
        await world.store.write(work);
      } catch (error) {
        const { name, kind, table, index, field } = error as Record<string, unknown>;
        return { name, kind, table, index, field };
      }
      throw new Error("nothing was refused");
    };

    test("inserts, then updates, then deletes; seen after the commit", async () => {
      const [one, two] = [fresh(), fresh()];
      await write({
        table: accounts,
        inserts: [one, two].map((row) => ({ realm: world.realm, row })),
        updates: [{ realm: world.realm, key: [textOf(one["id"])], changes: { note: "changed", balance: 7n, details: null } }],
        deletes: [{ realm: world.realm, key: [textOf(two["id"])] }],
      });
      expect(await find(one["id"])).toEqual({ ...one, note: "changed", balance: 7n, details: null });
      expect(await find(two["id"])).toBeUndefined();
    });

    test("updates of different fields, and of one row twice: later ones win", async () => {
      const rows = Array.from({ length: 8 }, () => fresh());
      await write(inserts(accounts, world.realm, rows));
      const fields: Row[] = [
        { note: "n" },
        { rank: 5 },
        { rate: "1.50" },
        { isActive: false },
        { details: { a: 1 } },
        { photo: new Uint8Array([9]) },
      ];
      const changes = rows.map((row, i) => [[textOf(row["id"])], fields[i % fields.length] ?? {}] as const);
      await write(
        updates(accounts, world.realm, [
          ...changes,
          [[textOf(rows[0]?.["id"])], { note: "last", rank: null }],
          [[textOf(rows[1]?.["id"])], {}],
        ]),
      );
      const expected = rows.map((row, i): Row => ({
        ...row,
        ...fields[i % fields.length],
        ...(i === 0 ? { note: "last", rank: null } : {}),
      }));
      for (const row of expected)
        expect(await find(row["id"])).toEqual("rate" in row && row["rate"] === "1.50" ? { ...row, rate: "1.5" } : row);
    });

    test("keys of two fields, and realms apart", async () => {
      const account = fresh();
      await write(
        inserts(accounts, world.realm, [account]),
        inserts(
          memberships,
          world.realm,
          ["x", "y"].map((subject) => ({ account: account["id"] ?? null, subject, role: null })),
        ),
      );
      const key = (subject: string) => [textOf(account["id"]), subject];
      await write(
        updates(memberships, world.realm, [[key("x"), { role: "owner" }]]),
        deletes(memberships, world.realm, [key("y")]),
      );
      const loaded = await world.store.write((tx) =>
        tx.load(memberships, [
          { realm: world.realm, key: key("y") },
          { realm: world.realm, key: key("x") },
          { realm: world.otherRealm, key: key("x") },
        ]),
      );
      expect(loaded).toEqual([undefined, { account: account["id"] ?? null, subject: "x", role: "owner" }, undefined]);
      await write(deletes(memberships, world.otherRealm, [key("x")]));
      expect((await world.store.write((tx) => tx.load(memberships, [{ realm: world.realm, key: key("x") }])))[0]).toBeDefined();
    });

    test("a transaction sees its own changes; nobody else does before the commit", async () => {
      const row = fresh();
      const id = textOf(row["id"]);
      const seen = await world.store.write(async (tx) => {
        await tx.apply([inserts(accounts, world.realm, [row])]);
        const inside = (await tx.read(byKey, [{ realm: world.realm, params: [id] }]))[0]?.length;
        const byName = await tx.find(
          accounts,
          ["name"],
          [
            { realm: world.realm, values: [row["name"] ?? null] },
            { realm: world.otherRealm, values: [row["name"] ?? null] },
          ],
        );
        const outside = await find(id);
        return { inside, byName: byName.map((found) => found?.["id"]), outside };
      });
      expect(seen).toEqual({ inside: 1, byName: [id, undefined], outside: undefined });
      expect(await find(id)).toEqual(row);
    });

    test("a work that throws leaves nothing, and its error comes through", async () => {
      const row = fresh();
      const failure = new Error("no");
      const failing = async (work: (tx: WriteTransaction) => unknown) => {
        try {
          await world.store.write(work);
        } catch (error) {
          return error;
        }
        return undefined;
      };
      expect(
        await failing(async (tx) => {
          await tx.apply([inserts(accounts, world.realm, [row])]);
          throw failure;
        }),
      ).toBe(failure);
      expect(
        await failing(() => {
          throw failure;
        }),
      ).toBe(failure);
      expect(await find(row["id"])).toBeUndefined();
    });

    test("savepoints: one item fails, its neighbours stay", async () => {
      const [one, two, three] = [fresh(), fresh(), fresh()] as [Row, Row, Row];
      const kinds: string[] = [];
      await world.store.write(async (tx) => {
        for (const row of [one, { ...two, id: one["id"] ?? null }, three]) {
          const savepoint = await tx.savepoint();
          try {
            await tx.apply([inserts(accounts, world.realm, [row])]);
            await savepoint.release();
          } catch (error) {
            kinds.push((error as { kind: string }).kind);
            await savepoint.rollback();
          }
        }
      });
      expect(kinds).toEqual(["unique"]);
      expect([await find(one["id"]), await find(three["id"])]).toEqual([one, three]);
    });

    test("refusals are the same on both engines", async () => {
      const [taken, other] = [fresh(), fresh()] as [Row, Row];
      const customer = { id: "cus_used", name: "x", country: null };
      await write(
        inserts(customers, world.realm, [customer]),
        inserts(accounts, world.realm, [taken, { ...other, customer: "cus_used" }]),
        inserts(entries, world.realm, [{ id: 1, amount: 5n }]),
      );
      const account = (changes: Row) => (tx: WriteTransaction) => tx.apply([inserts(accounts, world.realm, [fresh(changes)])]);
      const refused = { name: "StoreError", table: "accounts", index: undefined, field: undefined };
      expect(await refusal(account({ id: taken["id"] ?? null }))).toEqual({ ...refused, kind: "unique", index: "key" });
      expect(await refusal(account({ name: taken["name"] ?? null }))).toEqual({ ...refused, kind: "unique", index: "by_name" });
      expect(await refusal(account({ customer: "nobody" }))).toEqual({ ...refused, kind: "reference", field: "customer" });
      expect(await refusal(account({ name: null }))).toEqual({ ...refused, kind: "check" });
      const id = textOf(other["id"]);
      expect(await refusal((tx) => tx.apply([updates(accounts, world.realm, [[[id], { customer: "nobody" }]])]))).toEqual({
        ...refused,
        kind: "reference",
        field: "customer",
      });
      expect(
        await refusal((tx) => tx.apply([updates(accounts, world.realm, [[[id], { name: taken["name"] ?? null }]])])),
      ).toEqual({ ...refused, kind: "unique", index: "by_name" });
      expect(await refusal((tx) => tx.apply([updates(accounts, world.realm, [[["nobody"], { note: "x" }]])]))).toEqual({
        ...refused,
        kind: "conflict",
      });
      // A reference reaches rows of its own realm only.
      expect(await refusal((tx) => tx.apply([inserts(accounts, world.otherRealm, [fresh({ customer: "cus_used" })])]))).toEqual({
        ...refused,
        kind: "reference",
        field: "customer",
      });
      expect(await refusal((tx) => tx.apply([deletes(customers, world.realm, [["cus_used"]])]))).toEqual({
        ...refused,
        table: "customers",
        kind: "reference",
      });
      expect(await refusal((tx) => tx.apply([updates(entries, world.realm, [[[1], { amount: 6n }]])]))).toEqual({
        ...refused,
        table: "entries",
        kind: "check",
      });
      expect(await refusal((tx) => tx.apply([deletes(entries, world.realm, [[1]])]))).toEqual({
        ...refused,
        table: "entries",
        kind: "check",
      });
      for (const wrong of [
        { balance: 2n ** 63n },
        { rank: 1.5 },
        { rate: "1e5" },
        { openedOn: "2023-02-29" },
        { note: "a\0b" },
        { isActive: 1 },
      ]) {
        expect(await refusal(account(wrong))).toMatchObject({ name: "StoreError", kind: "check" });
      }
    });

    test("names that are no fields throw, whatever they contain", async () => {
      const hostile = 'note" = (SELECT 1); --';
      expect(
        await refusal((tx) => tx.apply([inserts(countries, world.realm, [{ id: "a", title: "b", area: null, [hostile]: 1 }])])),
      ).toMatchObject({ name: "Error" });
      expect(await refusal((tx) => tx.apply([updates(countries, world.realm, [[["a"], { [hostile]: 1 }]])]))).toMatchObject({
        name: "Error",
      });
      expect(await refusal((tx) => tx.find(accounts, [hostile], []))).toMatchObject({ name: "Error" });
      expect(await refusal((tx) => tx.find(accounts, ["note"], []))).toMatchObject({ name: "Error" });
    });

    test("writes run one after the other, in the order they were asked for", async () => {
      const order: string[] = [];
      const pause = (name: string, ms: number) => async () => {
        order.push(`${name} begins`);
        await Bun.sleep(ms);
        order.push(`${name} ends`);
      };
      await Promise.all([
        world.store.write(pause("one", 20)),
        world.store.write(pause("two", 1)),
        world.store.write(pause("three", 1)),
      ]);
      expect(order).toEqual(["one begins", "one ends", "two begins", "two ends", "three begins", "three ends"]);
    });

    test("a transaction that has ended writes nothing more", async () => {
      let kept: WriteTransaction | undefined;
      await world.store.write((tx) => {
        kept = tx;
      });
      expect(async () => kept?.apply([inserts(accounts, world.realm, [fresh()])])).toThrow("has ended");
      expect(async () => kept?.load(accounts, [])).toThrow("has ended");
    });

    test("thousands of rows in one apply", async () => {
      const rows = Array.from({ length: 4_500 }, (_, i) => ({ id: 1_000 + i, amount: BigInt(i) }));
      await write(inserts(entries, world.realm, rows));
      const shape = { ...rowsShape("entries"), table: entries, joins: [], links: [], select: ["id", "amount"], order: byId };
      expect((await world.store.read(shape, [{ realm: world.realm, params: [], limit: 10_000, offset: 1 }]))[0]).toEqual(rows);
    });
  });
}
