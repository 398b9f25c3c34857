import { expect, test } from "bun:test";
import fc from "fast-check";
import { bucketOf, latencyAt, latencyBuckets } from "./latency.ts";

const countsOf = (times: readonly number[]): bigint[] => {
  const counts = latencyBuckets.map(() => 0n);
  for (const ms of times) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0n) + 1n;
  return counts;
};

test("a percentile is within √2 of the true one, whatever the times", () => {
  const time = fc.double({ min: 0.06, max: 30_000, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(time, { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (times, share) => {
        const sorted = times.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(times.length * share)) - 1] ?? 0;
        const told = latencyAt(countsOf(times), share) ?? 0;
        expect(told / exact).toBeGreaterThan(1 / (Math.SQRT2 + 1e-9));
        expect(told / exact).toBeLessThan(Math.SQRT2 + 1e-9);
      },
    ),
  );
});

test("histograms add up to that of all times together", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true })), fc.array(fc.double({ noNaN: true })), (a, b) => {
      const [left, right] = [countsOf(a), countsOf(b)];
      expect(left.map((count, at) => count + (right[at] ?? 0n))).toEqual(countsOf([...a, ...b]));
    }),
  );
});

test("what is no time, or beyond all buckets, is counted in the first or the last one", () => {
  expect([Number.NaN, -1, 0, 0.05].map(bucketOf)).toEqual([0, 0, 0, 0]);
  expect([60_000, 1e12, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual([39, 39, 39]);
  expect(latencyAt(countsOf([]), 0.5)).toBeNull();
});
