import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventLoopLag } from "./event-loop-lag.ts";
import { Shedder } from "./shedder.ts";

/** Begins as many calls as are let in, at most `most`. */
const fill = (shedder: Shedder, tenant: string, priority: number, most = 10_000): number => {
  let count = 0;
  while (count < most && shedder.enter(tenant, priority) === undefined) count += 1;
  return count;
};
/** Many tenants with a call each: nobody is beyond a fair share. */
const fillByMany = (shedder: Shedder, priority: number): number => {
  let count = 0;
  while (shedder.enter(`tenant ${priority} ${count}`, priority) === undefined) count += 1;
  return count;
};
const leave = (shedder: Shedder, tenant: string, count: number) => {
  for (let index = 0; index < count; index++) shedder.leave(tenant);
};

describe("priorities", () => {
  test("SECURITY 58: the lowest priority is shed first, the highest only when every place is taken", () => {
    const shedder = new Shedder({ inFlightMax: 1_000 });
    let sum = 0;
    const taken: number[] = [];
    for (let priority = 0; priority <= 9; priority++) {
      sum += fillByMany(shedder, priority);
      taken.push(sum);
    }
    expect(taken).toEqual([730, 760, 790, 820, 850, 880, 910, 940, 970, 1_000]);
    expect(shedder.enter("another", 9)).toEqual({ reason: "overload", retryAfterSeconds: 1 });
    expect(shedder.enter("another", 0)).toEqual({ reason: "overload", retryAfterSeconds: 4 });
  });

  test("SECURITY 58: it recovers: what left makes room", () => {
    const shedder = new Shedder({ inFlightMax: 100 });
    const first = fill(shedder, "acme", 0);
    expect(shedder.enter("acme", 0)).toBeDefined();
    leave(shedder, "acme", first);
    expect(shedder.inFlight).toBe(0);
    expect(fill(shedder, "acme", 0)).toBe(first);
  });

  for (const signal of ["lag", "queue"] as const)
    test(`a ${signal} sheds all but the highest priority, and recovers`, () => {
      let now = 0;
      const shedder = new Shedder({
        inFlightMax: 100,
        ...(signal === "lag" ? { lag: { now: () => now, maxMs: 200 } } : { queue: { now: () => now, max: 200 } }),
      });
      const served = () =>
        Array.from({ length: 10 }, (_, priority) => shedder.enter(`${now}`, priority) === undefined).indexOf(true);
      expect(served()).toBe(0);
      now = 150;
      expect(served()).toBe(1);
      now = 190;
      expect(served()).toBe(8);
      now = 10_000;
      expect(served()).toBe(9);
      now = 0;
      expect(served()).toBe(0);
    });
});

describe("fair shares", () => {
  test("SECURITY 58: a tenant that floods cannot keep another out", () => {
    const shedder = new Shedder({ inFlightMax: 800 });
    const flood = fill(shedder, "flood", 5);
    expect(flood).toBeLessThan(800 * 0.88);
    expect(shedder.enter("flood", 5)?.reason).toBe("fair_share");
    // The other's calls come in at once, and the flood gets no more places as its calls end.
    expect(fill(shedder, "other", 5, 50)).toBe(50);
    let held = flood;
    let others = 50;
    for (let round = 0; round < 2_000; round++) {
      if (held > 0) {
        shedder.leave("flood");
        held -= 1;
      }
      held += fill(shedder, "flood", 5, 3);
      others += fill(shedder, "other", 5, 1);
    }
    expect(Math.abs(held - others)).toBeLessThanOrEqual(2);
  });

  test("below half, nobody is asked for fairness", () => {
    const shedder = new Shedder({ inFlightMax: 100 });
    for (let tenant = 0; tenant < 10; tenant++) expect(fill(shedder, `t${tenant}`, 5, 1)).toBe(1);
    expect(fill(shedder, "t0", 5, 40)).toBe(40);
    expect(shedder.enter("t0", 5)?.reason).toBe("fair_share");
    expect(fill(shedder, "t1", 5, 2)).toBe(2);
  });

  test("whatever comes and goes, there are never more in flight than there may be, and a newcomer of equal priority enters", () => {
    const steps = fc.array(fc.record({ tenant: fc.nat(5), priority: fc.constant(4), leaves: fc.boolean() }), { maxLength: 500 });
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 200 }), steps, (inFlightMax, made) => {
        const shedder = new Shedder({ inFlightMax });
        const held = new Map<number, number>();
        for (const { tenant, priority, leaves } of made) {
          const own = held.get(tenant) ?? 0;
          if (leaves && own > 0) {
            shedder.leave(`${tenant}`);
            held.set(tenant, own - 1);
          } else if (shedder.enter(`${tenant}`, priority) === undefined) held.set(tenant, own + 1);
          expect(shedder.inFlight).toBe([...held.values()].reduce((sum, count) => sum + count, 0));
          expect(shedder.inFlight).toBeLessThanOrEqual(inFlightMax);
          expect(shedder.enter("newcomer", priority)).toBeUndefined();
          shedder.leave("newcomer");
        }
      }),
    );
  });

  test("a call that was not begun cannot end", () => {
    expect(() => new Shedder({ inFlightMax: 1 }).leave("acme")).toThrow("not begun");
  });
});

test("event-loop lag is seen, and forgotten", async () => {
  using lag = new EventLoopLag();
  await Bun.sleep(120);
  const until = performance.now() + 400;
  while (performance.now() < until);
  await Bun.sleep(5);
  expect(lag.ms).toBeGreaterThan(200);
  const deadline = performance.now() + 5_000;
  while (lag.ms > 50 && performance.now() < deadline) await Bun.sleep(50);
  expect(lag.ms).toBeLessThanOrEqual(50);
});
