import { expect, test } from "bun:test";
import fc from "fast-check";
import { RateLimitFormatter } from "./fields.ts";
import { MemoryLimiter } from "./memory-limiter.ts";
import type { LimitRule, LimitState } from "./rule.ts";

const state = (name: string, quota: number, remaining: number, windowSeconds = 60, resetSeconds = 30): LimitState => ({
  name,
  quota,
  windowSeconds,
  remaining,
  resetSeconds,
});
const format = (states: readonly LimitState[], retryAfterSeconds?: number) =>
  new RateLimitFormatter().format(states, retryAfterSeconds);

test("the limit that leaves least comes first", () => {
  const states = [state("daily", 1_000, 900, 86_400, 4_000), state("burst", 100, 50, 10, 5), state("calls", 5, 5, 0, 0)];
  expect(format(states)).toEqual({
    policy: '"burst";q=100;w=10, "daily";q=1000;w=86400, "calls";q=5',
    limit: '"burst";r=50;t=5, "daily";r=900;t=4000, "calls";r=5',
  });
  expect(format([])).toBeUndefined();
});

const cases: readonly (readonly [what: string, state: LimitState, policy: string, limit: string])[] = [
  ["a quote and a backslash are escaped", state('a"b\\c', 1, 1), '"a\\"b\\\\c";q=1;w=60', '"a\\"b\\\\c";r=1;t=30'],
  ["numbers are whole: time rounded up, units down", state("n", 2, 1.5, 0.5, 0.2), '"n";q=2;w=1', '"n";r=1;t=1'],
  ["no more than 15 digits", state("n", 2 ** 53 - 1, 1e15), '"n";q=999999999999999;w=60', '"n";r=999999999999999;t=30'],
  ["a limit of nothing", state("none", 0, 0), '"none";q=0;w=60', '"none";r=0;t=30'],
];
for (const [what, given, policy, limit] of cases)
  test(what, () => {
    expect(format([given])).toEqual({ policy, limit });
  });

test("a name that a field cannot hold is refused", () => {
  for (const name of ["a\r\nSet-Cookie: b", "ключ", "\u0000"]) expect(() => format([state(name, 1, 1)])).toThrow(RangeError);
});

test("a policy that changed is written anew, and both forms stay right", () => {
  const formatter = new RateLimitFormatter();
  const of = (quota: number) => formatter.format([state("burst", quota, 1)])?.policy;
  expect([of(1), of(2), of(1), of(1)]).toEqual(["1", "2", "1", "1"].map((quota) => `"burst";q=${quota};w=60`));
});

test("Retry-After is never earlier than a t", () => {
  const kinds = fc.constantFrom("burst" as const, "rate" as const, "concurrency" as const, "quota" as const);
  const rules = fc.uniqueArray(
    fc.record({ kind: kinds, limit: fc.integer({ min: 1, max: 20 }), windowSeconds: fc.integer({ min: 1, max: 100 }) }),
    { selector: ({ kind }) => kind, minLength: 1 },
  );
  fc.assert(
    fc.property(rules, fc.array(fc.record({ units: fc.integer({ min: 1, max: 6 }), gapMs: fc.nat(3_000) })), (made, calls) => {
      let now = 0;
      const limiter = new MemoryLimiter({ monotonicMs: () => now });
      const all = made.map(({ kind, limit, windowSeconds }): LimitRule =>
        kind === "quota"
          ? { name: kind, kind, limit, windowSeconds: 0, period: "day", key: "k" }
          : { name: kind, kind, limit, windowSeconds, key: "k" },
      );
      for (const { units, gapMs } of calls) {
        now += gapMs;
        const admission = limiter.admit(all, units, now);
        if (admission instanceof Promise || admission.ok) continue;
        const { limit, policy } = format(admission.states, admission.retryAfterSeconds) ?? { limit: "", policy: "" };
        for (const [, seconds] of limit.matchAll(/;t=(\d+)/g))
          expect(Number(seconds)).toBeLessThanOrEqual(admission.retryAfterSeconds);
        expect(limit).toContain(`"${admission.denied.name}";r=`);
        expect(policy.split(", ")).toHaveLength(all.length);
      }
    }),
  );
});
