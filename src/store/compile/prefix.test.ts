import { expect, test } from "bun:test";
import fc from "fast-check";
import { prefixEnd } from "./prefix.ts";

const bytes = (text: string) => Buffer.from(text);

test("a text starts with a prefix exactly when it lies in the prefix's range of bytes", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom("a", "b", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10FFFF}"),
      fc.string({ unit: "binary", maxLength: 1 }),
    ),
    maxLength: 6,
  });
  fc.assert(
    fc.property(text, text, (prefix, rest) => {
      const end = bytes(prefixEnd(prefix));
      for (const candidate of [rest, prefix + rest]) {
        const inRange = Buffer.compare(bytes(candidate), bytes(prefix)) >= 0 && Buffer.compare(bytes(candidate), end) < 0;
        expect(inRange).toBe(candidate.startsWith(prefix));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the ends", () => {
  expect(prefixEnd("ab")).toBe("ac");
  expect(prefixEnd("a\ud7ff")).toBe("a\ue000");
  expect(prefixEnd("a\u{10FFFF}")).toBe("b");
});
