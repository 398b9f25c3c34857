/** Runs compiled shapes: the plain form for one call, the batch form for several. Statements are compiled once per shape and variant. */
import { compileStatement, variantOf } from "../compile/statement.ts";
import type { Variant } from "../compile/statement.ts";
import { statementsMax } from "../limits.ts";
import { Lru } from "../lru.ts";
import type { ReadCall, Row, Shape } from "../store.ts";
import { compileBatch, isPerCall } from "./batch.ts";
import { followsBy } from "./row-order.ts";
import { readerOf, rowMakerOf } from "./codec.ts";
import type { Bound } from "./codec.ts";
import { postgresDialect } from "./dialect.ts";
import { postgresError } from "./error.ts";
import type { RealmRunner } from "./reading-session.ts";

type Read = (call: ReadCall) => Bound;

interface Plain {
  readonly sql: string;
  readonly readers: readonly Read[];
  readonly makeRow: (values: readonly unknown[]) => Row;
  readonly single: boolean;
}

interface Batch {
  readonly sql: string;
  readonly readers: readonly { readonly read: Read; readonly perCall: boolean }[];
  readonly makeRow: (values: readonly unknown[]) => Row;
  /** Whether a row may come next to one before it of the same call; absent: the statement sees to it. */
  readonly follows: ((row: readonly unknown[], before: readonly unknown[]) => boolean) | undefined;
}

/** A shape's variant with its statements, made when first needed. Calls of the same `Prepared` may share a statement. */
export class Prepared {
  readonly key: string;
  readonly shape: Shape;
  readonly #variant: Variant;
  #plain: Plain | undefined;
  #batch: Batch | undefined;

  constructor(key: string, shape: Shape, variant: Variant) {
    this.key = key;
    this.shape = shape;
    this.#variant = variant;
  }

  get plain(): Plain {
    if (this.#plain !== undefined) return this.#plain;
    const { sql, bindings, columns, single } = compileStatement(postgresDialect, this.shape, this.#variant);
    const readers = bindings.map((binding) => readerOf(binding, { batch: false }));
    return (this.#plain = { sql, readers, makeRow: rowMakerOf(columns, 0), single });
  }

  get batch(): Batch {
    if (this.#batch !== undefined) return this.#batch;
    const { sql, bindings, columns, order } = compileBatch(this.shape, this.#variant);
    const readers = bindings.map((binding) => ({ read: readerOf(binding, { batch: true }), perCall: isPerCall(binding) }));
    const follows = order === undefined ? undefined : followsBy(order, 1);
    return (this.#batch = { sql, readers, makeRow: rowMakerOf(columns, 1), follows });
  }

  /** What the calls bind, checked: throws `StoreError("check")` for the call that has a wrong value. */
  check(call: ReadCall): void {
    for (const read of this.plain.readers) read(call);
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
export const readPlain = async (runner: RealmRunner, { plain, shape }: Prepared, call: ReadCall): Promise<Row[]> => {
  if (isEmpty(plain.single, call)) return [];
  const values = plain.readers.map((read) => read(call));
  try {
    const rows = await runner.values([call.realm], plain.sql, values);
    return rows.map(plain.makeRow);
  } catch (error) {
    throw postgresError(error, shape.table);
  }
};

/** Several calls of one variant in one statement, one list of rows per call, in their order. Throws `StoreError`. */
export const readBatch = async (
  runner: RealmRunner,
  { batch, plain, shape }: Prepared,
  calls: readonly ReadCall[],
): Promise<Row[][]> => {
  const [first] = calls;
  if (first === undefined) return [];
  const values = batch.readers.map(({ read, perCall }) => (perCall ? calls.map(read) : read(first)));
  const results: Row[][] = calls.map(() => []);
  const realms = calls.map(({ realm }) => realm);
  const { makeRow, follows } = batch;
  try {
    const rows = await runner.values(realms, batch.sql, values);
    let before: readonly unknown[] | undefined;
    for (let position = 0; position < rows.length; position++) {
      const row = rows[position] as unknown[];
      const index = Number(row[0]) - 1;
      const result = results[index];
      if (result === undefined) throw new Error(`an answer for call ${index} of ${calls.length}`);
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
  return results.map((rows, i) => (isEmpty(plain.single, calls[i] ?? first) ? [] : rows));
};
