/** The generated parts of the documentation are as the code is, the tables of limits are complete, and every link leads somewhere. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectFiles } from "../check/tree.ts";
import { limits } from "./limit.ts";
import { linksOf, slugsOf } from "./link.ts";
import { generatedNames, withGenerated } from "./markdown.ts";
import { generated } from "./reference.ts";
import { sourcesIn } from "./source.ts";

const root = join(import.meta.dir, "..", "..");
const files = projectFiles(root).filter((path) => path.endsWith(".md"));
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

test("generated parts are fresh: node bin/pons.mjs --run test/docs/write.ts makes them", () => {
  const stale = files.filter((path) => withGenerated(textOf(path), generated) !== textOf(path));
  expect(stale).toEqual([]);
});

test("every part that can be generated is somewhere", () => {
  const used = new Set(files.flatMap((path) => generatedNames(textOf(path))));
  expect(Object.keys(generated).filter((name) => !used.has(name))).toEqual([]);
});

test("every limit of the files that hold only limits is in the reference", () => {
  const listed = new Set(Object.values(limits).flatMap((group) => group.map(({ name }) => name)));
  const held = ["src/channels/rest/limits.ts", "src/store/limits.ts", "src/define/forms.ts"].flatMap((file) =>
    sourcesIn(file).flatMap(({ text }) =>
      [...text.matchAll(/^(?:export const| ) (\w+(?:Max|Min|Ms))(?: = |: )[\d_ *]+[,;]/gm)].map(([, name]) => name ?? ""),
    ),
  );
  expect(held.length).toBeGreaterThan(30);
  expect(held.filter((name) => !listed.has(name))).toEqual([]);
});

test("relative links and their fragments lead somewhere", () => {
  const broken = files.flatMap((path) =>
    linksOf(textOf(path)).flatMap(({ target, line }) => {
      if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
      const [file = "", fragment] = target.split("#");
      const found = file === "" ? path : join(dirname(path), decodeURIComponent(file));
      if (!existsSync(join(root, found))) return [`${path}:${line}: ${target} is not there`];
      if (fragment === undefined || !found.endsWith(".md") || slugsOf(textOf(found)).has(fragment)) return [];
      return [`${path}:${line}: ${found} has no heading #${fragment}`];
    }),
  );
  expect(broken).toEqual([]);
});
