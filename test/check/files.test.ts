import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkFiles, checkText } from "./files.ts";
import { report } from "./violation.ts";

/** Written in two parts, since this file is checked too. */
const two = (first: string, second: string) => `${first}${second}`;

describe("text", () => {
  const refused: [string, string, string][] = [
    ["src/a.ts", two(`const a = "/wo`, `rk/main/x";`), "path of somebody's machine"],
    ["README.md", two("run /ho", "me/ann/pons/bin"), "path of somebody's machine"],
    ["README.md", two("see C:\\Us", "ers\\ann"), "path of somebody's machine"],
    [".npmrc", two("registry=https://regi", "stry.example.org/"), "package registry's host"],
    ["a.md", two("https://proxy.corp/artif", "actory/npm"), ""],
    ["a.md", two("https://artif", "actory.corp/npm"), "package registry's host"],
    ["package-lock.json", two(`"resolved": "ht`, `tps://example.org/x.tgz"`), "package registry's host"],
    ["src/a.ts", two("// TO", "DO later"), "work left undone"],
    ["src/a.test.ts", two("test.sk", `ip("x", () => {});`), "give the reason"],
    ["src/a.test.ts", two("describe.on", `ly("x", () => {});`), "give the reason"],
  ];
  test.each(refused)("%s %s", (file, text, message) => {
    const found = checkText(file, `first\n${text}\n`);
    expect(found.map(({ line }) => line)).toEqual(message === "" ? [] : [2]);
    expect(report(found)).toContain(message);
  });

  const allowed: [string, string][] = [
    ["src/a.ts", `const url = "https://example.org/work/orders";`],
    ["src/a.ts", `const path = "/network/home";`],
    ["src/a.ts", `const todo = items.filter((item) => !item.done);`],
    ["src/a.test.ts", two(`test.sk`, `ip("x", () => {}); // the peer refuses this on Windows`)],
    ["src/a.test.ts", two(`// Darwin has no /proc\ntest.sk`, `ipIf(mac)("x", () => {});`)],
    ["logo.png", two("\0/wo", "rk/main/x")],
  ];
  test.each(allowed)("%s: no false alarm, case %#", (file, text) => {
    expect(checkText(file, text)).toEqual([]);
  });
});

test("names: kebab-case, and no drawers", () => {
  const root = mkdtempSync(join(tmpdir(), "pons-files-"));
  mkdirSync(join(root, "src", "define"), { recursive: true });
  mkdirSync(join(root, "node_modules", "Other"), { recursive: true });
  const names = [
    "src/define/field.ts",
    "src/define/field.test.ts",
    "src/define/rowFilter.ts",
    "src/define/utils.ts",
    "README.md",
  ];
  for (const name of [...names, "node_modules/Other/Index.ts"]) writeFileSync(join(root, name), "");
  expect(report(checkFiles(root))).toBe(
    'src/define/rowFilter.ts:1: "rowFilter.ts" is not kebab-case\nsrc/define/utils.ts:1: "utils.ts" names a drawer, not what the file holds',
  );
  rmSync(root, { recursive: true });
});
