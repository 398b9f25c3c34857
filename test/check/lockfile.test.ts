import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLockfile } from "./lockfile.ts";
import { report } from "./violation.ts";

const good = { version: "1.0.0", integrity: "sha512-x" };

function verdict(dependencies: Record<string, string>, packages: Record<string, unknown> | undefined): string {
  const root = mkdtempSync(join(tmpdir(), "pons-lock-"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ dependencies }));
  if (packages)
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { "": { dependencies }, ...packages } }));
  const said = report(checkLockfile(root));
  rmSync(root, { recursive: true });
  return said;
}

const platforms = { optionalDependencies: { "@a/linux": "1.0.0", "@a/mac": "1.0.0" } };
const cases: [string, Record<string, string>, Record<string, unknown> | undefined, string][] = [
  [
    "complete",
    { a: "1.0.0" },
    { "node_modules/a": { ...good, ...platforms }, "node_modules/@a/linux": good, "node_modules/@a/mac": good },
    "",
  ],
  [
    "nested",
    { a: "1.0.0" },
    { "node_modules/a": { ...good, dependencies: { b: "1" } }, "node_modules/a/node_modules/b": good },
    "",
  ],
  [
    "found above",
    { a: "1.0.0" },
    { "node_modules/a": good, "node_modules/a/node_modules/c": { ...good, dependencies: { b: "1" } }, "node_modules/b": good },
    "",
  ],
  [
    "a platform is missing",
    { a: "1.0.0" },
    { "node_modules/a": { ...good, ...platforms }, "node_modules/@a/linux": good },
    "package-lock.json:1: lacks @a/mac of node_modules/a: take a version whose packages are all there",
  ],
  ["a range", { a: "^1.0.0" }, { "node_modules/a": good }, 'package.json:1: a is "^1.0.0", expected one exact version'],
  ["no hash", { a: "1.0.0" }, { "node_modules/a": { version: "1.0.0" } }, "package-lock.json:1: node_modules/a has no hash"],
  ["no lock", {}, undefined, "package-lock.json:1: is missing: npm install writes it"],
];

test.each(cases)("%s", (_, dependencies, packages, said) => {
  expect(verdict(dependencies, packages)).toBe(said);
});
