/**
 * What limits cost: nanoseconds per call that is admitted under three rules (burst, rate, daily quota), denied, and admitted with its RateLimit fields
 * written; bytes per key. One process, one thread, no store. Time is the processor's, so that what else runs on the machine counts less.
 *
 *   node bin/pons.mjs --run bench/gate/limits.ts
 */
import { heapStats } from "bun:jsc";
import { RateLimitFormatter } from "../../src/limits/fields.ts";
import { MemoryLimiter } from "../../src/limits/memory-limiter.ts";
import type { Admission, LimitRule } from "../../src/limits/rule.ts";

const keyCount = 10_000;
const callCount = 2_000_000;
const rounds = 5;
const memoryKeys = 1_000_000;

const rulesOf = (index: number, limit: number): readonly LimitRule[] => {
  const key = `acme/live/app_${index}/bank.transfers.create`;
  return [
    { name: "burst", kind: "burst", limit, windowSeconds: 10, key },
    { name: "minute", kind: "rate", limit, windowSeconds: 60, key },
    { name: "daily", kind: "quota", limit, windowSeconds: 0, period: "day", key },
  ];
};

/** Nanoseconds per call, the median of the rounds after one that does not count. */
function measure(limiter: MemoryLimiter, all: readonly (readonly LimitRule[])[], use: (admission: Admission) => void): number {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = process.cpuUsage();
    for (let call = 0; call < callCount; call++) {
      const admission = limiter.admit(all[call % all.length] ?? [], 1, Date.now());
      if (admission instanceof Promise) throw new Error("not decided at once");
      use(admission);
    }
    const { user, system } = process.cpuUsage(start);
    if (round > 0) times.push(((user + system) * 1000) / callCount);
  }
  return times.toSorted((one, other) => one - other)[rounds >> 1] ?? Number.NaN;
}

const ample = Array.from({ length: keyCount }, (_, index) => rulesOf(index, 1_000_000_000));
const scarce = Array.from({ length: keyCount }, (_, index) => rulesOf(index, 1));
const formatter = new RateLimitFormatter();
let written = 0;
const figures = {
  "admitted, 3 rules, ns": measure(new MemoryLimiter(), ample, () => {}),
  "admitted, 3 rules, thresholds heard, ns": measure(new MemoryLimiter({ onThreshold: () => {} }), ample, () => {}),
  "denied, 3 rules, ns": measure(new MemoryLimiter(), scarce, () => {}),
  "admitted and written as fields, ns": measure(new MemoryLimiter(), ample, ({ states }) => {
    written += formatter.format(states)?.limit.length ?? 0;
  }),
};
for (const [name, nanoseconds] of Object.entries(figures))
  console.log(`${name.padEnd(42)} ${nanoseconds.toFixed(0).padStart(8)}`);
if (written === 0) throw new Error("nothing was written");

/** Bytes per key that is counted under one rule: the key's text, its place in the map, the count. */
function bytesPerKey(make: (key: string) => LimitRule): number {
  const limiter = new MemoryLimiter();
  Bun.gc(true);
  const before = heapStats();
  for (let index = 0; index < memoryKeys; index++) {
    const rule = make(`acme/live/app_${index}/bank.transfers.create`);
    if (limiter.admit([rule], 1, Date.now()) instanceof Promise) throw new Error("not decided at once");
  }
  Bun.gc(true);
  const after = heapStats();
  if (limiter.size !== memoryKeys) throw new Error(`${limiter.size} of ${memoryKeys} keys are counted`);
  return (after.heapSize + after.extraMemorySize - before.heapSize - before.extraMemorySize) / memoryKeys;
}

const made: Readonly<Record<string, (key: string) => LimitRule>> = {
  burst: (key) => ({ name: "burst", kind: "burst", limit: 100, windowSeconds: 3600, key }),
  rate: (key) => ({ name: "minute", kind: "rate", limit: 100, windowSeconds: 3600, key }),
  quota: (key) => ({ name: "daily", kind: "quota", limit: 100, windowSeconds: 0, period: "day", key }),
};
for (const [kind, make] of Object.entries(made))
  console.log(`${`${kind}, bytes per key and its rule`.padEnd(42)} ${bytesPerKey(make).toFixed(0).padStart(8)}`);
