/** The documents of the library and of the bank, in every version, pass two public linters without an error: Redocly CLI and Spectral. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import bank from "../../services/bank/index.ts";
import { compile } from "../../src/contract/compile.ts";
import { openapi } from "../../src/contract/openapi/index.ts";
import { versionViews } from "../../src/contract/versions.ts";
import library from "./library.ts";
import { toolsFolder } from "./tools/install.ts";

setDefaultTimeout(240_000);

let tools = "";
let folder = "";
/** Spectral takes seconds for each: the newest of the one, the oldest of the other. It knows OpenAPI up to 3.1. */
const spectralReads: ReadonlySet<string> = new Set([`bank ${bank.version}`, "library v1"]);
/** Files by what reads them. */
const files: { all: string[]; spectral: string[] } = { all: [], spectral: [] };

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The document with each refusal that operations share at the first of them alone. Spectral puts in place of a reference what it refers to, and so examines the
 * same forty responses, with their examples, for every one of the hundreds of operations again. That all of them are there and refer to something is seen by
 * Redocly, which reads the whole.
 */
const withSharedRefusalsOnce = (document: object): string => {
  const seen = new Set<unknown>();
  const isAgain = (status: string, response: unknown): boolean => {
    if (!/^[45]/.test(status) || !isObject(response) || response["$ref"] === undefined) return false;
    if (seen.has(response["$ref"])) return true;
    seen.add(response["$ref"]);
    return false;
  };
  return JSON.stringify(document, (key, value: unknown) =>
    key === "responses" && isObject(value)
      ? Object.fromEntries(Object.entries(value).filter(([status, response]) => !isAgain(status, response)))
      : value,
  );
};

beforeAll(async () => {
  tools = await toolsFolder();
  folder = await mkdtemp(join(tmpdir(), "pons-openapi-"));
  for (const contract of [compile(library), compile(bank)]) {
    for (const version of versionViews(contract).keys()) {
      for (const specVersion of ["3.1.2", "3.2.0"] as const) {
        const name = join(folder, `${contract.service}-${version}-${specVersion}`);
        const document = openapi(contract, { version, specVersion });
        await writeFile(`${name}.json`, JSON.stringify(document));
        files.all.push(`${name}.json`);
        if (specVersion !== "3.1.2" || !spectralReads.has(`${contract.service} ${version}`)) continue;
        await writeFile(`${name}-once.json`, withSharedRefusalsOnce(document));
        files.spectral.push(`${name}-once.json`);
      }
    }
  }
  await writeFile(join(folder, "redocly.yaml"), "extends: [recommended]\n");
  await writeFile(join(folder, ".spectral.yaml"), 'extends: ["spectral:oas"]\n');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (script: string, args: readonly string[]): Promise<{ code: number; output: string }> => {
  const child = Bun.spawn(["node", join(tools, "node_modules", script), ...args], {
    cwd: folder,
    env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, output, errors] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, output: output || errors };
};

interface RedoclyReport {
  readonly totals: { readonly errors: number; readonly warnings: number };
  readonly problems: readonly {
    readonly severity: string;
    readonly ruleId: string;
    readonly message: string;
    readonly location: readonly { readonly pointer?: string }[];
  }[];
}

/** One report per file, one behind the other. */
const reportsIn = (output: string): RedoclyReport[] =>
  output.split(/(?<=^\})\s*(?=\{)/m).map((text) => JSON.parse(text) as RedoclyReport);

test("Redocly CLI, OpenAPI 3.1 and 3.2: no error and no warning", async () => {
  const { output } = await run("@redocly/cli/bin/cli.js", ["lint", ...files.all, "--config", "redocly.yaml", "--format", "json"]);
  const reports = reportsIn(output);
  expect(reports).toHaveLength(files.all.length);
  const told = reports
    .flatMap(({ problems }) => problems)
    .map(({ severity, ruleId, message, location }) => `${severity} ${ruleId} ${message} ${location[0]?.pointer ?? ""}`);
  expect(told.slice(0, 10)).toEqual([]);
});

interface SpectralProblem {
  readonly code: string;
  readonly message: string;
  readonly path: readonly string[];
  readonly severity: number;
}

test("Spectral, OpenAPI 3.1: no error and no warning", async () => {
  expect(files.spectral).toHaveLength(spectralReads.size);
  const { output } = await run("@stoplight/spectral-cli/dist/index.js", [
    "lint",
    ...files.spectral,
    "-r",
    ".spectral.yaml",
    "-f",
    "json",
    "--quiet",
  ]);
  const problems = JSON.parse(output) as SpectralProblem[];
  expect(problems.map(({ code, message, path }) => `${code} ${message} ${path.join(".")}`).slice(0, 10)).toEqual([]);
});

test("the linters find what is wrong", async () => {
  const broken = join(folder, "broken.json");
  await writeFile(broken, JSON.stringify({ ...openapi(compile(library)), paths: { "/a/{id}": { get: { responses: {} } } } }));
  const redocly = await run("@redocly/cli/bin/cli.js", ["lint", broken, "--config", "redocly.yaml", "--format", "json"]);
  expect(reportsIn(redocly.output)[0]?.totals.errors).toBeGreaterThan(0);
  const spectral = await run("@stoplight/spectral-cli/dist/index.js", [
    "lint",
    broken,
    "-r",
    ".spectral.yaml",
    "-f",
    "json",
    "--quiet",
  ]);
  expect((JSON.parse(spectral.output) as SpectralProblem[]).some(({ severity }) => severity === 0)).toBe(true);
});
