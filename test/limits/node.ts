/**
 * A node as a process of its own: makes calls against one limit as fast as the answers come, as several clients would, and prints how many were
 * admitted. Reads one NodeJob as JSON from standard input.
 */
import { ClusterLimiter } from "../../src/limits/cluster/cluster-limiter.ts";
import type { LimitRule } from "../../src/limits/rule.ts";

export interface NodeJob {
  readonly url: string;
  readonly nodes: number;
  readonly rule: LimitRule;
  readonly calls: number;
  readonly clients: number;
  /** Wall-clock instant at which all nodes begin. */
  readonly startMs: number;
}

export interface NodeResult {
  readonly admitted: number;
  readonly denied: number;
  /** Milliseconds from the first call to the last answer. */
  readonly elapsedMs: number;
}

async function run(job: NodeJob): Promise<NodeResult> {
  await using limiter = new ClusterLimiter({ url: job.url, whenAway: "closed", nodes: job.nodes, timeoutMs: 5_000 });
  await limiter.ready(5_000);
  await Bun.sleep(Math.max(0, job.startMs - Date.now()));
  const startMs = performance.now();
  const rules = [job.rule];
  let admitted = 0;
  let denied = 0;
  let left = job.calls;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const admission = await limiter.admit(rules, 1, Date.now());
      if (admission.ok) admitted += 1;
      else if (admission.reason === "store_unavailable") throw new Error("the store was away");
      else denied += 1;
    }
  };
  await Promise.all(Array.from({ length: job.clients }, client));
  return { admitted, denied, elapsedMs: performance.now() - startMs };
}

if (import.meta.main) process.stdout.write(JSON.stringify(await run((await Bun.stdin.json()) as NodeJob)));
