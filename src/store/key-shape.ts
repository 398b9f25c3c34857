/** Shapes that give whole rows by the values of some fields: what `load` and `find` read. Made once per table and set of fields. */
import { and, eq } from "../define/expression.ts";
import type { RowsShape } from "./store.ts";
import { columnOf } from "./table.ts";
import type { Table } from "./table.ts";

const made = new WeakMap<Table, Map<string, RowsShape>>();

/** Two definitions of a table with the same name (before and after a migration) are two tables here. */
let madeCount = 0;

const make = (table: Table, fields: readonly string[]): RowsShape => ({
  kind: "rows",
  key: `\0by\0${(madeCount += 1)}`,
  table,
  joins: [],
  links: [],
  params: fields.map((name) => ({ name, type: columnOf(table, name).type })),
  where: and(...fields.map((name) => eq({ field: [name] }, { param: name }))),
  select: table.columns.map((c) => c.field),
  order: [],
});

/** The shape that gives whole rows of `table` by these fields, in this order of parameters. */
export const keyShape = (table: Table, fields: readonly string[]): RowsShape => {
  let shapes = made.get(table);
  if (shapes === undefined) made.set(table, (shapes = new Map()));
  const key = fields.join("\0");
  const known = shapes.get(key);
  if (known !== undefined) return known;
  const shape = make(table, fields);
  shapes.set(key, shape);
  return shape;
};

/** Throws unless these fields are the table's key or one of its unique indexes: otherwise more than one row could be meant. */
export const assertUnique = (table: Table, fields: readonly string[]): void => {
  const uniques = [table.key, ...table.indexes.filter((index) => index.unique).map((index) => index.fields)];
  const known = uniques.some((u) => u.length === fields.length && u.every((field) => fields.includes(field)));
  if (!known) throw new Error(`table ${table.name} has no unique index over ${fields.join(", ")}`);
};
