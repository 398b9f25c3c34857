/** Bytes as lines, in whatever parts they come. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Lines, textOf } from "./lines.ts";

const encoder = new TextEncoder();

/** Lines of parts; `long`: one is too long. */
const linesOf = (parts: readonly Uint8Array[], bytesMax = 1_000): string[] => {
  const lines = new Lines();
  const found: string[] = [];
  for (const part of parts) {
    lines.feed(part);
    for (let line = lines.next(bytesMax); line !== undefined; line = lines.next(bytesMax)) {
      if (line === false) return [...found, "(long)"];
      found.push(Buffer.from(line).toString("utf8"));
    }
  }
  return found;
};

const cut = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const sorted = [...new Set(places)].filter((place) => place > 0 && place < bytes.length).toSorted((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.slice(from, sorted[index] ?? bytes.length));
};

describe("lines", () => {
  const text = "Operation:ping\r\n\nName:Grüße 😀\nA:\r\r\n";
  const whole = ["Operation:ping", "", "Name:Grüße 😀", "A:\r"];

  test("they end with LF or CRLF; wherever they are cut, they are the same", () => {
    const bytes = encoder.encode(text);
    expect(linesOf([bytes])).toEqual(whole);
    for (let place = 1; place < bytes.length; place++) expect([place, linesOf(cut(bytes, [place]))]).toEqual([place, whole]);
    expect(
      linesOf(
        cut(
          bytes,
          Array.from({ length: bytes.length }, (_, index) => index),
        ),
      ),
    ).toEqual(whole);
    expect(linesOf([encoder.encode("A:1")])).toEqual([]);
  });

  test("parts of any size", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30 })), fc.array(fc.nat({ max: 400 })), (texts, places) => {
        const lines = texts.map((one) => one.replaceAll(/[\r\n]/g, ""));
        const bytes = encoder.encode(lines.map((one) => `${one}\n`).join(""));
        expect(linesOf(cut(bytes, places))).toEqual(lines);
      }),
    );
  });

  test("a line is so long at most, whole or in parts", () => {
    const [fits, long] = [`${"x".repeat(10)}\n`, `${"x".repeat(11)}\n`].map((one) => encoder.encode(one));
    if (fits === undefined || long === undefined) throw new Error("no lines");
    expect(linesOf([fits, fits], 10)).toEqual(["x".repeat(10), "x".repeat(10)]);
    for (let place = 0; place < long.length; place++) expect(linesOf(cut(long, [place]), 10)).toEqual(["(long)"]);
  });

  test("what is not used up can be had, and a part may be written over afterwards", () => {
    const lines = new Lines();
    const part = encoder.encode("A:1\nB:2\nC:");
    lines.feed(part);
    expect(Buffer.from(lines.next(100) || []).toString()).toBe("A:1");
    const rest = lines.rest();
    part.fill(0);
    expect(linesOf([rest, encoder.encode("3\n")])).toEqual(["B:2", "C:3"]);
    const again = encoder.encode("half");
    lines.feed(again);
    expect(lines.next(100)).toBeUndefined();
    again.fill(0);
    lines.feed(encoder.encode(" whole\n"));
    expect(Buffer.from(lines.next(100) || []).toString()).toBe("half whole");
    expect(lines.pending).toBe(0);
  });

  test("UTF-8 is strict, and where it is not is said", () => {
    const cases: readonly (readonly [readonly number[], number | undefined])[] = [
      [[0x41, 0x3a, 0x31], undefined],
      [[...encoder.encode("A:\ufffd")], undefined],
      [[0x41, 0x3a, 0xff], 2],
      [[0x41, 0x3a, 0xc3], 2],
      [[0x41, 0x3a, 0xc0, 0x80], 2],
      [[0x41, 0x3a, 0xed, 0xa0, 0x80], 2],
      [[0x41, 0x3a, 0xf0, 0x9f, 0x98], 2],
      [[0x41, 0x3a, ...encoder.encode("é"), 0x80], 3],
      [[0x41, 0x3a, ...encoder.encode("\ufffd"), 0xff], 3],
      [[0x41, 0x3a, 0xf4, 0x90, 0x80, 0x80], 2],
    ];
    for (const [bytes, at] of cases) {
      const found = textOf(Uint8Array.from(bytes));
      expect([bytes, "flaw" in found ? found.at : undefined]).toEqual([bytes, at]);
    }
  });
});
