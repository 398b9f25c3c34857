import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { makeCursor, readCursor } from "./cursor.ts";

const secret = "a secret of at least 32 characters!!";
const value = fc.oneof(fc.string({ maxLength: 50 }), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null));

describe("cursor", () => {
  test("gives back its values, to whoever has the secret and the list", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 9 }), fc.string(), (values, bound) => {
        expect(readCursor(secret, bound, makeCursor(secret, bound, values))).toEqual(values);
        expect(readCursor(`${secret}x`, bound, makeCursor(secret, bound, values))).toBeUndefined();
        expect(readCursor(secret, `${bound}x`, makeCursor(secret, bound, values))).toBeUndefined();
      }),
    );
  });

  test("no single character may be changed, and nothing made up is read", () => {
    const cursor = makeCursor(secret, "list", ["a", 5n, null]);
    for (let at = 0; at < cursor.length - 1; at++) {
      const changed = `${cursor.slice(0, at)}${cursor[at] === "A" ? "B" : "A"}${cursor.slice(at + 1)}`;
      expect([changed, readCursor(secret, "list", changed)]).toEqual([changed, undefined]);
    }
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => expect(readCursor(secret, "list", text)).toBeUndefined()));
  });
});
