import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { jsonArbitrary } from "./plain.arbitrary.ts";
import { parseMsgpack, stringifyMsgpack } from "./msgpack.ts";
import { defaultLimits } from "./plain.ts";
import type { PlainValue } from "./plain.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

describe("parseMsgpack", () => {
  test.each([
    [bytes(0xc0), null],
    [bytes(0xc3), true],
    [bytes(0x7f), 127],
    [bytes(0xff), -1],
    [bytes(0xcd, 0x01, 0x00), 256],
    [bytes(0xcf, 0, 0, 0, 0, 0, 0, 0, 5), 5],
    [bytes(0xcf, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 9007199254740991],
    [bytes(0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 1), 9007199254740993n],
    [bytes(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0), -(2n ** 63n)],
    [bytes(0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 2n ** 64n - 1n],
    [bytes(0xa2, 0xc3, 0xa9), "é"],
    [bytes(0xc4, 0x02, 1, 2), bytes(1, 2)],
    [bytes(0x92, 1, 0x80), [1, {}]],
    [bytes(0x81, 0xd9, 0x01, 0x61, 0x01), { a: 1 }],
    [bytes(0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5],
    [bytes(0xca, 0x3f, 0xc0, 0, 0), 1.5],
  ] as readonly (readonly [Uint8Array, PlainValue])[])("reads %p", (body, value) => {
    expect(parseMsgpack(body)).toStrictEqual(value);
  });

  test.each([
    [bytes(), "invalid_msgpack"],
    [bytes(0xc1), "invalid_msgpack"],
    [bytes(0x01, 0x02), "invalid_msgpack"],
    [bytes(0xcd, 0x01), "invalid_msgpack"],
    [bytes(0xcb, 0x3f), "invalid_msgpack"],
    [bytes(0xa5, 0x61), "invalid_msgpack"],
    [bytes(0xdb, 0xff, 0xff, 0xff, 0xff), "invalid_msgpack"],
    [bytes(0xc6, 0xff, 0xff, 0xff, 0xff), "invalid_msgpack"],
    [bytes(0xdd, 0xff, 0xff, 0xff, 0xff), "invalid_msgpack"],
    [bytes(0xdf, 0xff, 0xff, 0xff, 0xff), "invalid_msgpack"],
    [bytes(0x81, 0x01, 0x02), "invalid_msgpack"],
    [bytes(0x81, 0xc0, 0x02), "invalid_msgpack"],
    [bytes(0x81), "invalid_msgpack"],
    [bytes(0xd6, 0xff, 0, 0, 0, 0), "invalid_msgpack"],
    [bytes(0xc7, 0x01, 0x01, 0x00), "invalid_msgpack"],
    [bytes(0xa1, 0xff), "invalid_encoding"],
    [bytes(0xa3, 0xed, 0xa0, 0x80), "invalid_encoding"],
    [bytes(0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2), "duplicate_key"],
    [bytes(0x82, 0xa1, 0x61, 1, 0xd9, 0x01, 0x61, 2), "duplicate_key"],
    [bytes(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0), "number_out_of_range"],
    [bytes(0xca, 0x7f, 0x80, 0, 0), "number_out_of_range"],
    [bytes(0x81, 0xa9, ...Buffer.from("__proto__"), 0x80), "forbidden_key"],
    [bytes(0x81, 0xd9, 9, ...Buffer.from("__proto__"), 0x80), "forbidden_key"],
    [bytes(...Array<number>(65).fill(0x91), 0xc0), "too_deep"],
    [bytes(...Array<number>(100_000).fill(0x91)), "too_deep"],
    [bytes(...Array<number>(100_000).fill(0x81)), "invalid_msgpack"],
  ])("refuses %p as %s", (body, type) => {
    expect(parseMsgpack(body)).toMatchObject({ status: 400, type });
  });

  test("bounds size and containers, and keeps no part of the body alive", () => {
    expect(parseMsgpack(bytes(0x92, 1, 2), { ...defaultLimits, bytesMax: 2 })).toMatchObject({ status: 413 });
    expect(parseMsgpack(bytes(0x93, 0x90, 0x90, 0x90), { ...defaultLimits, nodesMax: 3 })).toMatchObject({ status: 413 });
    const body = bytes(0xc4, 0x01, 7);
    const value = parseMsgpack(body) as Uint8Array;
    body[2] = 8;
    expect(value[0]).toBe(7);
    expect(parseMsgpack(bytes(0x81, 0xaa, ...Buffer.from("x__proto__"), 1))).toEqual({ x__proto__: 1 });
  });

  test("never throws on random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (body) => void parseMsgpack(body)),
      { numRuns: 3000 },
    );
  });
});

test("every value comes back, integers of 64 bits and binary too", () => {
  const value = fc.oneof(
    // JSON has one zero: −0 is 0.
    jsonArbitrary.map((item) => JSON.parse(JSON.stringify(item)) as PlainValue),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
      .filter((integer) => integer > 9007199254740991n || integer < -9007199254740991n),
    fc.uint8Array().map((binary): PlainValue => ({ binary: new Uint8Array(binary) })),
  );
  fc.assert(
    fc.property(value, (item) => expect(parseMsgpack(stringifyMsgpack(item))).toStrictEqual(item)),
    { numRuns: 400 },
  );
  expect(parseMsgpack(stringifyMsgpack([5n, 2n ** 64n]))).toEqual([5, "18446744073709551616"]);
  expect(() => stringifyMsgpack([Number.NaN])).toThrow();
});
