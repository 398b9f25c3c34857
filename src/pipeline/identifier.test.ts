import { describe, expect, test } from "bun:test";
import { newIdentifier } from "./identifier.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const bitsOf = (id: string): bigint => [...id].reduce((sum, digit) => sum * 32n + BigInt(alphabet.indexOf(digit)), 0n);

describe("identifiers", () => {
  const later = Date.now() + 1_000_000;

  test("are UUIDv7 in Crockford base 32: time, version and variant in their places", () => {
    const id = newIdentifier(() => later);
    expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    const bits = bitsOf(id);
    expect(Number(bits >> 80n)).toBe(later);
    expect((bits >> 76n) & 0xfn).toBe(7n);
    expect((bits >> 62n) & 0b11n).toBe(0b10n);
  });

  test("sort by when they were made, also many in one millisecond and when the clock steps back; none twice", () => {
    const at = later + 1_000;
    const ids = Array.from({ length: 20_000 }, (_, count) => newIdentifier(() => (count === 10_000 ? at - 500 : at)));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
