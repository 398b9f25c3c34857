import { expect } from "bun:test";
import { join } from "node:path";
import type { LimitRule } from "../../src/limits/rule.ts";
import type { NodeJob, NodeResult } from "./node.ts";
import { redisTest as test, startRedis } from "./redis-server.ts";

const program = join(import.meta.dir, "node.ts");

async function runNode(job: NodeJob): Promise<NodeResult> {
  await using child = Bun.spawn([process.execPath, program], {
    stdin: new Blob([JSON.stringify(job)]),
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, NODE_ENV: "test" },
  });
  const [out, code] = await Promise.all([child.stdout.text(), child.exited]);
  if (code !== 0) throw new Error(`a node ended with ${code}`);
  return JSON.parse(out) as NodeResult;
}

for (const kind of ["burst", "rate", "quota"] as const)
  test(`SECURITY 56: ${kind}: three processes admit a limit together, within 1 %`, async () => {
    await using redis = await startRedis();
    const rule: LimitRule = {
      name: kind,
      kind,
      limit: 20_000,
      key: "acme/live",
      ...(kind === "quota" ? { windowSeconds: 0, period: "month" } : { windowSeconds: 86_400 }),
    };
    const job = { url: redis.url, nodes: 3, rule, calls: 30_000, clients: 50, startMs: Date.now() + 1_500 };
    const results = await Promise.all([1, 2, 3].map(() => runNode(job)));
    const sum = (of: (result: NodeResult) => number) => results.reduce((total, result) => total + of(result), 0);
    expect(sum(({ admitted, denied }) => admitted + denied)).toBe(90_000);
    expect(sum(({ admitted }) => admitted)).toBeLessThanOrEqual(20_000 * 1.01);
    for (const { admitted } of results) expect(admitted).toBeGreaterThan(200);
    // Every process asked for more than its part, so next to nothing is left over.
    expect(sum(({ admitted }) => admitted)).toBeGreaterThanOrEqual(20_000 * 0.98);
  }, 60_000);
