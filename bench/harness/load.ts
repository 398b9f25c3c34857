/** Runs the load generator as a process of its own and charges the CPU time used meanwhile to the server and its database. */
import { join } from "node:path";
import type { Job, Load } from "./generator.ts";
import type { Running } from "./peer.ts";
import { cpuSeconds } from "./process-tree.ts";

export interface Measured extends Omit<Load, "nextNumber"> {
  /** Of the server and its database together. */
  readonly cpuSeconds: number;
  readonly callsPerSecond: number;
  readonly callsPerCpuSecond: number;
}

/** Nine digits, so that the length of a body stays the same. */
let nextNumber = 100_000_000;

/** Loads one peer. Throws with the generator's sentence when an answer is wrong. */
export async function load(running: Running, job: Omit<Job, "url" | "firstNumber">): Promise<Measured> {
  const whole: Job = { ...job, url: running.url, firstNumber: nextNumber };
  const before = cpuSeconds(running.pids);
  const generator = Bun.spawn([process.execPath, join(import.meta.dir, "generator.ts")], {
    stdin: new Blob([JSON.stringify(whole)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, problem, code] = await Promise.all([
    new Response(generator.stdout).text(),
    new Response(generator.stderr).text(),
    generator.exited,
  ]);
  if (code !== 0) throw new Error(problem.trim() || `the load generator ended with ${code}`);
  const used = cpuSeconds(running.pids) - before;
  const result = JSON.parse(output) as Load;
  nextNumber = result.nextNumber;
  return measured(result, used);
}

/** Adds what follows from the CPU time used, in seconds. */
export function measured(result: Omit<Load, "nextNumber">, used: number): Measured {
  const { calls, seconds, latency } = result;
  return { calls, seconds, latency, cpuSeconds: used, callsPerSecond: calls / seconds, callsPerCpuSecond: calls / used };
}
