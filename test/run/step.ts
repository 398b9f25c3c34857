/** The steps of the test command. Each prints what is wrong and answers with counts; a check counts as one. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { checkFiles } from "../check/files.ts";
import { checkImports } from "../check/imports.ts";
import { checkLockfile } from "../check/lockfile.ts";
import { report, type Violation } from "../check/violation.ts";
import { startPostgres } from "../postgres/index.ts";
import { bundle } from "./bundle.ts";
import { type Counts, countsOf, filesIn, verdict } from "./junit.ts";
import { memoryFolder } from "./memory-folder.ts";

export interface Context {
  readonly root: string;
  /** Filters for test files, as `bun test` takes them; none: every test. */
  readonly filters: readonly string[];
  /** Aborted at the deadline and at a signal: whatever runs is ended. */
  readonly signal: AbortSignal;
}

export interface Step {
  readonly name: string;
  readonly run: (context: Context) => Promise<Counts>;
}

/** What hangs ends; a busy machine takes ten times as long as a quiet one. */
const testTimeoutMs = 60_000;
const parallelMax = 4;
/** Between asking a command to end and killing it. */
const graceMs = 5_000;

const asCounts = (isGood: boolean): Counts => ({ passed: isGood ? 1 : 0, failed: isGood ? 0 : 1, skipped: 0 });

/** Ends with the abort of the context; its exit code, 128 + signal where one ended it. */
async function bun(args: readonly string[], { root, signal }: Context, env: Record<string, string> = {}): Promise<number> {
  if (signal.aborted) return 1;
  const stdio = ["ignore", "inherit", "inherit"] as const;
  const child: Subprocess = Bun.spawn([process.execPath, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: [...stdio],
  });
  const end = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), graceMs).unref();
  };
  signal.addEventListener("abort", end, { once: true });
  const code = await child.exited;
  signal.removeEventListener("abort", end);
  return code;
}

const command =
  (...args: string[]) =>
  async (context: Context) =>
    asCounts((await bun(args, context)) === 0);

const check =
  (find: (root: string) => Violation[]) =>
  async ({ root }: Context) => {
    const found = find(root);
    if (found.length > 0) console.log(report(found));
    return asCounts(found.length === 0);
  };

/** More files than these fail for a reason; fewer may have failed because the machine was slow for a moment. */
const againMax = 5;
/** What is lost there once in a hundred times is lost: no second run. */
const neverAgain = /^test\/faults\/|invariant|(?:kill|watermark-nodes)\.test\.ts$/;

const testFiles = "{src,services,test,bench}/**/*.test.ts";

interface TestRun {
  readonly workers: number;
  readonly filters: readonly string[];
  readonly environment: Record<string, string>;
  readonly reportFile: string;
}

/** One run of `bun test`: its counts, and how many tests failed in each file it told of. */
async function runTests(
  context: Context,
  { workers, filters, environment, reportFile }: TestRun,
): Promise<{ readonly counts: Counts; readonly files: ReadonlyMap<string, number> }> {
  const args = ["test", `--parallel=${workers}`, `--timeout=${testTimeoutMs}`, "--only-failures"];
  args.push("--reporter=junit", `--reporter-outfile=${reportFile}`, ...filters);
  const code = await bun(args, context, environment);
  const file = Bun.file(reportFile);
  const text = (await file.exists()) ? await file.text() : undefined;
  return { counts: countsOf(text, code), files: filesIn(text ?? "") };
}

/**
 * Memory that was freed is kept for what comes next instead of being given back to the system at once and asked for again, page by page: a third of the
 * processor time of many files, for a tenth more memory. An option of mimalloc, Bun's allocator, in milliseconds; -1 is never.
 */
const memoryKept = { MIMALLOC_PURGE_DELAY: process.env["MIMALLOC_PURGE_DELAY"] ?? "-1" };

/** What servers that tests start are made of. A tree that cannot be bundled has tests that say so better; they start from its sources. */
const bundled = async (root: string, folder: string): Promise<Record<string, string>> => {
  try {
    return { PONS_TEST_MAIN: await bundle({ root, folder }) };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return {};
  }
};

/**
 * Unit and end-to-end tests, with a Postgres they share unless PONS_TEST_POSTGRES_URL names one. Of a whole run in which every file was loaded, a few that
 * failed run once more, by themselves: what fails again has failed; what passes is named as unsteady, a mistake in a test or worse, to be looked into.
 * Temporary files are in memory where the machine has room, and servers that tests start are read from a bundle.
 */
async function tests(context: Context): Promise<Counts> {
  using memory = memoryFolder();
  if (memory !== undefined) process.env["TMPDIR"] = memory.path;
  const folder = mkdtempSync(join(tmpdir(), "pons-report-"));
  const main = bundled(context.root, folder);
  const given = process.env["PONS_TEST_POSTGRES_URL"];
  const server = given ? undefined : await startPostgres({ fsync: false });
  try {
    const environment = { ...memoryKept, PONS_TEST_POSTGRES_URL: given ?? server?.url ?? "", ...(await main) };
    const workers = Math.min(availableParallelism(), parallelMax);
    const reportFile = join(folder, "junit.xml");
    const { counts, files } = await runTests(context, { workers, filters: context.filters, environment, reportFile });
    const failed = [...files].filter(([, failures]) => failures > 0).map(([file]) => file);
    const isOnceMore =
      context.filters.length === 0 &&
      failed.length > 0 &&
      failed.length <= againMax &&
      failed.every((file) => !neverAgain.test(file)) &&
      [...new Bun.Glob(testFiles).scanSync(context.root)].every((file) => files.has(file));
    if (!isOnceMore) return counts;
    console.log(`\nonce more, by themselves: ${failed.join(", ")}`);
    const filters = failed.map((file) => `./${file}`);
    const again = await runTests(context, { workers: 1, filters, environment, reportFile: join(folder, "again.xml") });
    if (again.counts.failed > 0) return counts;
    console.log(`unsteady, passed when run again (${verdict(counts)} at first): ${failed.join(", ")}`);
    return { ...counts, passed: counts.passed + counts.failed, failed: 0 };
  } finally {
    await server?.stop();
    if (memory !== undefined) delete process.env["TMPDIR"];
    rmSync(folder, { recursive: true, force: true });
  }
}

export const steps: readonly Step[] = [
  { name: "types", run: command("check", "--no-script", "--no-pretty") },
  { name: "format", run: command("fmt", "--no-script", "--check") },
  { name: "lint", run: command(join("node_modules", "oxlint", "bin", "oxlint"), "--deny-warnings") },
  { name: "imports", run: check(checkImports) },
  { name: "files", run: check((root) => [...checkLockfile(root), ...checkFiles(root)]) },
  { name: "tests", run: tests },
];
