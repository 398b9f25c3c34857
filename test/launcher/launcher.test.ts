/** The launcher as a user has it: a copy of the repository's bin/, package.json and package-lock.json, run by Node where there is one. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

const repository = join(import.meta.dir, "..", "..");
const runtime = Bun.which("node") ?? process.execPath;
const minute = 60_000;
/** The child: what it was given, then what it is told to do. */
const main = `
const [, , what, ...rest] = process.argv;
process.on("SIGTERM", () => { console.log("drained"); process.exit(0); });
console.log(JSON.stringify([what, ...rest]));
if (what === "exit") process.exit(Number(rest[0]));
if (what === "die") process.kill(process.pid, "SIGKILL");
if (what === "wait") setInterval(() => {}, 1000);
`;

let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "pons-launcher-"));
  cpSync(join(repository, "bin"), join(tree, "bin"), { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(repository, file), join(tree, file));
  symlinkSync(join(repository, "node_modules"), join(tree, "node_modules"));
  mkdirSync(join(tree, "src", "cli"), { recursive: true });
  writeFileSync(join(tree, "src", "cli", "main.ts"), main);
  writeFileSync(join(tree, "other.ts"), main);
});
afterAll(() => rmSync(tree, { recursive: true }));

/** npm's own variables, which a test run by npm inherits, would say that npm runs the launcher. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));

function launch(args: string[], options: { folder?: string; env?: Record<string, string> } = {}) {
  const folder = options.folder ?? tree;
  return Bun.spawn([runtime, join(folder, "bin", "pons.mjs"), ...args], {
    cwd: folder,
    env: { ...environment, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function outcome(child: ReturnType<typeof launch>) {
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, err, code };
}

const runs: [string, string[], string, number][] = [
  ["the command line gets every argument", ["call", "--perPage", "5", "a b", ""], '["call","--perPage","5","a b",""]', 0],
  ["the exit code is the child's", ["exit", "7"], '["exit","7"]', 7],
  ["a signal that ended the child is 128 + its number", ["die"], '["die"]', 128 + constants.signals.SIGKILL],
  ["--run runs another script", ["--run", "other.ts", "exit", "3"], '["exit","3"]', 3],
  ["--bun is Bun itself", ["--bun", "-e", "console.log(1 + 1)"], "2", 0],
];
test.each(runs)(
  "%s",
  async (_, args, out, code) => {
    expect(await outcome(launch(args))).toEqual({ out: `${out}\n`, err: "", code });
  },
  minute,
);

test(
  "SIGTERM reaches the child, which ends in its own way",
  async () => {
    const child = launch(["wait"]);
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGTERM");
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("drained\n");
    expect(await child.exited).toBe(0);
  },
  minute,
);

const refusals: [string, string[], Record<string, string>, string][] = [
  ["--run without a file", ["--run"], {}, "pons: --run expects the file to run\n"],
  [
    "a PONS_BUN that is no file",
    ["call"],
    { PONS_BUN: "nowhere" },
    'pons: PONS_BUN is "nowhere", expected the path of a Bun binary\n',
  ],
];
test.each(refusals)(
  "%s is told in a line, exit 69",
  async (_, args, env, err) => {
    expect(await outcome(launch(args, { env }))).toEqual({ out: "", err, code: 69 });
  },
  minute,
);

/** A copy whose dependencies are not there, and a program `npm` that does what the script says. */
function bareTree(npm: string): { folder: string; env: Record<string, string> } {
  const folder = mkdtempSync(join(tree, "bare-"));
  for (const part of ["bin", "src", "package.json", "package-lock.json"])
    cpSync(join(tree, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, "programs"));
  writeFileSync(join(folder, "programs", "npm"), `#!/bin/sh\n${npm}\n`);
  chmodSync(join(folder, "programs", "npm"), 0o755);
  return { folder, env: { PATH: `${join(folder, "programs")}:${process.env["PATH"]}`, PONS_BUN: process.execPath } };
}

test(
  "SECURITY 66: installs what is missing, once, without install scripts",
  async () => {
    const place = bareTree(`[ "$1" = --version ] || { echo "$@" >> calls; ln -s "${repository}/node_modules" node_modules; }`);
    const first = await outcome(launch(["call"], place));
    expect(first.err).toMatch(
      /^pons: installing dependencies with npm ci \(once; node_modules\/\S+ is missing or outdated\) \.\.\.\n$/,
    );
    expect({ out: first.out, code: first.code }).toEqual({ out: '["call"]\n', code: 0 });
    expect(await outcome(launch(["call"], place))).toEqual({ out: '["call"]\n', err: "", code: 0 });
    const calls = readFileSync(join(place.folder, "calls"), "utf8");
    expect(calls).toMatch(/^ci .*--ignore-scripts\n$/);
  },
  minute,
);

test(
  "says why it could not install",
  async () => {
    const place = bareTree(`[ "$1" = --version ] || { echo "npm error code ENOTFOUND" >&2; exit 1; }`);
    const { err, code } = await outcome(launch(["call"], place));
    expect(err).toEndWith("pons: npm ci failed (exit 1):\nnpm error code ENOTFOUND\n");
    expect(code).toBe(69);
  },
  minute,
);

test(
  "installs again where package-lock.json has changed",
  async () => {
    const place = bareTree(`[ "$1" = --version ] || exit 1`);
    symlinkSync(join(repository, "node_modules"), join(place.folder, "node_modules"));
    expect((await outcome(launch(["call"], place))).code).toBe(0);
    const lock = JSON.parse(readFileSync(join(place.folder, "package-lock.json"), "utf8"));
    lock.packages["node_modules/typebox"].version = "0.0.1";
    writeFileSync(join(place.folder, "package-lock.json"), JSON.stringify(lock));
    expect((await outcome(launch(["call"], place))).err).toStartWith(
      "pons: installing dependencies with npm ci (once; node_modules/typebox is",
    );
  },
  minute,
);
