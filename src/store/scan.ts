/**
 * A whole shape, chunk by chunk: keyset pages over its order, each a statement of its own, so that nothing is held open in between.
 *
 * Whoever reads slowly holds one chunk, and as rows in memory take several times their size, many slow readers hold much: chunks are small, by bytes, not by
 * rows. What a chunk will take is not known before it is read; it is as many rows as would have made up the bytes in the one before, which begins with few.
 * Each chunk waits for its turn of the event loop: SQLite answers at once, and nobody else would be heard before the last row of the last export.
 */
import type { Value } from "../define/expression.ts";
import { orderColumn } from "./compile/rows.ts";
import { jsonBytes } from "./json-bytes.ts";
import type { MaybePromise, Order, ReadCall, Row, RowsShape } from "./store.ts";
import type { Turns } from "./turns.ts";

export interface Scan {
  readonly shape: RowsShape;
  readonly call: ReadCall;
  /** Most rows per chunk. */
  readonly chunk: number;
  /** About the bytes of a chunk, as JSON; more where few scans go on (see `Turns.share`). */
  readonly chunkBytes: number;
  /** Shared by all scans of this process. */
  readonly turns: Turns;
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

/** Rows of the first chunk, whose width nobody knows; and how many times as many the next one may have. */
const firstRows = 32;
const growthMax = 4;
/** How many rows the next chunk may have. */
const nextCount = (rows: readonly Row[], chunkBytes: number): number => {
  let bytes = 0;
  for (const row of rows) bytes += jsonBytes(row);
  const fitting = Math.floor((rows.length * chunkBytes) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, rows.length * growthMax));
};

/** Rows of the shape in order, never more than the call's `limit` when it gives one. Ends early when the signal aborts. */
export async function* scanChunks({ shape, call, chunk, chunkBytes, signal, read, turns }: Scan): AsyncGenerator<Row[]> {
  if (!Number.isSafeInteger(chunk) || chunk < 1) throw new RangeError(`a chunk of ${chunk} rows`);
  if (call.offset !== undefined && call.offset > 0) throw new RangeError("a scan takes no offset");
  const order = totalOrder(shape);
  const first: RowsShape = { ...shape, key: `${shape.key}\0scan`, order };
  const next: RowsShape = { ...first, key: `${shape.key}\0scan-after`, after: true };
  let after: readonly Value[] | undefined = call.after;
  if (shape.after !== undefined && after?.length !== order.length)
    throw new RangeError(`shape ${shape.key}: "after" gives one value per order entry`);
  let left = call.limit ?? Number.POSITIVE_INFINITY;
  let count = firstRows;
  const { realm, params } = call;
  turns.enter();
  try {
    // Ends with the first chunk that is not full: each chunk begins after the last row of the one before.
    while (left > 0) {
      await turns.next();
      if (signal?.aborted === true) return;
      const limit = Math.min(chunk, count, left);
      const rows =
        after === undefined
          ? await read(omitAfter(first), { realm, params, limit })
          : await read(next, { realm, params, limit, after });
      let last: Value[] | undefined;
      for (const row of rows) last = takeOrder(row, orderCount(next));
      const isLast = rows.length < limit;
      if (last === undefined) return;
      count = nextCount(rows, turns.share(chunkBytes));
      left -= rows.length;
      after = last;
      yield rows;
      if (isLast) return;
    }
  } finally {
    turns.leave();
  }
}

const omitAfter = ({ after: _, ...shape }: RowsShape): RowsShape => shape;
