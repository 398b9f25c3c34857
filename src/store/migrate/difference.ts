/** One table as wanted against one table as it is: the steps between them. */
import { quote } from "../compile/dialect.ts";
import type { Column, ColumnType, Table } from "../table.ts";
import { columnOf } from "../table.ts";
import { physicalIndexes } from "./schema.ts";
import type { ActualColumn, ActualGuard, ActualTable, Right, SchemaDialect } from "./schema.ts";
import type { Step } from "./step.ts";

/** What is known about a table's rows: asked only where a step depends on it. */
export interface Rows {
  /** Whether the table has rows; with a column, whether any row is null there. */
  exist(table: string, nullIn?: string): Promise<boolean>;
}

export interface Difference {
  readonly steps: Step[];
  readonly problems: string[];
}

const widenings: Readonly<Partial<Record<ColumnType, readonly ColumnType[]>>> = {
  integer: ["bigint", "decimal", "text"],
  bigint: ["decimal", "text"],
  decimal: ["text"],
  boolean: ["text"],
  date: ["timestamp", "text"],
  timestamp: ["text"],
};

const step = (
  summary: string,
  statements: readonly string[],
  options: Partial<Pick<Step, "destructive" | "required">> = {},
): Step => ({
  sql: statements,
  summary,
  destructive: options.destructive ?? false,
  required: options.required ?? true,
});

/** What calls may do with a table's rows. */
const rightsOf = ({ appendOnly }: Table): readonly Right[] =>
  appendOnly ? ["SELECT", "INSERT"] : ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** The step that guards a table as it should be, with what it needs before; none where it is guarded. */
export const guardStep = (
  dialect: SchemaDialect,
  table: string,
  rights: readonly Right[],
  actual: ActualGuard | undefined,
  before: readonly string[] = [],
): readonly Step[] => {
  const statements = dialect.guard(table, rights, actual);
  return statements.length === 0 ? [] : [step(`guard the rows of ${table}`, [...before, ...statements])];
};

/** A table that is not there yet. Its references come later: the tables they point to may not be there either. */
export const creation = (dialect: SchemaDialect, table: Table): Step =>
  step(`create table ${table.name}`, [
    ...dialect.createTable(table),
    ...physicalIndexes(dialect, table).map((index) => dialect.createIndex(table.name, index)),
    ...(table.appendOnly ? dialect.appendOnly(table.name) : []),
    ...dialect.guard(table.name, rightsOf(table), undefined),
  ]);

export const referenceSteps = (dialect: SchemaDialect, table: Table, fields: readonly string[]): readonly Step[] =>
  fields.flatMap((field) => {
    const sql = dialect.addReference(table, field);
    return sql.length === 0 ? [] : [step(`add reference ${table.name}.${columnOf(table, field).name}`, sql)];
  });

export const removal = (table: string): Step =>
  step(`drop table ${table} with all its rows`, [`DROP TABLE ${quote(table)}`], { destructive: true, required: false });

/** The changes of one table's columns, gathered before it is known whether the table has to be rebuilt. */
class ColumnChanges {
  readonly steps: Step[] = [];
  readonly problems: string[] = [];
  readonly from = new Map<string, ColumnType>();
  readonly leftover: ActualColumn[] = [];
  readonly reasons: string[] = [];

  /** Adds a step, or a reason to rebuild the table where the engine has no statement for it. */
  take(summary: string, statements: readonly string[] | undefined): void {
    if (statements === undefined) this.reasons.push(summary);
    else if (statements.length > 0) this.steps.push(step(summary, statements));
  }
}

const addColumn = async (
  dialect: SchemaDialect,
  table: Table,
  column: Column,
  rows: Rows,
  changes: ColumnChanges,
): Promise<void> => {
  const name = `${table.name}.${column.name}`;
  if (!column.nullable && column.default === undefined && (await rows.exist(table.name))) {
    changes.problems.push(`${name} is new and required, but the table has rows: give it a default`);
    return;
  }
  changes.take(`add column ${name}`, dialect.addColumn(table, column));
};

const alterColumn = async (
  dialect: SchemaDialect,
  table: Table,
  { column, actual, known }: { readonly column: Column; readonly actual: ActualColumn; readonly known: ColumnType | undefined },
  rows: Rows,
  changes: ColumnChanges,
): Promise<void> => {
  const name = `${table.name}.${column.name}`;
  const differs = known === undefined ? actual.sqlType !== dialect.sqlType(column) : known !== column.type;
  if (differs && (known === undefined || !(widenings[known] ?? []).includes(column.type))) {
    changes.problems.push(
      `${name} is ${known ?? actual.sqlType} and cannot become ${column.type}: give the new field another name`,
    );
    return;
  }
  if (!differs && actual.nullable === column.nullable) return;
  if (actual.nullable && !column.nullable && column.default === undefined && (await rows.exist(table.name, column.name))) {
    changes.problems.push(`${name} is to be required, but some rows have no value: give it a default`);
    return;
  }
  const what = [
    ...(differs ? [`to ${column.type}`] : []),
    ...(actual.nullable === column.nullable ? [] : [column.nullable ? "to nullable" : "to required"]),
  ];
  if (differs && known !== undefined) changes.from.set(column.name, known);
  const alteration = { type: differs ? known : undefined, nullable: actual.nullable };
  changes.take(`change column ${name} ${what.join(" and ")}`, dialect.alterColumn(table.name, column, alteration));
};

const columnChanges = async (dialect: SchemaDialect, table: Table, actual: ActualTable, known: Table | undefined, rows: Rows) => {
  const changes = new ColumnChanges();
  for (const column of table.columns) {
    const existing = actual.columns.find((c) => c.name === column.name);
    const type = known?.columns.find((c) => c.name === column.name)?.type;
    if (existing === undefined) await addColumn(dialect, table, column, rows, changes);
    else await alterColumn(dialect, table, { column, actual: existing, known: type }, rows, changes);
  }
  for (const old of actual.columns) {
    if (table.columns.some((c) => c.name === old.name)) continue;
    changes.leftover.push(old);
    // Left over, it must not stand in the way of new rows, whether it will be dropped or not.
    if (!old.nullable) changes.take(`no longer require ${table.name}.${old.name}`, dialect.relaxColumn(table.name, old.name));
  }
  return changes;
};

const sameColumns = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

const indexSteps = (dialect: SchemaDialect, table: Table, actual: ActualTable, known: Table | undefined): readonly Step[] => {
  const wanted = physicalIndexes(dialect, table);
  const made = new Set(known === undefined ? [] : physicalIndexes(dialect, known).map((index) => index.name));
  const steps: Step[] = [];
  for (const index of actual.indexes) {
    const same = wanted.find((w) => w.name === index.name);
    if (same !== undefined && same.unique === index.unique && sameColumns(same.columns, index.columns)) continue;
    // An index that somebody else made for speed is his; one that refuses rows is not harmless.
    if (same === undefined && !made.has(index.name) && !index.unique) continue;
    steps.push(
      step(`drop index ${index.name}`, [dialect.dropIndex(index.name)], { required: same !== undefined || index.unique }),
    );
  }
  for (const index of wanted) {
    const existing = actual.indexes.find((i) => i.name === index.name);
    if (existing !== undefined && existing.unique === index.unique && sameColumns(index.columns, existing.columns)) continue;
    steps.push(step(`create ${index.unique ? "unique " : ""}index ${index.name}`, [dialect.createIndex(table.name, index)]));
  }
  return steps;
};

const referenceKey = (column: string, table: string): string => `${column}\0${table}`;

/** The steps from a table as it is to the table as wanted. */
export const difference = async (
  dialect: SchemaDialect,
  { table, actual, known }: { readonly table: Table; readonly actual: ActualTable; readonly known: Table | undefined },
  rows: Rows,
): Promise<Difference> => {
  const keyNames = table.key.map((field) => columnOf(table, field).name);
  if (!sameColumns(keyNames, actual.key)) {
    return {
      steps: [],
      problems: [`the key of ${table.name} is (${actual.key.join(", ")}) and cannot become (${keyNames.join(", ")})`],
    };
  }
  const changes = await columnChanges(dialect, table, actual, known, rows);
  const wanted = new Set(table.references.map((r) => referenceKey(columnOf(table, r.field).name, r.table)));
  const existing = new Set(actual.references.map((r) => referenceKey(r.column, r.table)));
  const lost = actual.references.filter((r) => !wanted.has(referenceKey(r.column, r.table)));
  const gained = table.references.filter((r) => !existing.has(referenceKey(columnOf(table, r.field).name, r.table)));
  if (dialect.engine === "sqlite" && lost.length + gained.length > 0)
    changes.reasons.push(`change the references of ${table.name}`);

  const dropped = changes.leftover
    .filter((old) => known?.columns.some((c) => c.name === old.name) === true)
    .map((old) =>
      step(`drop column ${table.name}.${old.name} with all its values`, dialect.dropColumn(table.name, old.name), {
        destructive: true,
        required: false,
      }),
    );
  if (changes.reasons.length > 0) {
    const rebuilt = dialect.rebuild(table, { actual, from: changes.from, leftover: changes.leftover });
    return {
      steps: [step(`rebuild table ${table.name}: ${changes.reasons.join(", ")}`, rebuilt), ...dropped],
      problems: changes.problems,
    };
  }
  const steps = [
    ...lost.map((r) => step(`drop reference ${table.name}.${r.column}`, dialect.dropReference(table.name, r.column))),
    ...changes.steps,
    ...indexSteps(dialect, table, actual, known),
    ...referenceSteps(
      dialect,
      table,
      gained.map((r) => r.field),
    ),
  ];
  if (table.appendOnly !== actual.appendOnly) {
    const sql = table.appendOnly ? dialect.appendOnly(table.name) : dialect.notAppendOnly(table.name);
    steps.push(step(`make ${table.name} ${table.appendOnly ? "append-only" : "changeable"}`, sql));
  }
  steps.push(...guardStep(dialect, table.name, rightsOf(table), actual.guard));
  return { steps: [...steps, ...dropped], problems: changes.problems };
};
