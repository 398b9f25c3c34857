/** Runs compiled shapes: the plain form for one call, the batch form for several. Statements are compiled once per shape and variant. */
import { type Binding, isSameBinding } from "../compile/binding.ts";
import { keyListOf } from "../compile/condition.ts";
import { compileStatement, variantOf } from "../compile/statement.ts";
import type { Variant } from "../compile/statement.ts";
import { statementsMax } from "../limits.ts";
import { Lru } from "../lru.ts";
import type { ReadCall, Row, Shape } from "../store.ts";
import { columnOf } from "../table.ts";
import { compileBatch, isPerCall } from "./batch.ts";
import { arrayLiteral, readerOf, rowMakerOf } from "./codec.ts";
import type { Bound, Cell } from "./codec.ts";
import { postgresDialect } from "./dialect.ts";
import { postgresError } from "./error.ts";
import type { RealmRunner } from "./reading-session.ts";
import { followsBy } from "./row-order.ts";

type Read = (call: ReadCall) => Bound;

interface Plain {
  readonly sql: string;
  readonly bindings: readonly Binding[];
  readonly readers: readonly Read[];
  readonly makeRow: (values: readonly unknown[]) => Row;
  readonly single: boolean;
}

/** A call with what it binds in the plain form, checked. */
export interface Asked {
  readonly call: ReadCall;
  readonly bound: readonly Bound[];
}

interface Batch {
  readonly sql: string;
  readonly readers: readonly { readonly read: (asked: Asked) => Bound; readonly perCall: boolean }[];
  readonly makeRow: (values: readonly unknown[]) => Row;
  /** Whether a row may come next to one before it of the same call; absent: the statement sees to it. */
  readonly follows: ((row: readonly unknown[], before: readonly unknown[]) => boolean) | undefined;
}

/** A statement that reads rows by their keys: where the list of them stands in what is bound, and the limit, which never cuts it. */
export interface ByKeys {
  readonly field: string;
  readonly param: number;
  readonly listAt: number;
  readonly limitAt: number;
  /** Rows that one call of the statement may have. */
  readonly rowsMax: number;
}

/** A shape's variant with its statements, made when first needed. Calls of the same `Prepared` may share a statement. */
export class Prepared {
  readonly key: string;
  readonly shape: Shape;
  readonly #variant: Variant;
  #plain: Plain | undefined;
  #batch: Batch | undefined;
  #byKeys: ByKeys | false | undefined;

  constructor(key: string, shape: Shape, variant: Variant) {
    this.key = key;
    this.shape = shape;
    this.#variant = variant;
  }

  get plain(): Plain {
    if (this.#plain !== undefined) return this.#plain;
    const { sql, bindings, columns, single } = compileStatement(postgresDialect, this.shape, this.#variant);
    const readers = bindings.map((binding) => readerOf(binding, { batch: false }));
    return (this.#plain = { sql, bindings, readers, makeRow: rowMakerOf(columns, 0), single });
  }

  get batch(): Batch {
    if (this.#batch !== undefined) return this.#batch;
    const { sql, bindings, columns, order } = compileBatch(this.shape, this.#variant);
    const readers = bindings.map((binding) => ({ read: this.#readerOf(binding), perCall: isPerCall(binding) }));
    const follows = order === undefined ? undefined : followsBy(order, 1);
    return (this.#batch = { sql, readers, makeRow: rowMakerOf(columns, 1), follows });
  }

  /** Where its rows are read by their keys, which are texts and among the columns. */
  get byKeys(): ByKeys | undefined {
    if (this.#byKeys === undefined) this.#byKeys = this.#findByKeys() ?? false;
    return this.#byKeys === false ? undefined : this.#byKeys;
  }

  #findByKeys(): ByKeys | undefined {
    const { shape } = this;
    const { offset, orderColumns, rowsMax } = this.#variant;
    const name = keyListOf(shape);
    if (shape.kind !== "rows" || name === undefined || offset || orderColumns !== undefined) return undefined;
    const [field = ""] = shape.table.key;
    if (!shape.select.includes(field) || columnOf(shape.table, field).type !== "text") return undefined;
    const { bindings } = this.plain;
    const param = shape.params.findIndex((declared) => declared.name === name);
    const listAt = bindings.findIndex(({ source }) => source.from === "param" && source.index === param);
    const limitAt = bindings.findIndex(({ source }) => source.from === "limit");
    return listAt === -1 || limitAt === -1 ? undefined : { field, param, listAt, limitAt, rowsMax };
  }

  /** A call with what it binds. Throws `StoreError("check")` for a wrong value. */
  ask(call: ReadCall): Asked {
    return { call, bound: this.plain.readers.map((read) => read(call)) };
  }

  /** What the batch form binds for a call: mostly what the plain form does, which was read and checked already. */
  #readerOf(binding: Binding): (asked: Asked) => Bound {
    const at = this.plain.bindings.findIndex((other) => isSameBinding(other, binding));
    if (at === -1) {
      const read = readerOf(binding, { batch: true });
      return ({ call }) => read(call);
    }
    if (!binding.list || !isPerCall(binding)) return ({ bound }) => bound[at] as Bound;
    return ({ bound }) => arrayLiteral(bound[at] as readonly Cell[]);
  }
}

/** Whether two calls of a shape are of the same variant: for those that begin at the list's start. */
const isAlike = (a: ReadCall, b: ReadCall): boolean =>
  a.limit === b.limit &&
  a.offset === b.offset &&
  a.after === undefined &&
  b.after === undefined &&
  a.params.length === b.params.length;

/** Compiled shapes of one store. */
export class Preparer {
  readonly #known = new Lru<Prepared>(statementsMax);
  /** What was asked for last: lists of many parents ask for the same once for each. */
  #last: { readonly shape: Shape; readonly call: ReadCall; readonly prepared: Prepared } | undefined;

  of(shape: Shape, call: ReadCall, options: { readonly orderColumns?: true } = {}): Prepared {
    const last = this.#last;
    if (last !== undefined && last.shape === shape && isAlike(last.call, call) && options.orderColumns === undefined)
      return last.prepared;
    const prepared = this.#of(shape, call, options);
    if (options.orderColumns === undefined) this.#last = { shape, call, prepared };
    return prepared;
  }

  #of(shape: Shape, call: ReadCall, options: { readonly orderColumns?: true }): Prepared {
    const variant = variantOf(shape, call);
    const key = `${shape.key}\0${variant.rowsMax}${variant.offset ? "+" : ""}\0${variant.after ?? ""}${options.orderColumns === undefined ? "" : "\0order"}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      if (known.shape !== shape && known.shape.table !== shape.table) throw new Error(`two shapes share the key ${shape.key}`);
      this.#known.touch(key, known);
      return known;
    }
    const made = new Prepared(key, shape, { ...variant, ...options });
    this.#known.set(key, made);
    return made;
  }
}

/** Whether a call can have no row whatever the database holds. */
const isEmpty = (single: boolean, call: ReadCall): boolean => call.limit === 0 || (single && (call.offset ?? 0) > 0);

/** One call, by the plain form. Throws `StoreError`. */
export const readPlain = async (
  runner: RealmRunner,
  prepared: Prepared,
  call: ReadCall,
  { bound } = prepared.ask(call),
): Promise<Row[]> => {
  const { plain, shape } = prepared;
  if (isEmpty(plain.single, call)) return [];
  try {
    const rows = await runner.values([call.realm], plain.sql, [...bound]);
    return rows.map(plain.makeRow);
  } catch (error) {
    throw postgresError(error, shape.table);
  }
};

/** Several calls of one variant in one statement, one list of rows per call, in their order. Throws `StoreError`. */
export const readBatch = async (
  runner: RealmRunner,
  { batch, plain, shape }: Prepared,
  asked: readonly Asked[],
): Promise<Row[][]> => {
  const [first] = asked;
  if (first === undefined) return [];
  const values = batch.readers.map(({ read, perCall }) => (perCall ? asked.map(read) : read(first)));
  const results: Row[][] = asked.map(() => []);
  const realms = asked.map(({ call }) => call.realm);
  const { makeRow, follows } = batch;
  try {
    const rows = await runner.values(realms, batch.sql, values);
    let before: readonly unknown[] | undefined;
    for (let position = 0; position < rows.length; position++) {
      const row = rows[position] as unknown[];
      const index = Number(row[0]) - 1;
      const result = results[index];
      if (result === undefined) throw new Error(`an answer for call ${index} of ${asked.length}`);
      if (follows !== undefined) {
        // Never seen: the calls are then run one by one, by the plain form.
        if (before !== undefined && row[0] === before[0] && !follows(row, before)) throw new Error("rows that are out of order");
        before = row;
      }
      result.push(makeRow(row));
    }
  } catch (error) {
    throw postgresError(error, shape.table);
  }
  return results.map((rows, i) => (isEmpty(plain.single, (asked[i] ?? first).call) ? [] : rows));
};
