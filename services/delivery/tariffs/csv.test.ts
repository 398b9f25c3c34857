import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sampleTariff } from "../sample/index.ts";
import { fromCsv, toCsv, withGrid } from "./csv.ts";
import { gridMax, priceMax, weightMax } from "./limits.ts";
import { smallTariff } from "./tariff.arbitrary.ts";
import { validateVersion } from "./validate.ts";
import type { Bracket } from "./tariff.ts";

const header = "service,zone,weightFrom,weightTo,price";
const csv = (...lines: readonly string[]): string => [header, ...lines, ""].join("\r\n");

/** Ids of any characters, brackets without overlap or hole, prices that never fall, in any order. */
const grids = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ minLength: 1, maxLength: 20, unit: "binary" }),
      fc.constantFrom("=1+1", "-z", "'@", 'a"b', "a;b,c", "й"),
    ),
    {
      minLength: 1,
      maxLength: 5,
      selector: (pair) => JSON.stringify(pair),
    },
  )
  .filter((pairs) => pairs.every(([service]) => service.trim() !== ""))
  .chain((pairs) =>
    fc.tuple(
      fc.constant(pairs),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 900 })), { minLength: 1, maxLength: 6 }),
    ),
  )
  .map(([pairs, steps]): readonly Bracket[] =>
    pairs.flatMap(([service, zone]) => {
      let [weightFrom, price] = [0, 0];
      return steps.map(([width, dearer]) => {
        const bracket = { service, zone, weightFrom, weightTo: weightFrom + width, price: price + dearer };
        [weightFrom, price] = [bracket.weightTo, bracket.price];
        return bracket;
      });
    }),
  )
  .chain((grid) => fc.shuffledSubarray([...grid], { minLength: grid.length, maxLength: grid.length }));

describe("a price grid as CSV", () => {
  test("is written as RFC 4180 has it", () => {
    expect(toCsv({ grid: smallTariff.grid.slice(0, 2) })).toBe(csv("van,near,0,1000,490", "van,near,1000,2500,595"));
  });

  test("comes back as it was", () => {
    fc.assert(
      fc.property(grids, (grid) => {
        const read = fromCsv(toCsv({ grid }));
        expect(read.problems).toEqual([]);
        expect(read.grid).toEqual(grid);
      }),
    );
    expect(fromCsv(toCsv(sampleTariff)).grid).toEqual(sampleTariff.grid);
    expect(validateVersion(withGrid(smallTariff, fromCsv(toCsv(smallTariff)).grid ?? []))).toEqual([]);
  });

  test("no cell makes a spreadsheet calculate", () => {
    fc.assert(
      fc.property(fc.constantFrom("=", "＝", " +", "\t-", "'@"), fc.string({ minLength: 1, maxLength: 9 }), (start, text) => {
        const bracket = { service: `${start}${text}`, zone: "z", weightFrom: 0, weightTo: 1, price: 1 };
        const written = toCsv({ grid: [bracket] });
        expect(written.split("\r\n")[1]).toStartWith(
          /[",;\r\n]|^\s|\s$/.test(`'${bracket.service}`) ? `"'${start}` : `'${start}`,
        );
        expect(fromCsv(written).grid).toEqual([bracket]);
      }),
    );
  });

  test("is read with semicolons, a byte order mark, lone line feeds, columns in any order, empty lines", () => {
    const text = `\uFEFFPrice;zone;service;weightTo;weightFrom\n490;near;"van";1000;0\n\n595;near;van;2500;1000`;
    expect(fromCsv(text)).toEqual({ grid: smallTariff.grid.slice(0, 2), problems: [] });
    // As a spreadsheet saves rows without a value.
    expect(fromCsv(`${text}\n;;;;\n  \n; ;"";;\n`)).toEqual({ grid: smallTariff.grid.slice(0, 2), problems: [] });
  });

  const cases: readonly (readonly [what: string, text: string, line: number, column: number, code: string])[] = [
    ["nothing", "", 1, 1, "malformed"],
    ["no bracket", csv(), 1, 1, "empty"],
    ["a missing column", "service,zone,weightFrom,weightTo\r\na,b,0,1", 1, 1, "malformed"],
    ["an unknown column", "service,zone,weightFrom,weightTo,prize\r\n", 1, 34, "malformed"],
    ["a column twice", "service,zone,zone,weightTo,price\r\n", 1, 14, "duplicate"],
    ["too few cells", csv("van,near,0,1000"), 2, 1, "malformed"],
    ["too many cells", csv("van,near,0,1000,1,1,1"), 2, 21, "too_many"],
    ["a decimal", csv("van,near,0,1000,4.90"), 2, 17, "not_a_number"],
    ["an exponent", csv("van,near,0,1e3,490"), 2, 12, "not_a_number"],
    ["a negative number", csv("van,near,0,1000,-1"), 2, 17, "not_a_number"],
    ["too great a price", csv(`van,near,0,1000,${priceMax + 1}`), 2, 17, "out_of_bounds"],
    ["too great a weight", csv(`van,near,0,${weightMax + 1},1`), 2, 12, "out_of_bounds"],
    ["an empty id", csv('van,"",0,1000,1'), 2, 5, "empty"],
    ["an end before its beginning", csv("van,near,0,10,1", "van,near,10,10,1"), 3, 13, "bad_order"],
    ["an overlap", csv("van,near,0,1000,1", "van,near,999,2000,2"), 3, 10, "overlap"],
    ["one within another", csv("van,near,0,9000,1", "van,near,100,200,2"), 3, 10, "overlap"],
    ["the same twice", csv("van,near,0,1000,1", "van,near,0,1000,1"), 3, 10, "overlap"],
    ["a hole", csv("van,near,0,1000,1", "van,near,1001,2000,2"), 3, 10, "hole"],
    ["a hole before the first", csv("van,near,1,1000,1"), 2, 10, "hole"],
    ["a hole in the order of weight, not of lines", csv("van,near,2000,3000,3", "van,near,0,1000,1"), 2, 10, "hole"],
    ["a price that falls", csv("van,near,0,1000,10", "van,near,1000,2000,9"), 3, 20, "price_falls"],
    ["a quote that is not closed", csv('van,near,0,1000,"1'), 2, 17, "malformed"],
    ["a quote within a cell", csv('va"n,near,0,1000,1'), 2, 1, "malformed"],
    ["text after a quote", csv('"van"x,near,0,1000,1'), 2, 6, "malformed"],
    ["a place after a line within a cell", csv('"v\nan",near,0,x,1'), 3, 12, "not_a_number"],
    ["a long cell", csv(`${"v".repeat(300)},near,0,1,1`), 2, 1, "out_of_bounds"],
    ["a long cell in quotes", csv(`"${"v".repeat(300)}",near,0,1,1`), 2, 1, "out_of_bounds"],
  ];
  test.each(cases)("%s is told with line and column", (_, text, line, column, code) => {
    const { grid, problems } = fromCsv(text);
    expect(grid).toBeUndefined();
    const [first] = problems;
    expect(first).toMatchObject({ line, column, code });
  });

  test("a bracket that reaches far overlaps with all that begin before its end", () => {
    const { problems } = fromCsv(csv("van,near,0,9000,1", "van,near,100,200,2", "van,near,200,300,3"));
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [3, "overlap"],
      [4, "overlap"],
    ]);
  });

  test("every bad cell is told, a hundred at most", () => {
    expect(fromCsv(csv("van,near,a,b,c")).problems.map(({ column }) => column)).toEqual([10, 12, 14]);
    expect(fromCsv(csv(...Array.from({ length: 500 }, () => "van,near,a,b,c"))).problems).toHaveLength(100);
  });

  test("more brackets or characters than allowed are refused", () => {
    const lines = Array.from({ length: gridMax + 1 }, (_, at) => `s,z,${at},${at + 1},1`);
    expect(fromCsv(csv(...lines)).problems[0]).toMatchObject({ code: "too_many" });
    expect(fromCsv(" ".repeat(4_000_001)).problems[0]).toMatchObject({ code: "too_many", line: 1 });
  });

  test("any text is read or told what is wrong", () => {
    const pieces = fc.constantFrom(header, "\r\n", "\n", "\r", ",", ";", '"', '""', "van", "0", "9", "\uFEFF", "é", "=", "'");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        for (const text of [parts.join(""), `${header}\n${parts.join("")}`]) {
          const { grid, problems } = fromCsv(text);
          expect(grid === undefined).toBe(problems.length > 0);
          for (const { line, column } of problems) expect(line > 0 && column > 0).toBeTrue();
        }
      }),
      { numRuns: 500 },
    );
  });
});
