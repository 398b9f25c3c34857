import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Condition, Term, Value } from "../define/expression.ts";
import { canonicalDecimal } from "./decimal.ts";
import { compareRows, orderValues, select } from "../../test/store/model.ts";
import type { ModelScope, ModelTable } from "../../test/store/model.ts";
import { accountRows, bigints, dates, decimals, integers, texts, textOf } from "../../test/store/rows.ts";
import { asc, byId, rowsShape } from "../../test/store/shapes.ts";
import { countries } from "../../test/store/tables.ts";
import { accountsModel, emptyWorld, engines, filledWorld, membershipsModel } from "../../test/store/world.ts";
import type { World } from "../../test/store/world.ts";
import type { Order, Row, TableChanges } from "./store.ts";

const minute = 60_000;

const scope: ModelScope = { table: accountsModel, params: {}, links: { members: membershipsModel } };

const text = fc.oneof(
  fc.constantFrom(...texts),
  fc.string({ unit: "binary", maxLength: 4 }).filter((t) => !t.includes("\0")),
);
const decimal = fc.oneof(
  fc.constantFrom(...decimals),
  fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(12)).map(([units, scale]) => {
    const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
    const written = `${units < 0n ? "-" : ""}${digits.slice(0, digits.length - scale)}${scale === 0 ? "" : `.${digits.slice(digits.length - scale)}`}`;
    return canonicalDecimal(written) ?? "0";
  }),
);

/** Fields with the values they may be compared with. */
const fields: readonly (readonly [path: readonly string[], values: fc.Arbitrary<Value>])[] = [
  [["id"], fc.constantFrom(...accountRows.map((row) => row["id"] ?? null))],
  [["name"], text],
  [["note"], text],
  [["customer", "name"], text],
  [["customer", "country", "title"], text],
  [["rank"], fc.constantFrom(...integers)],
  [["customer", "country", "area"], fc.constantFrom(131_957, 0, 357_592)],
  [["balance"], fc.oneof(fc.constantFrom(...bigints), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  [["rate"], decimal],
  [["isActive"], fc.boolean()],
  [["isChecked"], fc.boolean()],
  [["openedOn"], fc.constantFrom(...dates)],
];

const textFields = fields.filter(([path]) => ["name", "note", "title"].includes(path.at(-1) ?? ""));

const term = (path: readonly string[]): Term => ({ field: path });

const comparison = fc.constantFrom(...fields).chain(([path, values]) =>
  fc.oneof(
    fc.record({
      op: fc.constantFrom("eq" as const, "ne" as const, "lt" as const, "lte" as const, "gt" as const, "gte" as const),
      left: fc.constant(term(path)),
      right: values.map((value): Term => ({ value })),
    }),
    fc.record({
      op: fc.constantFrom("in" as const, "notIn" as const),
      left: fc.constant(term(path)),
      right: fc.array(values, { maxLength: 4 }).map((value): Term => ({ value })),
    }),
    fc.record({ op: fc.constantFrom("null" as const, "notNull" as const), left: fc.constant(term(path)) }),
  ),
);

const textPart = fc.constantFrom(...textFields).chain(([path]) =>
  fc.record({
    op: fc.constantFrom("startsWith" as const, "contains" as const),
    left: fc.constant(term(path)),
    right: fc.constantFrom(...texts).map((value): Term => ({ value })),
  }),
);

const membership = fc.constantFrom(
  { op: "exists", through: "members", where: [["account", term(["id"])]] },
  {
    op: "exists",
    through: "members",
    where: [
      ["account", term(["id"])],
      ["subject", { value: "user_1" }],
    ],
  },
) as fc.Arbitrary<Condition>;

const condition = fc.letrec<{ any: Condition }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: comparison },
    { weight: 2, arbitrary: textPart },
    { weight: 1, arbitrary: membership },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("any"), { maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("not" as const), of: tie("any") }) },
  ),
})).any;

const order = fc
  .uniqueArray(
    fc.record({
      path: fc.constantFrom(...fields.map(([path]) => path), ["changedAt"]),
      direction: fc.constantFrom("asc" as const, "desc" as const),
    }),
    {
      maxLength: 3,
      selector: ({ path }) => path.join("."),
    },
  )
  .map((entries): readonly Order[] => [...entries.filter((o) => o.path.join() !== "id"), asc("id")]);

for (const engine of engines) {
  describe(`any shape on ${engine.engine}`, () => {
    let world: World;
    let key = 0;
    beforeAll(async () => (world = await filledWorld(engine)), minute);
    afterAll(() => world[Symbol.asyncDispose]());

    test(
      "any condition, order and page is what the model says, alone and merged",
      async () => {
        await fc.assert(
          fc.asyncProperty(condition, order, fc.nat(20), fc.nat(10), async (where, by, limit, offset) => {
            const shape = rowsShape(`any ${key++}`, { where, order: by });
            const call = { realm: world.realm, params: [], limit, offset };
            const expected = select(scope, where, by).slice(offset, offset + limit);
            expect((await world.store.read(shape, [call]))[0]).toEqual(expected);
            const merged = await world.store.read(shape, [call, { ...call, offset: 0 }, call]);
            expect(merged[0]).toEqual(expected);
            expect(merged[2]).toEqual(expected);
            const alike = await world.store.read(
              shape,
              Array.from({ length: 6 }, () => call),
            );
            for (const rows of alike) expect(rows).toEqual(expected);
          }),
          { numRuns: 150 },
        );
      },
      minute,
    );

    test(
      "any keyset page is the rest of the order",
      async () => {
        await fc.assert(
          fc.asyncProperty(condition, order, fc.nat(59), fc.integer({ min: 1, max: 20 }), async (where, by, at, limit) => {
            const after = accountRows[at] ?? {};
            const shape = rowsShape(`after ${key++}`, { where, order: by, after: true });
            const call = { realm: world.realm, params: [], limit, after: orderValues(accountsModel, by, after) };
            const expected = select(scope, where, by)
              .filter((row) => compareRows(accountsModel, by, row, after) > 0)
              .slice(0, limit);
            expect((await world.store.read(shape, [call]))[0]).toEqual(expected);
            expect((await world.store.read(shape, [call, call]))[1]).toEqual(expected);
          }),
          { numRuns: 150 },
        );
      },
      minute,
    );
  });

  describe(`any change on ${engine.engine}`, () => {
    let world: World;
    beforeAll(async () => (world = await emptyWorld(engine)), minute);
    afterAll(() => world[Symbol.asyncDispose]());

    const id = fc.constantFrom("a", "b", "c", "d", "ä", "😀");
    const area = fc.option(fc.constantFrom(...integers));
    const change = fc.oneof(
      fc.record({ kind: fc.constant("insert" as const), id, title: text, area }),
      fc.record({ kind: fc.constant("update" as const), id, changes: fc.record({ title: text, area }, { requiredKeys: [] }) }),
      fc.record({ kind: fc.constant("delete" as const), id }),
    );

    test(
      "batches of changes leave what the model leaves, and a refused batch leaves nothing",
      async () => {
        const model = new Map<string, Row>();
        await fc.assert(
          fc.asyncProperty(fc.array(change, { maxLength: 6 }), async (changes) => {
            const next = new Map(model);
            const batch: TableChanges = {
              table: countries,
              inserts: changes.flatMap((c) =>
                c.kind === "insert" ? [{ realm: world.realm, row: { id: c.id, title: c.title, area: c.area } }] : [],
              ),
              updates: changes.flatMap((c) =>
                c.kind === "update" ? [{ realm: world.realm, key: [c.id], changes: c.changes }] : [],
              ),
              deletes: changes.flatMap((c) => (c.kind === "delete" ? [{ realm: world.realm, key: [c.id] }] : [])),
            };
            let fails: "unique" | "conflict" | undefined;
            for (const { row } of batch.inserts) {
              if (next.has(textOf(row["id"]))) fails ??= "unique";
              next.set(textOf(row["id"]), row);
            }
            for (const { key, changes: fieldsChanged } of batch.updates) {
              const before = next.get(String(key[0]));
              if (before === undefined && Object.keys(fieldsChanged).length > 0) fails ??= "conflict";
              if (before !== undefined) next.set(String(key[0]), { ...before, ...fieldsChanged });
            }
            for (const { key } of batch.deletes) next.delete(String(key[0]));
            let failed: unknown;
            try {
              await world.store.write((tx) => tx.apply([batch]));
            } catch (error) {
              failed = (error as { kind?: unknown }).kind;
            }
            expect(failed).toBe(fails as unknown);
            if (fails === undefined) {
              model.clear();
              for (const [k, row] of next) model.set(k, row);
            }
            const shape = {
              ...rowsShape("countries"),
              table: countries,
              joins: [],
              links: [],
              select: ["id", "title", "area"],
              order: byId,
            };
            const table: ModelTable = { table: countries, rows: [...model.values()], references: {} };
            expect((await world.store.read(shape, [{ realm: world.realm, params: [], limit: 100 }]))[0]).toEqual(
              select({ table, params: {}, links: {} }, undefined, byId),
            );
          }),
          { numRuns: 120 },
        );
      },
      minute,
    );
  });
}
