/**
 * Rows from an async iterable to a stream of bytes, for the formats that stream (NDJSON, CSV).
 *
 * Backpressure: a row is only taken from the source while the reader wants bytes, so a slow client slows the query
 * and memory stays at one chunk. Rows are gathered to chunks of about 16 KiB; a row never waits longer than 20 ms for
 * others, so that a slow source is seen at once. When the reader goes away the source's `return` is called. When the
 * source throws, the stream errors and the connection is cut: a client must not take a part for the whole.
 */

export interface RowStreamOptions<Row> {
  /** One row as text, with its line end. */
  readonly encode: (row: Row) => string;
  /** Written before the first row, also when there is none: a header line. */
  readonly head?: string;
  readonly chunkBytes?: number;
  readonly lingerMs?: number;
}

/** A byte stream of the encoded rows. */
export function streamRows<Row>(
  rows: AsyncIterable<Row>,
  { encode, head = "", chunkBytes = 16 * 1024, lingerMs = 20 }: RowStreamOptions<Row>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = rows[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let pending = head;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  function flush(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
    if (pending === "" || isOver) return;
    controller.enqueue(encoder.encode(pending));
    pending = "";
  }

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        // One call fills one chunk; what the timer sends meanwhile counts too.
        for (;;) {
          let next: IteratorResult<Row>;
          try {
            next = await iterator.next();
            if (isOver) return;
            if (next.done !== true) pending += encode(next.value);
          } catch (error) {
            clearTimeout(timer);
            isOver = true;
            controller.error(error);
            await iterator.return?.();
            return;
          }
          if (next.done === true) {
            flush(controller);
            isOver = true;
            controller.close();
            return;
          }
          if (pending.length >= chunkBytes) {
            flush(controller);
            return;
          }
          timer ??= setTimeout(flush, lingerMs, controller);
        }
      },
      async cancel() {
        clearTimeout(timer);
        isOver = true;
        await iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
}
