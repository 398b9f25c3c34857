import { describe, expect, test } from "bun:test";
import { aggregateShape, byKey, conditionCases, countShape, orderCases, rowsShape } from "../../../test/store/shapes.ts";
import { compileBatch } from "../postgres/batch.ts";
import { postgresDialect } from "../postgres/dialect.ts";
import { compileBatch as sqliteBatch } from "../sqlite/batch.ts";
import { sqliteDialect } from "../sqlite/dialect.ts";
import type { Shape } from "../store.ts";
import { compileStatement } from "./statement.ts";
import type { Variant } from "./statement.ts";

const plain: Variant = { offset: false, rowsMax: 32 };

/** The shapes' SQL on both engines, kept as snapshots: a change of a statement shows in the review. */
const written = (shape: Shape, variant: Variant = plain) => ({
  sqlite: compileStatement(sqliteDialect, shape, variant).sql,
  postgres: compileStatement(postgresDialect, shape, variant).sql,
  batch: compileBatch(shape, variant).sql,
});

describe("SQL", () => {
  for (const { name, where, params = {} } of conditionCases) {
    test(`condition: ${name}`, () => {
      const shape = { ...rowsShape(name, { where, params }), select: ["id"] };
      const { sqlite, postgres } = written(shape);
      expect({ sqlite, postgres }).toMatchSnapshot();
    });
  }

  for (const [name, order] of Object.entries(orderCases)) {
    const shape = { ...rowsShape(name, { order, after: true }), select: ["id"] };
    for (const after of ["0", "1"]) {
      const pattern = (after + "0".repeat(order.length)).slice(0, order.length);
      test(`keyset: ${name}, ${after === "0" ? "after a value" : "after a null"}`, () => {
        expect(written(shape, { ...plain, after: pattern })).toMatchSnapshot();
      });
    }
  }

  test("related lists of many parents on SQLite", () => {
    const order = orderCases["nulls, mixed"] ?? [];
    const where = { op: "eq" as const, left: { field: ["customer"] }, right: { param: "c" } };
    expect(
      sqliteBatch({ ...rowsShape("related", { where, order, params: { c: ["text", ""] } }), select: ["id"] }).sql,
    ).toMatchSnapshot();
  });

  test("by key", () => expect(written({ ...byKey, select: ["id", "name"] })).toMatchSnapshot());
  test("a page", () => expect(written({ ...rowsShape("page"), select: ["id"] }, { ...plain, offset: true })).toMatchSnapshot());
  test("count", () => expect(written(countShape)).toMatchSnapshot());
  test("aggregate", () => expect(written(aggregateShape)).toMatchSnapshot());

  test("no value is part of the text", () => {
    for (const { name, where, params = {} } of conditionCases) {
      const { sqlite, postgres, batch } = written(rowsShape(name, { where, params }));
      for (const sql of [sqlite, postgres, batch]) expect(sql).not.toMatch(/Zoë|DROP|user_|Germany|owner|2024|😀|123/);
    }
  });

  test("every statement names the realm of every table it reads", () => {
    for (const { name, where, params = {} } of conditionCases) {
      const { sqlite, postgres } = written(rowsShape(name, { where, params }));
      for (const sql of [sqlite, postgres]) {
        const tables = sql.match(/(?:FROM|JOIN) "\w+" AS/g)?.length ?? 0;
        expect(sql.match(/"realm" = /g)?.length).toBe(tables);
        // The realm stands first, and what follows is one parenthesis.
        expect(sql).toMatch(/WHERE t\."realm" = (?:\?1|\$\d+::bigint) AND \(/);
      }
    }
  });

  test("what cannot be compared throws when it is compiled", () => {
    const compile = (where: Parameters<typeof rowsShape>[1]) => () => written(rowsShape("wrong", where));
    const field = (name: string) => ({ field: [name] });
    expect(compile({ where: { op: "eq", left: field("details"), right: { value: "x" } } })).toThrow("cannot compare");
    expect(compile({ where: { op: "eq", left: field("name"), right: { value: 5 } } })).toThrow("cannot compare");
    expect(compile({ where: { op: "eq", left: field("name"), right: field("balance") } })).toThrow("cannot compare");
    expect(compile({ where: { op: "contains", left: field("balance"), right: { value: 1n } } })).toThrow("only text");
    expect(compile({ where: { op: "in", left: field("name"), right: { value: "x" } } })).toThrow("takes a list");
    const deep = Array.from({ length: 70 }).reduce<{ op: "not"; of: never } | { op: "null"; left: { field: string[] } }>(
      (of) => ({ op: "not", of: of as never }),
      { op: "null", left: field("name") },
    );
    expect(compile({ where: deep })).toThrow("nests deeper");
    expect(() =>
      written(rowsShape("no key", { order: [{ path: ["rank"], direction: "asc" }], after: true }), { ...plain, after: "0" }),
    ).toThrow("must contain the key");
  });
});
