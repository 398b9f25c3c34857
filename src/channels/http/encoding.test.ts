import { describe, expect, test } from "bun:test";
import * as zlib from "node:zlib";
import * as fc from "fast-check";
import { chooseCoding, compressBody, decompressBody } from "./encoding.ts";
import { isWholeZstd } from "./zstd-frame.ts";

const MIB = 1024 * 1024;

test.each([
  [undefined, "identity"],
  ["", "identity"],
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate, br", "br"],
  ["gzip, deflate", "gzip"],
  ["x-gzip", "gzip"],
  ["gzip;q=1, br;q=0.5", "gzip"],
  ["*", "zstd"],
  ["zstd;q=0, *", "br"],
  ["identity", "identity"],
  ["identity;q=1, gzip;q=0.5", "identity"],
  ["identity;q=0.5, gzip;q=0.5", "gzip"],
  ["gzip;q=0", "identity"],
  ["identity;q=0, *;q=0", "identity"],
  ["deflate", "identity"],
  ["GZIP", "gzip"],
  ["x".repeat(5000), "identity"],
])("Accept-Encoding: case %# → %s", (header, coding) => {
  expect(chooseCoding(header)).toBe(coding as never);
});

const compressors: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ["gzip", zlib.gzipSync],
  ["deflate", zlib.deflateSync],
  ["br", zlib.brotliCompressSync],
  ["zstd", zlib.zstdCompressSync],
];

describe.each(compressors)("decompressBody %s", (coding, compress) => {
  test("gives back what was compressed, small and large", async () => {
    for (const size of [0, 17, 200_000]) {
      const bytes = new Uint8Array(size).map((_, index) => (index * 7919) >> 3);
      expect(await decompressBody(compress(bytes), ` ${coding.toUpperCase()} `, { bytesMax: MIB })).toEqual(Buffer.from(bytes));
    }
  });

  test("stops at the absolute cap and at the ratio", async () => {
    const bomb = compress(new Uint8Array(8 * MIB));
    expect(await decompressBody(bomb, coding, { bytesMax: MIB, ratioMax: 1_000_000 })).toMatchObject({
      status: 413,
      type: "too_large",
    });
    expect(await decompressBody(bomb, coding, { bytesMax: 100 * MIB, ratioMax: 100 })).toMatchObject({
      status: 413,
      type: "too_large",
    });
    const small = compress(new Uint8Array(60_000));
    expect(await decompressBody(small, coding, { bytesMax: MIB, ratioMax: 1 })).toHaveLength(60_000);
  });

  test("refuses what is corrupt, cut short or empty", async () => {
    const body = compress(Uint8Array.from({ length: 300_000 }, (_, index) => (index * index) >> 5));
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9]),
      body.slice(0, body.length >> 1),
      body.slice(0, -5),
    ]) {
      expect(await decompressBody(bytes, coding, { bytesMax: 10 * MIB, ratioMax: 100_000 })).toMatchObject({
        status: 400,
        type: "invalid_encoding",
      });
    }
  });

  test("never throws on random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        async (bytes) => void (await decompressBody(bytes, coding, { bytesMax: MIB })),
      ),
      { numRuns: 100 },
    );
  });
});

test.each(["compress", "gzip, br", "constructor", "identity, gzip"])("refuses the coding %s", async (coding) => {
  expect(await decompressBody(new Uint8Array([1]), coding, { bytesMax: MIB })).toMatchObject({
    status: 415,
    type: "unsupported_encoding",
  });
});

test("passes a body without coding, within its size", async () => {
  const bytes = new Uint8Array(10);
  expect(await decompressBody(bytes, undefined, { bytesMax: 10 })).toBe(bytes);
  expect(await decompressBody(bytes, "identity", { bytesMax: 9 })).toMatchObject({ status: 413 });
});

test("compressBody is read back", async () => {
  const bytes = new TextEncoder().encode("hello ".repeat(100));
  for (const coding of ["zstd", "br", "gzip", "identity"] as const) {
    expect(
      Buffer.from((await decompressBody(compressBody(bytes, coding), coding, { bytesMax: MIB })) as Uint8Array).toString(),
    ).toBe("hello ".repeat(100));
  }
});

test("isWholeZstd knows every cut, several frames, skippable ones and wide windows", () => {
  const frame = zlib.zstdCompressSync(Uint8Array.from({ length: 500 }, (_, index) => (index * 31) % 251));
  expect(isWholeZstd(frame)).toBeTrue();
  for (let length = 0; length < frame.length; length++) expect(isWholeZstd(frame.subarray(0, length))).toBeFalse();
  expect(isWholeZstd(Buffer.concat([frame, frame]))).toBeTrue();
  expect(isWholeZstd(Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]), frame]))).toBeTrue();
  expect(isWholeZstd(Buffer.concat([frame, Buffer.from([0])]))).toBeFalse();
  // A window of 16 MiB, and one empty last block.
  expect(isWholeZstd(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 1, 0, 0]))).toBeFalse();
  expect(isWholeZstd(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3, 1, 0, 0]))).toBeTrue();
});
