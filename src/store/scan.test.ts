/** Scans of an engine that answers at once: they leave the event loop to others, share it with one another, and read little ahead. */
import { describe, expect, test } from "bun:test";
import { scanChunks } from "./scan.ts";
import type { ReadCall, Row, RowsShape } from "./store.ts";
import { Turns } from "./turns.ts";

const shape: RowsShape = {
  kind: "rows",
  key: "numbers",
  table: { name: "numbers", key: ["id"], columns: [] } as unknown as RowsShape["table"],
  joins: [],
  links: [],
  params: [],
  select: ["id"],
  order: [{ path: ["id"], direction: "asc" }],
};
const call: ReadCall = { realm: 1, params: [] };
const chunkBytes = 64 * 1024;

/** So many rows, of which each is as wide as it is said to be; `onRead` is told of every chunk. */
const table = (count: number, widthOf: (row: number) => number = () => 1, onRead: (rows: number) => void = () => undefined) => {
  let at = 0;
  return (_: RowsShape, { limit = 0 }: ReadCall): Row[] => {
    const rows = Array.from({ length: Math.min(limit, count - at) }, (_, one) => ({
      id: String(at + one),
      text: "x".repeat(widthOf(at + one)),
    }));
    at += rows.length;
    onRead(rows.length);
    return rows;
  };
};

describe("the event loop", () => {
  test("timers fire while a scan goes on", async () => {
    let read = 0;
    const scan = scanChunks({ shape, call, chunkBytes, chunk: 1, turns: new Turns(), read: table(200, undefined, () => read++) });
    let firedAt = 0;
    setTimeout(() => (firedAt = read), 0);
    let seen = 0;
    for await (const chunk of scan) seen += chunk.length;
    expect(seen).toBe(200);
    expect(firedAt).toBeGreaterThan(0);
    expect(firedAt).toBeLessThan(200);
  });

  test("however many scans there are, a turn has one chunk of one of them, and they take turns", async () => {
    const [scans, chunks] = [20, 5];
    const turns = new Turns();
    const taken: number[] = [];
    let sinceTurn = 0;
    let mostPerTurn = 0;
    let isOver = false;
    const turn = (): void => {
      mostPerTurn = Math.max(mostPerTurn, sinceTurn);
      sinceTurn = 0;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all(
      Array.from({ length: scans }, async (_, scan) => {
        const read = table(chunks, undefined, () => {
          taken.push(scan);
          sinceTurn++;
        });
        await Array.fromAsync(scanChunks({ shape, call, chunkBytes, chunk: 1, turns, read }));
      }),
    );
    isOver = true;
    expect(mostPerTurn).toBe(1);
    const round = Array.from({ length: scans }, (_, scan) => scan);
    expect(taken).toEqual(Array.from({ length: chunks + 1 }, () => round).flat());
  });

  test("a scan that is aborted while it waits for its turn reads nothing", async () => {
    let read = 0;
    const abort = new AbortController();
    const parts = { shape, call, chunkBytes, chunk: 1, turns: new Turns(), signal: abort.signal };
    const scan = scanChunks({ ...parts, read: table(10, undefined, () => read++) });
    const first = scan.next();
    abort.abort();
    expect(await first).toEqual({ done: true, value: undefined });
    expect(read).toBe(0);
  });
});

describe("SECURITY 55: chunks", () => {
  const chunksOf = async (count: number, widthOf: (row: number) => number, chunk = 500): Promise<readonly Row[][]> =>
    Array.fromAsync(scanChunks({ shape, call, chunkBytes, chunk, turns: new Turns(), read: table(count, widthOf) }));
  const bytesOf = (rows: readonly Row[]): number => rows.reduce((sum, { text }) => sum + (text as string).length, 0);

  test("narrow rows: few at first, then as many as there may be", async () => {
    const chunks = await chunksOf(2_000, () => 1);
    expect(chunks.map(({ length }) => length)).toEqual([32, 128, 500, 500, 500, 340]);
  });

  test("wide rows: as many as make up the bytes", async () => {
    const chunks = await chunksOf(500, () => 4_000);
    expect(chunks.map(({ length }) => length).slice(0, 3)).toEqual([32, 16, 16]);
    for (const chunk of chunks.slice(1)) expect(bytesOf(chunk)).toBeLessThanOrEqual(chunkBytes);
    expect(chunks.flat().map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, row) => String(row)));
  });

  test("rows of a megabyte: one by one after the first few", async () => {
    const chunks = await chunksOf(40, () => 1_000_000);
    expect(chunks.map(({ length }) => length)).toEqual([32, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test("widths that change: a wide chunk is followed by a short one, and rows that are narrow again by longer ones", async () => {
    const chunks = await chunksOf(1_000, (row) => (row >= 100 && row < 110 ? 100_000 : 10));
    const lengths = chunks.map(({ length }) => length);
    expect(lengths.slice(0, 3)).toEqual([32, 128, 8]);
    expect(Math.max(...lengths.slice(3))).toBe(500);
  });

  test("the fewer scans go on, the larger the chunks", async () => {
    const turns = new Turns(4 * chunkBytes);
    const wide = (): AsyncGenerator<Row[]> =>
      scanChunks({ shape, call, chunkBytes, chunk: 500, turns, read: table(2_000, () => 4_000) });
    const lengths = async (count: number): Promise<readonly number[]> => {
      const scans = Array.from({ length: count }, wide);
      for (const scan of scans) await scan.next();
      const chunks: number[] = [];
      for (const scan of scans)
        chunks.push(((await scan.next()).value as Row[]).length, ((await scan.next()).value as Row[]).length);
      await Promise.all(scans.map((scan) => scan.return(undefined)));
      return chunks;
    };
    expect(await lengths(1)).toEqual([65, 65]);
    // The first began alone; what it reads next is as small as that of the others.
    expect(await lengths(8)).toEqual([65, 16, 32, 16, 21, ...Array.from({ length: 11 }, () => 16)]);
    expect(await lengths(1)).toEqual([65, 65]);
  });

  test("values that are no text count too", async () => {
    const read = (_: RowsShape, { limit = 0 }: ReadCall): Row[] =>
      Array.from({ length: limit }, (_, id) => ({
        id: String(id),
        list: Array.from({ length: 1_000 }, () => 1),
        nested: { text: "x".repeat(8_000) },
        bytes: new Uint8Array(16_000),
        none: null,
      }));
    const scan = scanChunks({ shape, call, chunkBytes, chunk: 500, turns: new Turns(), read });
    await scan.next();
    const second = await scan.next();
    await scan.return(undefined);
    expect(second.value?.length).toBe(2);
  });

  test("a reader that takes no more has nothing more read", async () => {
    let read = 0;
    const scan = scanChunks({
      shape,
      call,
      chunkBytes,
      chunk: 500,
      turns: new Turns(),
      read: table(10_000, undefined, (rows) => (read += rows)),
    });
    await scan.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(read).toBe(32);
    await scan.return(undefined);
  });

  test("the limit of a call, and a chunk of no rows", async () => {
    const limited = scanChunks({
      shape,
      call: { ...call, limit: 40 },
      chunkBytes,
      chunk: 30,
      turns: new Turns(),
      read: table(100),
    });
    expect((await Array.fromAsync(limited)).map(({ length }) => length)).toEqual([30, 10]);
    expect(
      Array.fromAsync(scanChunks({ shape, call, chunkBytes, chunk: 0, turns: new Turns(), read: table(1) })),
    ).rejects.toThrow(RangeError);
  });
});
