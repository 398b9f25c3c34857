import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventLoopLag, StandingDelay } from "./event-loop-lag.ts";
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

describe("event-loop lag", () => {
  /** What calls of each priority are told after samples of so many milliseconds. */
  const begunAfter = (samples: readonly number[]): readonly boolean[] => {
    const delay = new StandingDelay();
    for (const sample of samples) delay.add(sample);
    const shedder = new Shedder({ inFlightMax: 100, lag: { now: () => delay.ms, maxMs: 2_000 } });
    return [0, 5, 9].map((priority) => shedder.enter("acme", priority) === undefined);
  };
  const all = [true, true, true];
  const highest = [false, false, true];
  const cases: readonly (readonly [string, readonly number[], readonly boolean[]])[] = [
    ["nothing yet", [], all],
    ["one long pause", [0, 0, 2_500], all],
    ["one long pause, first of all", [2_500], all],
    ["a pause, and the burst behind it", [0, 0, 2_500, 900, 0], all],
    ["a machine that slept", [0, 0, 3_600_000, 0], all],
    ["pauses with quiet in between", [2_500, 2_500, 0, 2_500, 2_500, 0, 2_500], all],
    ["what stays", [0, 2_500, 2_500, 2_500], highest],
    ["what stays and is longer than any pause", [0, 10_000, 10_000, 10_000], highest],
    ["what stays, and is borne", [0, 1_000, 1_100, 1_200, 1_000], all],
    ["what stays, for those below", [0, 1_600, 1_600, 1_600], [false, true, true]],
    ["what stayed, and is over", [2_500, 2_500, 2_500, 0, 0], all],
    ["timers that fire early", [-5, -5, -5], all],
  ];
  for (const [name, samples, begun] of cases) test(`SECURITY 58: ${name}`, () => expect(begunAfter(samples)).toEqual(begun));

  test("of this process: one pause is none, what stays is seen, and forgotten", async () => {
    using lag = new EventLoopLag();
    const busyFor = (ms: number): void => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    };
    const deadline = performance.now() + 20_000;
    // Turn for turn much longer than a sample takes, also on a busy machine.
    while (lag.ms <= 400 && performance.now() < deadline) {
      busyFor(600);
      await Bun.sleep(1);
    }
    const most = lag.ms;
    expect(most).toBeGreaterThan(400);
    while (lag.ms > most / 2 && performance.now() < deadline) await Bun.sleep(50);
    expect(lag.ms).toBeLessThanOrEqual(most / 2);
  }, 30_000);
});
