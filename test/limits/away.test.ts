import { afterEach, beforeEach, describe, expect } from "bun:test";
import { ClusterLimiter, type ClusterLimiterOptions } from "../../src/limits/cluster/cluster-limiter.ts";
import type { Admission, LimitRule } from "../../src/limits/rule.ts";
import { isRedisThere, redisTest as test, type RedisServer, startRedis } from "./redis-server.ts";

const second = 1_000;
let redis: RedisServer;
beforeEach(async () => {
  if (isRedisThere) redis = await startRedis();
});
afterEach(async () => {
  if (isRedisThere) await redis[Symbol.asyncDispose]();
});

const burst: LimitRule = { name: "burst", kind: "burst", limit: 100, windowSeconds: 3_600, key: "acme" };
const quota: LimitRule = { name: "daily", kind: "quota", limit: 100, windowSeconds: 0, period: "day", key: "acme" };
const concurrency: LimitRule = { name: "calls", kind: "concurrency", limit: 10, windowSeconds: 0, key: "acme" };

const make = (options: Partial<ClusterLimiterOptions> & Pick<ClusterLimiterOptions, "whenAway">): ClusterLimiter =>
  new ClusterLimiter({ url: redis.url, nodes: 4, timeoutMs: 200, ...options });

/** As many calls in one turn. */
const admissions = (limiter: ClusterLimiter, rules: readonly LimitRule[], count: number): Promise<Admission[]> =>
  Promise.all(Array.from({ length: count }, () => Promise.resolve(limiter.admit(rules, 1, Date.now()))));

const admittedOf = async (limiter: ClusterLimiter, rules: readonly LimitRule[], count: number): Promise<number> => {
  const calls = await admissions(limiter, rules, count);
  return calls.filter(({ ok }) => ok).length;
};

/** Waits until something is so; fails after five seconds. */
const until = async (holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5 * second;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("it did not come about within 5 s");
    await Bun.sleep(10);
  }
};

/** Takes the store away: killed, or there without a word. */
const ways = {
  killed: { leave: () => redis.kill(), comeBack: () => redis.start() },
  frozen: { leave: async () => redis.freeze(), comeBack: async () => redis.go() },
} as const;

for (const [way, { leave, comeBack }] of Object.entries(ways))
  describe(`a store that is ${way}`, () => {
    test(
      "closed: calls are refused, none waits longer than the timeout, and it recovers by itself",
      async () => {
        const told: boolean[] = [];
        await using limiter = make({ whenAway: "closed", onStore: (isUp) => void told.push(isUp) });
        await limiter.ready(5 * second);
        expect(await admittedOf(limiter, [burst], 10)).toBe(10);
        await leave();
        const startMs = performance.now();
        const first = await admissions(limiter, [{ ...burst, key: "other" }], 50);
        expect(performance.now() - startMs).toBeLessThan(600);
        for (const admission of first)
          expect(admission).toMatchObject({ ok: false, reason: "store_unavailable", retryAfterSeconds: 1 });
        // Known to be away, it is not asked.
        await until(() => !limiter.isUp);
        expect(limiter.admit([burst], 1, Date.now())).toMatchObject({ ok: false, reason: "store_unavailable" });
        await comeBack();
        await until(() => limiter.isUp);
        expect(await admittedOf(limiter, [{ ...burst, key: "other" }], 10)).toBe(10);
        expect(told).toEqual([true, false, true]);
      },
      30 * second,
    );

    test(
      "open: calls are admitted; a quota is made up for afterwards",
      async () => {
        await using limiter = make({ whenAway: "open" });
        await limiter.ready(5 * second);
        expect(await admittedOf(limiter, [quota], 10)).toBe(10);
        // What was taken ahead is given back: an answer that is lost would cost what it granted.
        await Bun.sleep(700);
        await leave();
        await admittedOf(limiter, [{ ...burst, key: "other" }], 1);
        await until(() => !limiter.isUp);
        expect(await admittedOf(limiter, [burst, quota], 85)).toBe(85);
        await comeBack();
        await until(() => limiter.isUp);
        await Bun.sleep(300);
        // A killed store lost what it had counted before, not what it is told of now.
        const left = way === "killed" ? 15 : 5;
        expect(await admittedOf(limiter, [quota], 50)).toBe(left);
      },
      30 * second,
    );

    test(
      "local: each node has its part of every limit",
      async () => {
        await using limiter = make({ whenAway: "local" });
        await limiter.ready(5 * second);
        await leave();
        await admittedOf(limiter, [{ ...burst, key: "other" }], 1);
        await until(() => !limiter.isUp);
        // One node is seen, so its part is everything.
        expect(await admittedOf(limiter, [burst], 300)).toBe(100);
        expect(await admittedOf(limiter, [concurrency], 30)).toBe(10);
        limiter.release([concurrency]);
        expect(await admittedOf(limiter, [concurrency], 30)).toBe(1);
        for (let index = 0; index < 10; index++) limiter.release([concurrency]);
        await comeBack();
        await until(() => limiter.isUp);
        expect(await admittedOf(limiter, [concurrency], 30)).toBe(10);
      },
      30 * second,
    );
  });

test("local: a quarter of each limit where four nodes are meant to be and the store was never there", async () => {
  await redis.kill();
  await using limiter = make({ whenAway: "local" });
  const ready = await limiter.ready(300).then(
    () => "ready",
    (error: unknown) => String(error),
  );
  expect(ready).toContain("within 300 ms");
  const calls = await admissions(limiter, [burst, quota], 60);
  expect(calls.filter(({ ok }) => ok)).toHaveLength(25);
  expect(calls.at(-1)).toMatchObject({ ok: false, reason: "quota", denied: { name: "daily", quota: 100, remaining: 0 } });
});

test("local: of a quota only what was left is shared", async () => {
  await using limiter = make({ whenAway: "local" });
  await limiter.ready(5 * second);
  expect(await admittedOf(limiter, [quota], 70)).toBe(70);
  await redis.kill();
  await until(() => !limiter.isUp);
  expect(await admittedOf(limiter, [quota], 90)).toBe(30);
});

test(
  "a node that died has no calls after a while, nor keeps the others from theirs",
  async () => {
    const one = make({ whenAway: "closed" });
    await using other = make({ whenAway: "closed" });
    await Promise.all([one.ready(5 * second), other.ready(5 * second)]);
    expect(await admittedOf(one, [concurrency], 10)).toBe(10);
    expect(await admittedOf(other, [concurrency], 10)).toBe(0);
    // Its calls are told of again as long as it lives.
    await Bun.sleep(6 * second);
    expect(await admittedOf(other, [concurrency], 10)).toBe(0);
    await one[Symbol.asyncDispose]();
    // It left without ending its calls, as a process does that is killed.
    await Bun.sleep(5_500);
    expect(await admittedOf(other, [concurrency], 10)).toBe(10);
  },
  30 * second,
);

test("an address that no store has, and options that make no sense", async () => {
  await using limiter = make({ whenAway: "closed", url: "redis://127.0.0.1:1" });
  expect(await limiter.admit([burst], 1, Date.now())).toMatchObject({ ok: false, reason: "store_unavailable" });
  expect(() => make({ whenAway: "closed", nodes: 0 })).toThrow(RangeError);
});
