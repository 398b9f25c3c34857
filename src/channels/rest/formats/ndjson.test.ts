import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FormatError } from "../../http/format-error.ts";
import { hasSafeNumbers, jsonArbitrary, utf8 } from "./plain.arbitrary.ts";
import { defaultLineLimits, parseNdjson, readNdjson, streamNdjson, stringifyNdjson } from "./ndjson.ts";
import { defaultLimits } from "./plain.ts";
import type { Parsed, PlainValue } from "./plain.ts";

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

async function collect(source: AsyncIterable<Parsed>): Promise<Parsed[]> {
  const all: Parsed[] = [];
  for await (const item of source) all.push(item);
  return all;
}

describe("parseNdjson", () => {
  test("reads lines, with blank ones between and CRLF", () => {
    expect(parseNdjson(utf8('{"a":1}\r\n\n  \n[2]\n"x"'))).toEqual([{ a: 1 }, [2], "x"]);
    expect(parseNdjson(utf8(""))).toEqual([]);
  });

  test("refuses the whole body at the first bad line and says which", () => {
    expect(parseNdjson(utf8('{"a":1}\n{"a":1,"a":2}\n'))).toMatchObject({
      status: 400,
      type: "duplicate_key",
      at: { line: 2, column: 8 },
    });
    expect(parseNdjson(utf8("1\n2\n\n{\n"))).toMatchObject({ type: "invalid_ndjson", at: { line: 4 } });
    expect(parseNdjson(utf8("1\n2\n3\n"), { ...defaultLimits, nodesMax: 2 })).toMatchObject({ status: 413 });
    expect(parseNdjson(utf8("1\n2\n3\n"), { ...defaultLimits, bytesMax: 5 })).toMatchObject({ status: 413 });
  });
});

describe("readNdjson", () => {
  test("gives the same as the whole body, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(jsonArbitrary.filter(hasSafeNumbers), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (values, sizes) => {
          const bytes = utf8(stringifyNdjson(values));
          expect(await collect(readNdjson(chunksOf(bytes, sizes)))).toEqual(parseNdjson(bytes) as PlainValue[]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("gives a verdict per line and goes on after a bad one", async () => {
    const all = await collect(readNdjson(chunksOf(utf8('1\n{"a"\n2\n3'), [4])));
    expect(all).toEqual([1, expect.any(FormatError), 2, 3]);
    expect(all[1]).toMatchObject({ type: "invalid_ndjson", at: { line: 2 } });
  });

  test("stops at a line that does not end, without keeping it, and lets the source go", async () => {
    let taken = 0;
    let isReleased = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          taken++;
          yield new Uint8Array(1000).fill(0x31);
        }
      } finally {
        isReleased = true;
      }
    }
    const all = await collect(readNdjson(endless(), { ...defaultLineLimits, lineBytesMax: 5000 }));
    expect(all).toEqual([expect.objectContaining({ status: 413, type: "too_large", at: { line: 1 } })]);
    expect(taken).toBe(6);
    expect(isReleased).toBeTrue();
  });
});

describe("streamNdjson", () => {
  test("writes a line per row", async () => {
    async function* rows(): AsyncGenerator<PlainValue> {
      yield { a: 9007199254740993n };
      yield [1];
    }
    expect(await new Response(streamNdjson(rows())).text()).toBe('{"a":"9007199254740993"}\n[1]\n');
  });

  test("takes rows only as fast as the reader reads, and releases the source on cancel", async () => {
    let taken = 0;
    let isReleased = false;
    async function* rows(): AsyncGenerator<PlainValue> {
      try {
        for (;;) {
          taken++;
          yield { text: "x".repeat(1000) };
        }
      } finally {
        isReleased = true;
      }
    }
    const reader = streamNdjson(rows()).getReader();
    await reader.read();
    await Bun.sleep(30);
    // One chunk read, one queued: 17 rows of a kilobyte each.
    expect(taken).toBeLessThanOrEqual(40);
    await reader.cancel();
    expect(isReleased).toBeTrue();
  });

  test("sends what a slow source has given within some milliseconds", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* rows(): AsyncGenerator<PlainValue> {
      yield 1;
      await promise;
      yield 2;
    }
    const reader = streamNdjson(rows()).getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toBe("1\n");
    resolve();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("2\n");
    expect((await reader.read()).done).toBeTrue();
  });

  test("errors when the source does, so that a part is not taken for the whole", async () => {
    async function* rows(): AsyncGenerator<PlainValue> {
      yield 1;
      throw new Error("the database went away");
    }
    expect(new Response(streamNdjson(rows())).text()).rejects.toThrow("the database went away");
  });
});
