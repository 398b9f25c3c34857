import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkImports } from "./imports.ts";
import { importsOf } from "./scan.ts";
import { report } from "./violation.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "pons-imports-"));
});
afterAll(() => rmSync(root, { recursive: true }));

/** The report on a made-up tree. */
function verdict(files: Record<string, string>): string {
  const tree = mkdtempSync(join(root, "tree-"));
  const all: Record<string, string> = {
    "package.json": `{ "dependencies": { "typebox": "1" }, "devDependencies": { "fast-check": "1" } }`,
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  return report(checkImports(tree));
}

const to = (specifier: string) => `import { x } from "${specifier}";\nx();\n`;

describe("allowed", () => {
  const allowed: [string, string, string][] = [
    ["what stands left", "src/cli/a.ts", "../define/index.ts"],
    ["itself", "src/batch/a.ts", "./writer.ts"],
    ["a leaf by who may use it", "src/sources/a.ts", "../store/sqlite/statement.ts"],
    ["a leaf that imports the pipeline", "src/store/a.ts", "../pipeline/index.ts"],
    ["a leaf by its index", "src/events/a.ts", "../store/index.ts"],
    ["the public entry importing a layer", "src/index.ts", "./define/index.ts"],
    ["a dependency", "src/define/a.ts", "typebox/value"],
    ["Bun and Node", "src/store/a.ts", "bun:sqlite"],
    ["a service importing the public entry", "services/bank/a.ts", "pons"],
    ["a service importing its own file", "services/bank/rules/a.ts", "../money.ts"],
    ["a test beside its unit", "src/define/a.test.ts", "../host/index.ts"],
    ["the launcher importing Node", "bin/a.mjs", "node:fs"],
    ["the launcher importing itself", "bin/a.mjs", "./install.mjs"],
  ];
  test.each(allowed)("%s", (_, file, specifier) => {
    expect(verdict({ [file]: to(specifier) })).toBe("");
  });
});

test("the store's types where tables are compiled and reads are planned", () => {
  const types = `import type { Row } from "../store/store.ts";\nexport type Own = Row;\n`;
  expect(verdict({ "src/contract/a.ts": types, "src/pipeline/a.ts": types })).toBe("");
  expect(verdict({ "src/channels/a.ts": types })).toContain("channels may not import store");
});

describe("refused", () => {
  const refused: [string, string, string, string][] = [
    [
      "what stands right",
      "src/define/a.ts",
      "../contract/index.ts",
      "src/define/a.ts:1: define may not import contract: only itself",
    ],
    [
      "a channel in the pipeline",
      "src/pipeline/a.ts",
      "../channels/rest/x.ts",
      "pipeline may not import channels: only define, contract, itself",
    ],
    ["a leaf importing a channel", "src/observe/a.ts", "../channels/index.ts", "observe may not import channels"],
    ["a leaf importing the host", "src/store/a.ts", "../host/boot.ts", "store may not import host"],
    [
      "a leaf past another's index",
      "src/events/a.ts",
      "../store/sqlite/x.ts",
      "events may import store only by src/store/index.ts",
    ],
    [
      "the store in a channel",
      "src/channels/rest/a.ts",
      "../../store/index.ts",
      "channels may not import store: only pipeline, batch, audit, sources, manage",
    ],
    ["the store in the contract", "src/contract/a.ts", "../store/index.ts", "contract may not import store"],
    ["a folder without a place", "src/define/a.ts", "../magic/x.ts", "src/magic has no place in the order of imports"],
    ["what only tests use", "src/host/a.ts", "./plain.arbitrary.ts", "only tests may import src/host/plain.arbitrary.ts"],
    ["a service in src", "src/host/a.ts", "../../services/bank/index.ts", "src may not import services/bank/index.ts"],
    ["a test in src", "src/host/a.ts", "../../test/postgres/index.ts", "src may not import test/postgres/index.ts"],
    ["the public entry in src", "src/host/a.ts", "../index.ts", "host may not import the public entry"],
    ["pons in src", "src/host/a.ts", "pons", 'src may not import "pons"'],
    ["a development dependency", "src/define/a.ts", "fast-check", "fast-check is not among the dependencies"],
    [
      "the inside of Pons in a service",
      "services/bank/a.ts",
      "../../src/store/index.ts",
      'only "pons" and its own files, not src/store/index.ts',
    ],
    ["another service", "services/bank/a.ts", "../delivery/index.ts", "not services/delivery/index.ts"],
    ["a package in a service", "services/bank/a.ts", "typebox", "not typebox"],
    ["a package in the launcher", "bin/a.mjs", "typebox", "only Node's built-in modules, not typebox"],
  ];
  test.each(refused)("%s", (_, file, specifier, message) => {
    const said = verdict({ [file]: to(specifier) });
    expect(said).toContain(message);
    expect(said.split("\n")).toHaveLength(1);
  });

  test("folders in a circle, by the table each allowed", () => {
    const said = verdict({ "src/observe/b.ts": to("../pipeline/a.ts"), "src/pipeline/a.ts": `\n\n${to("../observe/index.ts")}` });
    expect(said).toBe("src/pipeline/a.ts:3: folders import in a circle: observe → pipeline → observe");
  });
});

describe("an import is seen", () => {
  const seen: [string, string][] = [
    ["of values", `import { a } from "./x.ts";`],
    ["of types", `import type { A } from "./x.ts";`],
    ["of types over several lines", `import type {\n  A,\n} from "./x.ts";`],
    ["of a type among values", `import { type A, b } from "./x.ts";`],
    ["for its effect", `import "./x.ts";`],
    ["dynamic", `const x = await import("./x.ts");`],
    ["exported again", `export { a } from "./x.ts";`],
    ["types exported again", `export type { A } from "./x.ts";`],
    ["all exported again", `export type * from "./x.ts";`],
  ];
  test.each(seen)("%s", (_, code) => {
    const found = importsOf("a.ts", `${code}\nexport type Own = { a: 1 };\n`);
    const isTypeOnly = /^(import|export) type/.test(code);
    expect(found).toEqual([{ specifier: "./x.ts", line: code.split("\n").length, isTypeOnly }]);
  });

  test("behind a line for the shell", () => {
    expect(importsOf("a.mjs", `#!/usr/bin/env node\nimport "./x.mjs";\n`)).toEqual([
      { specifier: "./x.mjs", line: 2, isTypeOnly: false },
    ]);
  });

  test("but not in a comment or a string", () => {
    expect(importsOf("a.ts", '// import "./x.ts";\nexport const text = `\nimport { a } from "./y.ts";\n`;\n')).toEqual([]);
  });

  test("and a file that is no code is told by its name", () => {
    expect(() => importsOf("broken.ts", "import {{")).toThrow("broken.ts cannot be parsed");
  });
});
