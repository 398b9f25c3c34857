/**
 * The whole test command:
 *
 *   npm test                          type check, format, lint, imports, files, then every test on both databases
 *   npm test -- src/store bank        only the test files whose path contains one of these
 *   npm test -- --step lint           only that step; may be repeated
 *
 * Ends with one line `N passed, N failed` (and `, N skipped` where something was); a check counts as one. Exit code 0 only where something
 * ran and nothing failed; 128 + signal after SIGINT or SIGTERM. Whatever it started ends with it. Limit: 40 minutes, and a
 * day where PONS_FUZZ_RUNS asks for long runs (`npm run fuzz`).
 */
import { constants } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Counts, sum, verdict } from "./run/junit.ts";
import { steps } from "./run/step.ts";

const limitMs = (process.env["PONS_FUZZ_RUNS"] ? 24 * 60 : 40) * 60_000;

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  options: { step: { type: "string", multiple: true } },
  allowPositionals: true,
});
const wanted = values.step ?? (positionals.length > 0 ? ["tests"] : steps.map(({ name }) => name));
const unknown = wanted.find((name) => !steps.some((step) => step.name === name));
if (unknown !== undefined) {
  console.error(`there is no step ${unknown}: ${steps.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const ending = new AbortController();
let endedBy: NodeJS.Signals | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    endedBy = signal;
    ending.abort();
  });
}
const limit = setTimeout(() => {
  console.error(`\nended after ${limitMs / 60_000} minutes`);
  ending.abort();
}, limitMs);

const context = { root: join(import.meta.dir, ".."), filters: positionals, signal: ending.signal };
const results: { name: string; counts: Counts }[] = [];
for (const { name, run } of steps.filter((step) => wanted.includes(step.name))) {
  if (ending.signal.aborted) break;
  console.log(`\n── ${name} ${"─".repeat(Math.max(0, 60 - name.length))}`);
  const start = performance.now();
  const counts = await run(context).catch((error: unknown): Counts => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
    return { passed: 0, failed: 1, skipped: 0 };
  });
  results.push({ name, counts });
  console.log(`   ${name}: ${counts.failed === 0 ? "good" : "failed"}, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
clearTimeout(limit);

const total = sum(results.map(({ counts }) => counts));
const cut = ending.signal.aborted && total.failed === 0 ? { ...total, failed: 1 } : total;
const failed = results.filter(({ counts }) => counts.failed > 0).map(({ name }) => name);
console.log(failed.length > 0 ? `\nfailed: ${failed.join(", ")}\n` : "");
console.log(verdict(cut));
process.exit(endedBy !== undefined ? 128 + constants.signals[endedBy] : cut.failed > 0 || cut.passed === 0 ? 1 : 0);
