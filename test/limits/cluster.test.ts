import { afterAll, beforeAll, describe, expect } from "bun:test";
import { ClusterLimiter, type ClusterLimiterOptions } from "../../src/limits/cluster/cluster-limiter.ts";
import type { Admission, LimitRule } from "../../src/limits/rule.ts";
import { isRedisThere, redisTest as test, type RedisServer, startRedis } from "./redis-server.ts";

const second = 1_000;
let redis: RedisServer;
beforeAll(async () => {
  if (isRedisThere) redis = await startRedis();
});
afterAll(async () => {
  if (isRedisThere) await redis[Symbol.asyncDispose]();
});

let keys = 0;
/** A rule with a key of its own. */
const rule = (more: Partial<LimitRule> & Pick<LimitRule, "kind">): LimitRule => ({
  name: more.kind,
  limit: 1_000,
  windowSeconds: more.period === undefined && more.kind !== "concurrency" ? 60 : 0,
  key: `acme/live/${keys++}`,
  ...more,
});

class Nodes implements AsyncDisposable {
  readonly all: readonly ClusterLimiter[];

  constructor(all: readonly ClusterLimiter[]) {
    this.all = all;
  }

  at(index: number): ClusterLimiter {
    const node = this.all[index % this.all.length];
    if (node === undefined) throw new Error("no nodes");
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((node) => node[Symbol.asyncDispose]()));
  }
}

/** As many limiters on the one store. */
async function start(count: number, options: Partial<ClusterLimiterOptions> = {}): Promise<Nodes> {
  const prefix = `test${keys++}:`;
  const make = () =>
    new ClusterLimiter({ url: redis.url, whenAway: "closed", nodes: count, prefix, timeoutMs: 2_000, ...options });
  const nodes = new Nodes(Array.from({ length: count }, make));
  await Promise.all(nodes.all.map((node) => node.ready(5 * second)));
  return nodes;
}

const isOk = ({ ok }: Admission) => ok;
/** How many of `calls` were admitted. */
const admitted = async (calls: readonly (Admission | Promise<Admission>)[]): Promise<number> =>
  (await Promise.all(calls.map((call) => Promise.resolve(call)))).filter(isOk).length;
const at = () => Date.now();

describe("across nodes", () => {
  for (const kind of ["burst", "rate", "quota", "spend"] as const)
    test(
      `SECURITY 56: ${kind}: four nodes that are flooded admit a limit together, within 1 %`,
      async () => {
        await using nodes = await start(4);
        const period = kind === "quota" || kind === "spend" ? ({ period: "day" } as const) : {};
        const rules = [rule({ kind, limit: 2_000, windowSeconds: period.period === undefined ? 3_600 : 0, ...period })];
        let sum = 0;
        const flood = async (index: number) => {
          for (let round = 0; round < 60; round++) {
            const calls = Array.from({ length: 25 }, () => nodes.at(index).admit(rules, 1, at()));
            const count = await admitted(calls);
            sum += count;
            await Bun.sleep(round % 7);
          }
        };
        await Promise.all([0, 1, 2, 3].map(flood));
        // 6,000 calls for 2,000 units.
        expect(sum).toBeGreaterThanOrEqual(2_000 * 0.99);
        expect(sum).toBeLessThanOrEqual(2_000 * 1.01);
      },
      30 * second,
    );

  test(
    "SECURITY 56: a cold flood at all nodes in one turn, before any of them heard of the others",
    async () => {
      await using nodes = await start(4);
      for (const limit of [1, 7, 100, 1_000, 10_000]) {
        const rules = [rule({ kind: "burst", limit, windowSeconds: 3_600 })];
        const calls: (Admission | Promise<Admission>)[] = [];
        for (let index = 0; index < limit * 2 + 40; index++) calls.push(nodes.at(index).admit(rules, 1, at()));
        const sum = await admitted(calls);
        expect(sum).toBeLessThanOrEqual(Math.floor(limit * 1.01));
        // What one node took ahead and another would have needed is given back.
        await Bun.sleep(600);
        const rest = await admitted(Array.from({ length: limit + 20 }, (_, index) => nodes.at(index).admit(rules, 1, at())));
        expect(sum + rest).toBeLessThanOrEqual(Math.floor(limit * 1.01));
        expect(sum + rest).toBeGreaterThanOrEqual(Math.floor(limit * 0.99));
      }
    },
    30 * second,
  );

  test(
    "SECURITY 56: rate: over several windows no window has more than 101 %",
    async () => {
      await using nodes = await start(4);
      const [limit, windowMs] = [200, 500];
      const rules = [rule({ kind: "rate", limit, windowSeconds: windowMs / 1000 })];
      const times: number[] = [];
      const until = performance.now() + 3_000;
      const flood = async (index: number) => {
        while (performance.now() < until) {
          const calls = Array.from({ length: 10 }, async () => {
            const admission = await nodes.at(index).admit(rules, 1, at());
            if (admission.ok) times.push(performance.now());
          });
          await Promise.all(calls);
          await Bun.sleep(3);
        }
      };
      await Promise.all([0, 1, 2, 3].map(flood));
      times.sort((one, other) => one - other);
      let most = 0;
      for (let first = 0, last = 0; last < times.length; last++) {
        while ((times[last] ?? 0) - (times[first] ?? 0) > windowMs) first += 1;
        most = Math.max(most, last - first + 1);
      }
      expect(most).toBeLessThanOrEqual(limit * 1.01);
      // Six windows pass; what is taken ahead counts a little longer than it must.
      expect(times.length).toBeGreaterThan(limit * 4);
    },
    30 * second,
  );

  test(
    "calls of different costs never add up to more",
    async () => {
      await using nodes = await start(4);
      const rules = [rule({ kind: "spend", limit: 5_000, period: "month" })];
      let spent = 0;
      const flood = async (index: number) => {
        for (let call = 0; call < 150; call++) {
          const units = 1 + ((call * 7 + index * 3) % 40);
          if (isOk(await nodes.at(index).admit(rules, units, at()))) spent += units;
        }
      };
      await Promise.all([0, 1, 2, 3].map(flood));
      expect(spent).toBeLessThanOrEqual(5_000 * 1.01);
      expect(spent).toBeGreaterThanOrEqual(5_000 * 0.97);
    },
    30 * second,
  );

  test(
    "a call is decided at once where units are at hand",
    async () => {
      await using nodes = await start(2);
      const rules = [
        rule({ kind: "burst", limit: 1_000_000, windowSeconds: 60 }),
        rule({ kind: "quota", limit: 1_000_000, period: "day" }),
      ];
      // Even the first: 0.8 % of the limit need no asking.
      expect(nodes.at(0).admit(rules, 1, at())).not.toBeInstanceOf(Promise);
      let promises = 0;
      for (let round = 0; round < 100; round++) {
        for (let index = 0; index < 20; index++) {
          const admission = nodes.at(0).admit(rules, 1, at());
          if (admission instanceof Promise) promises += 1;
          expect((await admission).ok).toBe(true);
        }
        await Bun.sleep(5);
      }
      expect(promises).toBeLessThan(100);
      const small = [rule({ kind: "burst", limit: 100, windowSeconds: 60 })];
      const first = nodes.at(1).admit(small, 1, at());
      expect(first).toBeInstanceOf(Promise);
      expect(await first).toMatchObject({ ok: true, states: [{ quota: 100, remaining: 99, windowSeconds: 60 }] });
    },
    30 * second,
  );

  test(
    "after a denial nodes ask before they admit, and say how long to wait",
    async () => {
      await using nodes = await start(2);
      const rules = [rule({ kind: "burst", limit: 10, windowSeconds: 10 })];
      expect(await admitted(Array.from({ length: 30 }, () => nodes.at(0).admit(rules, 1, at())))).toBe(10);
      const denied = await nodes.at(1).admit(rules, 3, at());
      expect(denied).toMatchObject({ ok: false, reason: "rate", denied: { remaining: 0 } });
      if (!denied.ok) expect(denied.retryAfterSeconds).toBeWithin(2, 5);
      // One unit a second comes back; whoever asks first gets it, the other node knows.
      await Bun.sleep(1_300);
      const calls = Array.from({ length: 20 }, (_, index) => nodes.at(index).admit(rules, 1, at()));
      for (const call of calls) expect(call).toBeInstanceOf(Promise);
      expect(await admitted(calls)).toBe(1);
    },
    30 * second,
  );

  test(
    "all or none: what one rule denies is not counted under another",
    async () => {
      await using nodes = await start(2);
      const [burst, quota] = [rule({ kind: "burst", limit: 100 }), rule({ kind: "quota", limit: 10, period: "day" })];
      const calls = Array.from({ length: 60 }, (_, index) => nodes.at(index).admit([burst, quota], 1, at()));
      expect(await admitted(calls)).toBe(10);
      await Bun.sleep(700);
      const rest = await admitted(Array.from({ length: 150 }, (_, index) => nodes.at(index).admit([burst], 1, at())));
      expect(rest).toBeWithin(89, 93);
    },
    30 * second,
  );

  test(
    "concurrency: never more at once than there may be; places go round",
    async () => {
      await using nodes = await start(3);
      const rules = [rule({ kind: "concurrency", limit: 12 })];
      let running = 0;
      let most = 0;
      let done = 0;
      const worker = async (index: number) => {
        const until = performance.now() + 2_000;
        while (performance.now() < until) {
          const admission = await nodes.at(index).admit(rules, 1, at());
          if (!admission.ok) {
            expect(admission.reason).toBe("concurrency");
            await Bun.sleep(5 + Math.random() * 20);
            continue;
          }
          running += 1;
          most = Math.max(most, running);
          await Bun.sleep(Math.random() * 10);
          running -= 1;
          nodes.at(index).release(rules);
          done += 1;
        }
      };
      await Promise.all(Array.from({ length: 60 }, (_, index) => worker(index)));
      expect(most).toBeLessThanOrEqual(12);
      expect(most).toBeGreaterThan(8);
      expect(done).toBeGreaterThan(500);
      await Bun.sleep(500);
      expect(await admitted(Array.from({ length: 30 }, () => nodes.at(0).admit(rules, 1, at())))).toBe(12);
    },
    30 * second,
  );

  test(
    "a refund is there for the other nodes",
    async () => {
      await using nodes = await start(2);
      const rules = [rule({ kind: "spend", limit: 100, period: "day" })];
      expect((await nodes.at(0).admit(rules, 100, at())).ok).toBe(true);
      expect((await nodes.at(1).admit(rules, 40, at())).ok).toBe(false);
      nodes.at(0).refund(rules, 60);
      await Bun.sleep(200);
      expect((await nodes.at(1).admit(rules, 60, at())).ok).toBe(true);
      expect((await nodes.at(1).admit(rules, 1, at())).ok).toBe(false);
    },
    30 * second,
  );

  test(
    "thresholds are told once, by one of the nodes",
    async () => {
      const told: string[] = [];
      await using nodes = await start(3, {
        onThreshold: (_key, name, percent, _used, limit) => void told.push(`${name} ${percent} ${limit}`),
      });
      const rules = [rule({ kind: "quota", limit: 300, period: "day" })];
      for (let round = 0; round < 20; round++)
        await admitted(Array.from({ length: 30 }, (_, index) => nodes.at(index).admit(rules, 1, at())));
      expect(told.toSorted()).toEqual(["quota 100 300", "quota 80 300"]);
    },
    30 * second,
  );

  test(
    "SECURITY 57: what was used before the store counted is asked for once",
    async () => {
      let asked = 0;
      const load = async () => {
        asked += 1;
        await Bun.sleep(5);
        return 90;
      };
      await using nodes = await start(2, { load });
      const rules = [rule({ kind: "quota", limit: 100, period: "month" })];
      expect(await admitted(Array.from({ length: 50 }, (_, index) => nodes.at(index).admit(rules, 1, at())))).toBe(10);
      expect(asked).toBeWithin(1, 3);
    },
    30 * second,
  );

  test(
    "SECURITY 57: a node that starts anew finds what was counted",
    async () => {
      const prefix = `test${keys++}:`;
      const rules = [rule({ kind: "burst", limit: 50, windowSeconds: 3_600 }), rule({ kind: "quota", limit: 40, period: "day" })];
      {
        await using nodes = await start(1, { prefix });
        expect(await admitted(Array.from({ length: 30 }, () => nodes.at(0).admit(rules, 1, at())))).toBe(30);
      }
      await using nodes = await start(1, { prefix });
      expect(await admitted(Array.from({ length: 30 }, () => nodes.at(0).admit(rules, 1, at())))).toBe(10);
    },
    30 * second,
  );
});
