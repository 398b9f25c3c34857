/**
 * What the names in a shape mean: fields of the shape's table (alias `t`), fields over to-one references (left joins `j1`, `j2` …, only
 * those that are used), rows of link tables. Names that are not in the tables throw: they are a programmer's mistake, because the channels
 * resolve a caller's names before.
 */
import type { Shape } from "../store.ts";
import { columnOf } from "../table.ts";
import type { Column, Table } from "../table.ts";
import type { Bindings } from "./binding.ts";
import { quote } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** A column as SQL. `nullable` is also true for every column behind a reference: the left join may find no row. */
export interface ColumnSql {
  readonly sql: string;
  readonly column: Column;
  readonly nullable: boolean;
}

interface Joined {
  readonly alias: string;
  readonly table: Table;
  readonly sql: string;
}

export class Scope {
  readonly dialect: Dialect;
  readonly shape: Shape;
  readonly bindings: Bindings;
  readonly #joined = new Map<string, Joined>();
  #links = 0;

  constructor(dialect: Dialect, shape: Shape, bindings: Bindings) {
    this.dialect = dialect;
    this.shape = shape;
    this.bindings = bindings;
  }

  /** A path of fields as SQL; adds the joins it needs. */
  column(path: readonly string[]): ColumnSql {
    const field = path.at(-1);
    if (field === undefined) throw new Error(`shape ${this.shape.key}: an empty path`);
    if (path.length === 1) {
      const column = columnOf(this.shape.table, field);
      return { sql: `t.${quote(column.name)}`, column, nullable: column.nullable };
    }
    const { alias, table } = this.#join(path.slice(0, -1));
    const column = columnOf(table, field);
    return { sql: `${alias}.${quote(column.name)}`, column, nullable: true };
  }

  /** A fresh alias for a row of the link table `name`. */
  link(name: string): { readonly alias: string; readonly table: Table } {
    const link = this.shape.links.find((l) => l.name === name);
    if (link === undefined) throw new Error(`shape ${this.shape.key}: no link ${name}`);
    this.#links += 1;
    return { alias: `l${this.#links}`, table: link.table };
  }

  /** The index of a parameter by name, with its declaration; `undefined` when the shape declares none of this name. */
  param(name: string): { readonly index: number; readonly type: Column["type"]; readonly list: boolean } | undefined {
    const index = this.shape.params.findIndex((p) => p.name === name);
    const param = this.shape.params[index];
    return param === undefined ? undefined : { index, type: param.type, list: param.list ?? false };
  }

  /** `FROM … LEFT JOIN …`: to be asked for after all columns have been resolved. */
  from(): string {
    return [`FROM ${quote(this.shape.table.name)} AS t`, ...Array.from(this.#joined.values(), (j) => j.sql)].join(" ");
  }

  #join(path: readonly string[]): Joined {
    const key = path.join("\0");
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const declared = this.shape.joins.find((j) => j.path.length === path.length && j.path.every((step, i) => step === path[i]));
    if (declared === undefined) throw new Error(`shape ${this.shape.key}: no join for ${path.join(".")}`);
    const { table } = declared;
    const [id] = table.key;
    if (id === undefined || table.key.length !== 1)
      throw new Error(`shape ${this.shape.key}: ${table.name} cannot be joined by one field`);
    // The reference itself may lie behind further joins; resolving it first adds them before this one.
    const reference = this.column(path);
    const alias = `j${this.#joined.size + 1}`;
    const on = `${alias}."realm" = t."realm" AND ${alias}.${quote(columnOf(table, id).name)} = ${reference.sql}`;
    const joined: Joined = { alias, table, sql: `LEFT JOIN ${quote(table.name)} AS ${alias} ON ${on}` };
    this.#joined.set(key, joined);
    return joined;
  }
}
