import { expect, test } from "bun:test";
import { countsOf, filesIn, sum, verdict } from "./junit.ts";

const report = (attributes: string) =>
  `<?xml version="1.0"?>\n<testsuites name="bun test" ${attributes}>\n<testsuite tests="99" />`;

const cases: [string, string | undefined, number, string][] = [
  ["all good", report(`tests="3" failures="0" skipped="0"`), 0, "3 passed, 0 failed"],
  ["some failed, some skipped", report(`tests="6" failures="2" skipped="1"`), 1, "3 passed, 2 failed, 1 skipped"],
  ["a file that does not load", report(`tests="3" failures="0" skipped="0"`), 1, "3 passed, 1 failed"],
  ["nothing ran", report(`tests="0" failures="0" skipped="0"`), 0, "0 passed, 1 failed"],
  ["no report", undefined, 134, "0 passed, 1 failed"],
  ["no report and no error", undefined, 0, "0 passed, 1 failed"],
];

test.each(cases)("%s", (_, text, code, said) => {
  expect(verdict(countsOf(text, code))).toBe(said);
});

test("the counts of all steps", () => {
  const all = [
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 2, failed: 3, skipped: 4 },
  ];
  expect(sum(all)).toEqual({ passed: 3, failed: 3, skipped: 4 });
});

test("the files, and what failed in each", () => {
  const suite = (file: string, failures: number, inner = "") =>
    `  <testsuite name="${file}" file="${file}" tests="2" assertions="2" failures="${failures}" skipped="0" time="0.01">\n${inner}  </testsuite>\n`;
  const nested = `    <testsuite name="d" file="b.test.ts" line="2" tests="2" failures="1" skipped="0">\n    </testsuite>\n`;
  const text = `${report(`tests="6" failures="2" skipped="0"`)}\n${suite("a.test.ts", 0)}${suite("b.test.ts", 1, nested)}${suite("c.test.ts", 1)}`;
  expect(filesIn(text)).toEqual(
    new Map([
      ["a.test.ts", 0],
      ["b.test.ts", 1],
      ["c.test.ts", 1],
    ]),
  );
});
