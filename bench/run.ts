/**
 * The benchmarks: `npm run bench -- <topic> [--quick] [--cases get,list] [--peers fastify,drf] [--json file]`.
 *
 * A full run replaces the topic's section of RESULTS.md. `--quick` shows in two minutes that everything runs, and `--cases` and `--peers`
 * show a part; none of them writes to RESULTS.md. `--json` also writes every round to a file. Exit 0 when all was measured, whatever the
 * figures; 1 when an answer was wrong, a row is missing or a server failed: then there is no result; 64 (EX_USAGE) for a wrong command line.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./harness/machine.ts";
import { Report, withSection } from "./harness/report.ts";
import type { TopicRun } from "./harness/topic-run.ts";

const usage = "usage: npm run bench -- <topic> [--quick] [--cases a,b] [--peers a,b] [--json file]";
const folder = import.meta.dir;
const topics = readdirSync(folder).filter((name) => existsSync(join(folder, name, "topic.ts")));

function commandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        cases: { type: "string" },
        peers: { type: "string" },
        json: { type: "string" },
      },
    });
  } catch (error) {
    return wrongUsage((error as Error).message);
  }
}

function wrongUsage(why: string): never {
  process.stderr.write(`${why}\n${usage}\ntopics: ${topics.join(", ")}\n`);
  process.exit(64);
}

const { values, positionals } = commandLine();
const topic = positionals[0] ?? "";
if (positionals.length !== 1 || !topics.includes(topic)) wrongUsage(topic === "" ? "which topic?" : `there is no topic ${topic}`);

const { run } = (await import(join(folder, topic, "topic.ts"))) as { run: TopicRun };
// Leaving by process.exit() ends the servers that run.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
const work = join(folder, ".work");
mkdirSync(work, { recursive: true });
const scratch = mkdtempSync(join(work, `${topic}-`));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const report = new Report();
const given = process.argv.slice(2).join(" ");
const started = performance.now();
report.add(`## ${topic}`);
report.add(
  [
    `- Command: \`npm run bench -- ${given}\`, ${new Date().toISOString().slice(0, 10)}`,
    ...describeMachine().map((line) => `- ${line}`),
  ].join("\n"),
);
try {
  const list = (text: string | undefined) => text?.split(",").map((name) => name.trim());
  const figures = await run({
    report,
    folder: scratch,
    quick: values.quick,
    cases: list(values.cases),
    peers: list(values.peers),
  });
  report.add(`The run took ${Math.round((performance.now() - started) / 1000)} s.`);
  if (values.json !== undefined) await Bun.write(values.json, JSON.stringify(figures, undefined, 2));
  if (!values.quick && values.cases === undefined && values.peers === undefined) {
    const file = Bun.file(join(folder, "RESULTS.md"));
    await Bun.write(file, withSection((await file.exists()) ? await file.text() : "", topic, report.markdown));
    // As the format check wants it: tables with their columns in line.
    Bun.spawnSync([process.execPath, "fmt", join(folder, "RESULTS.md")], { stdout: "ignore" });
  }
} catch (error) {
  process.stderr.write(`no result: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
