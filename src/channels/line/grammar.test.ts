/** The grammar by itself: what a line may hold, where it is wrong, and that what is written is read again. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { columnOf, type Pair, readLine, writeText } from "./grammar.ts";
import { lineLimits } from "./limits.ts";

/** What some readers take for blanks or for ends of lines, and what the grammar itself knows. */
const blanks = fc.constantFrom(
  " ",
  "\u00a0",
  "\u2003",
  "\u3000",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\t",
  "\n",
  "\r",
  "\0",
  ",",
  '"',
  "\\",
  "[",
  "]",
  "a",
  "😀",
);

const read = (line: string): readonly Pair[] => {
  const pairs = readLine(line, lineLimits);
  if ("flaw" in pairs) throw new Error(`${pairs.flaw} (${pairs.at})`);
  return pairs;
};

const valuesOf = (line: string): unknown[] =>
  read(line).map(({ value }) =>
    value.kind === "text" ? value.text : { null: null, emptyList: [], emptyObject: {} }[value.kind],
  );

const flawAt = (line: string): number => {
  const flaw = readLine(line, lineLimits);
  return "flaw" in flaw ? columnOf(line, flaw.at) : 0;
};

describe("the grammar of lines", () => {
  test.each([
    ["A:1", ["1"]],
    ["A:1,B:2", ["1", "2"]],
    [" A : 1 , B :  2  ", ["1", "2"]],
    ["At:2026-01-31T09:30:00Z", ["2026-01-31T09:30:00Z"]],
    ["A:,B:", [null, null]],
    ['A:"",B:" x "', ["", " x "]],
    ["A:[],B:{},C:[x]", [[], {}, "[x]"]],
    ['A:"[]",B:"{}"', ["[]", "{}"]],
    ['A:"a,b\\nc\\u00e9\\"\\\\",B:x', ['a,b\ncé"\\', "x"]],
    ['A:say "hi"', ['say "hi"']],
    ["A:back\\slash", ["back\\slash"]],
    ["A:=x,B:a=b;c|d", ["=x", "a=b;c|d"]],
    ["Name:Grüße aus 日本 😀", ["Grüße aus 日本 😀"]],
    ['A:"😀\\ud83d\\ude00"', ["😀😀"]],
  ])("%s", (line, values) => expect(valuesOf(line)).toEqual([...values]));

  test("titles have steps, an operator, and an @ where they are about the request", () => {
    expect(
      read("Operation:x,@Tag:7,Legs.1.Amount:5,Price>=:1,Name~=:a,ClosedAt?:true,A!=:1,A^=:x,A<:1,A>:1,A<=:1").map(
        ({ title, isAside, path, operator }) => [title, isAside, path.join("/"), operator ?? ""],
      ),
    ).toEqual([
      ["Operation", false, "Operation", ""],
      ["@Tag", true, "Tag", ""],
      ["Legs.1.Amount", false, "Legs/1/Amount", ""],
      ["Price>=", false, "Price", ">="],
      ["Name~=", false, "Name", "~="],
      ["ClosedAt?", false, "ClosedAt", "?"],
      ["A!=", false, "A", "!="],
      ["A^=", false, "A", "^="],
      ["A<", false, "A", "<"],
      ["A>", false, "A", ">"],
      ["A<=", false, "A", "<="],
    ]);
  });

  test.each([
    ["", 1],
    ["A", 1],
    [":1", 1],
    ["1A:1", 1],
    ["A_B:1", 1],
    ["@:1", 1],
    ["A:1,", 5],
    ["A:1,,B:2", 5],
    ["A:1,B", 5],
    ["A..B:1", 1],
    ["A.:1", 1],
    ["A=:1", 1],
    ['A:"x', 3],
    ['A:"x\\q"', 3],
    ['A:"x"y', 6],
    ['A:"x" y', 7],
    ['A:"\\ud800"', 3],
    ["A:a\u0000b", 4],
    ["A:a\tb", 4],
    ["A:a\rb", 4],
    ["A:a\u007fb", 4],
    ['A:"a\u0000b"', 3],
    ["A:😀\u0001", 4],
    ["Ä:1", 1],
    ["\u{feff}A:1", 1],
    ["GET / HTTP/1.1", 1],
    [`${"A".repeat(300)}:1`, 1],
    [`${Array.from({ length: 20 }, () => "A").join(".")}:1`, 1],
  ])("%j is wrong at column %d", (line, column) => expect(flawAt(line)).toBe(column));

  test("a line has so many pairs at most", () => {
    const line = Array.from({ length: lineLimits.pairsMax }, () => "A:1").join();
    expect(read(line).length).toBe(lineLimits.pairsMax);
    expect(flawAt(`${line},A:1`)).toBe(line.length + 2);
  });

  test("every text that is written is read again, on one line, and stands alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), fc.string({ unit: blanks, maxLength: 6 }), (one, two) => {
        const [first, second] = [one.toWellFormed(), two.toWellFormed()];
        const line = `A:${writeText(first)},B:${writeText(second)}`;
        expect(/[\r\n\u0085\u2028\u2029\0]/.test(line)).toBe(false);
        expect(valuesOf(line)).toEqual([first, second]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("every text is a line or wrong at a column of it, in no time", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 200 }),
          fc
            .array(fc.constantFrom(":", ",", '"', "\\", "@", ".", "A", "1", " ", ">=", "[]", "\n", "😀"), { maxLength: 60 })
            .map((parts) => parts.join("")),
        ),
        (text) => {
          const found = readLine(text, lineLimits);
          if ("flaw" in found)
            expect([found.at >= 0, found.at <= text.length, columnOf(text, found.at) <= [...text].length + 1]).toEqual([
              true,
              true,
              true,
            ]);
        },
      ),
      { numRuns: 3_000 },
    );
    for (const text of [
      '"\\'.repeat(100_000),
      `A:"${"\\u".repeat(100_000)}`,
      "A.".repeat(100_000),
      "A:1,".repeat(60_000),
      " ".repeat(250_000),
    ]) {
      const msOf = (): number => {
        const start = performance.now();
        readLine(`A:${text}`, lineLimits);
        readLine(text, lineLimits);
        return performance.now() - start;
      };
      // A machine may pause; what is slow by itself is so again.
      if (msOf() > 250) expect(msOf()).toBeLessThan(250);
    }
  });
});
