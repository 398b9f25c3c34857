/** A whole shape, chunk by chunk: keyset pages over its order, each a statement of its own, so that nothing is held open in between. */
import type { Value } from "../define/expression.ts";
import { orderColumn } from "./compile/rows.ts";
import type { MaybePromise, Order, ReadCall, Row, RowsShape } from "./store.ts";

export interface Scan {
  readonly shape: RowsShape;
  readonly call: ReadCall;
  /** Rows per chunk. */
  readonly chunk: number;
  readonly signal?: AbortSignal;
  /** Reads one chunk, with the values of the order as hidden columns. */
  readonly read: (shape: RowsShape, call: ReadCall) => MaybePromise<Row[]>;
}

/** The order with the key fields it lacks: a keyset needs to tell any two rows apart. */
const totalOrder = (shape: RowsShape): readonly Order[] => {
  const own = new Set(shape.order.filter((o) => o.path.length === 1).map((o) => o.path[0]));
  const direction = shape.order.at(-1)?.direction ?? "asc";
  return [...shape.order, ...shape.table.key.filter((field) => !own.has(field)).map((field) => ({ path: [field], direction }))];
};

const orderCount = (shape: RowsShape): number => shape.order.length;

/** The row's order values, taken out of the row. */
const takeOrder = (row: Row, count: number): Value[] => {
  const values: Value[] = [];
  for (let i = 0; i < count; i += 1) {
    values.push(row[orderColumn(i)] ?? null);
    delete row[orderColumn(i)];
  }
  return values;
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Chunks that are read without a turn of the event loop, where nobody waits for the reader. */
const chunksPerTurn = 16;

/** Rows of the shape in order, never more than the call's `limit` when it gives one. Ends early when the signal aborts. */
export async function* scanChunks({ shape, call, chunk, signal, read }: Scan): AsyncGenerator<Row[]> {
  if (!Number.isSafeInteger(chunk) || chunk < 1) throw new RangeError(`a chunk of ${chunk} rows`);
  let chunks = 0;
  if (call.offset !== undefined && call.offset > 0) throw new RangeError("a scan takes no offset");
  const order = totalOrder(shape);
  const first: RowsShape = { ...shape, key: `${shape.key}\0scan`, order };
  const next: RowsShape = { ...first, key: `${shape.key}\0scan-after`, after: true };
  let after: readonly Value[] | undefined = call.after;
  if (shape.after !== undefined && after?.length !== order.length)
    throw new RangeError(`shape ${shape.key}: "after" gives one value per order entry`);
  let left = call.limit ?? Number.POSITIVE_INFINITY;
  const { realm, params } = call;
  // Ends with the first chunk that is not full: each chunk begins after the last row of the one before.
  while (left > 0 && signal?.aborted !== true) {
    const limit = Math.min(chunk, left);
    const rows =
      after === undefined
        ? await read(omitAfter(first), { realm, params, limit })
        : await read(next, { realm, params, limit, after });
    let last: Value[] | undefined;
    for (const row of rows) last = takeOrder(row, orderCount(next));
    if (rows.length > 0) yield rows;
    if (last === undefined || rows.length < limit) return;
    after = last;
    left -= rows.length;
    // SQLite answers at once: without a turn of the event loop in between nobody else would be heard before the last row.
    if (++chunks % chunksPerTurn === 0) await nextTurn();
  }
}

const omitAfter = ({ after: _, ...shape }: RowsShape): RowsShape => shape;
