import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MemoryLimiter, type MemoryLimiterOptions } from "./memory-limiter.ts";
import type { Admission, LimitRule } from "./rule.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 28, 12);
const rule = (more: Partial<LimitRule> & Pick<LimitRule, "kind">): LimitRule => ({
  name: more.kind,
  limit: 10,
  windowSeconds: more.period === undefined && more.kind !== "concurrency" ? 10 : 0,
  key: "acme/live/app_1",
  ...more,
});

/** A limiter whose clocks are set by hand: `pass` moves both, `step` only the wall clock. */
class Bench {
  monotonicMs = 5_000;
  wallMs = start;
  readonly limiter: MemoryLimiter;

  constructor(options: MemoryLimiterOptions = {}) {
    this.limiter = new MemoryLimiter({ monotonicMs: () => this.monotonicMs, ...options });
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }

  step(ms: number): void {
    this.wallMs += ms;
  }

  admit(rules: readonly LimitRule[], units = 1): Admission {
    const admission = this.limiter.admit(rules, units, this.wallMs);
    if (admission instanceof Promise) throw new Error("not decided at once");
    return admission;
  }

  /** How many of `count` calls are admitted now. */
  admitted(rules: readonly LimitRule[], count: number, units = 1): number {
    let sum = 0;
    for (let index = 0; index < count; index++) if (this.admit(rules, units).ok) sum += 1;
    return sum;
  }
}

/** Times and costs of calls: gaps in milliseconds, from many at once to beyond the window. */
const calls = (costMax: number) =>
  fc.array(
    fc.record({
      gapMs: fc.oneof(fc.constantFrom(0, 0, 1), fc.nat(300), fc.nat(3_000)),
      units: fc.integer({ min: 0, max: costMax }),
    }),
    { minLength: 1, maxLength: 300 },
  );

describe("burst", () => {
  test("decides as the generic cell rate algorithm does with exact fractions", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3_000 }), calls(5), (limit, windowMs, made) => {
        const bench = new Bench();
        const rules = [rule({ kind: "burst", limit, windowSeconds: windowMs / 1000 })];
        // Times in units of 1 / limit milliseconds, so that the emission interval, windowMs, is whole.
        let theoretical = 0n;
        for (const { gapMs, units } of made) {
          bench.pass(gapMs);
          const now = BigInt(bench.monotonicMs) * BigInt(limit);
          const next = (theoretical > now ? theoretical : now) + BigInt(units) * BigInt(windowMs);
          const fits = units === 0 || next - now <= BigInt(windowMs) * BigInt(limit);
          expect(bench.admit(rules, units).ok).toBe(fits);
          if (fits) theoretical = next;
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a denied call is admitted after Retry-After, and not a tenth of it before", () => {
    const bench = new Bench();
    const rules = [rule({ kind: "burst", limit: 10, windowSeconds: 100 })];
    expect(bench.admitted(rules, 20)).toBe(10);
    const denied = bench.admit(rules, 3);
    expect(denied).toMatchObject({
      ok: false,
      reason: "rate",
      retryAfterSeconds: 30,
      denied: { remaining: 0, resetSeconds: 30 },
    });
    bench.pass(27_000);
    expect(bench.admit(rules, 3).ok).toBe(false);
    bench.pass(3_000);
    expect(bench.admit(rules, 3).ok).toBe(true);
  });

  test("a larger limit keeps what was taken", () => {
    const bench = new Bench();
    expect(bench.admitted([rule({ kind: "burst", limit: 10 })], 20)).toBe(10);
    expect(bench.admitted([rule({ kind: "burst", limit: 15 })], 20)).toBe(5);
    expect(bench.admitted([rule({ kind: "burst", limit: 5 })], 20)).toBe(0);
  });

  test("equal rules that are other objects each time are one", () => {
    const bench = new Bench();
    let admitted = 0;
    for (let index = 0; index < 1_000; index++) {
      bench.pass(10);
      if (bench.admit([rule({ kind: "burst", limit: 10, windowSeconds: 10 })]).ok) admitted += 1;
    }
    // 10 at once and one a second after the first, in the 9.99 s from the first call to the last.
    expect(admitted).toBe(19);
  });
});

describe("rate", () => {
  const naive = (limit: number, windowMs: number) => {
    const log: { atMs: number; units: number }[] = [];
    return (atMs: number, units: number): boolean => {
      const used = log.reduce((sum, entry) => sum + (atMs - entry.atMs <= windowMs ? entry.units : 0), 0);
      const fits = units === 0 || used + units <= limit;
      if (fits) log.push({ atMs, units });
      return fits;
    };
  };

  test("up to a limit of 64 it decides as an endless log does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 1, max: 3_000 }), calls(5), (limit, windowMs, made) => {
        const bench = new Bench();
        const rules = [rule({ kind: "rate", limit, windowSeconds: windowMs / 1000 })];
        const fits = naive(limit, windowMs);
        for (const { gapMs, units } of made) {
          bench.pass(gapMs);
          expect(bench.admit(rules, units).ok).toBe(fits(bench.monotonicMs, units));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("beyond, never more than the limit in any window, and nothing is refused that is late by 1/64 of one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 65, max: 600 }), fc.integer({ min: 1, max: 3_000 }), calls(40), (limit, windowMs, made) => {
        const bench = new Bench();
        const rules = [rule({ kind: "rate", limit, windowSeconds: windowMs / 1000 })];
        const log: { atMs: number; units: number }[] = [];
        const used = (within: number) =>
          log.reduce((sum, { atMs, units }) => sum + (bench.monotonicMs - atMs <= within ? units : 0), 0);
        for (const { gapMs, units } of made) {
          bench.pass(gapMs);
          if (bench.admit(rules, units).ok) {
            log.push({ atMs: bench.monotonicMs, units });
            expect(used(windowMs)).toBeLessThanOrEqual(limit);
          } else expect(used(windowMs * (1 + 1 / 64)) + units).toBeGreaterThan(limit);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a denied call is admitted when it was said, not a millisecond earlier", () => {
    const bench = new Bench();
    const rules = [rule({ kind: "rate", limit: 3, windowSeconds: 10 })];
    for (const gap of [0, 1_000, 1_000]) {
      bench.pass(gap);
      expect(bench.admit(rules).ok).toBe(true);
    }
    expect(bench.admit(rules)).toMatchObject({ ok: false, reason: "rate", retryAfterSeconds: 9 });
    bench.pass(8_000);
    expect(bench.admit(rules).ok).toBe(false);
    bench.pass(1);
    expect(bench.admit(rules).ok).toBe(true);
  });
});

describe("concurrency", () => {
  test("counts calls until they are released, whatever they cost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.array(fc.boolean(), { maxLength: 200 }), (limit, begins) => {
        const bench = new Bench();
        const rules = [rule({ kind: "concurrency", limit })];
        let running = 0;
        for (const isBegin of begins) {
          if (isBegin) {
            const admission = bench.admit(rules, 7);
            expect(admission.ok).toBe(running < limit);
            if (admission.ok) running += 1;
            expect(admission.states[0]?.remaining).toBe(limit - running);
          } else if (running > 0) {
            bench.limiter.release(rules);
            running -= 1;
          }
        }
      }),
    );
  });

  test("a call that was not admitted cannot be released", () => {
    const { limiter } = new Bench();
    expect(() => limiter.release([rule({ kind: "concurrency" })])).toThrow("not admitted");
  });
});

describe("quota and spend", () => {
  const quota = rule({ kind: "quota", limit: 5, period: "day" });

  test("count to the end of the day or month in UTC", () => {
    const bench = new Bench();
    expect(bench.admitted([quota], 9)).toBe(5);
    expect(bench.admit([quota])).toMatchObject({ ok: false, reason: "quota", retryAfterSeconds: 12 * 3600 });
    bench.pass(12 * hour - 1);
    expect(bench.admit([quota]).ok).toBe(false);
    bench.pass(1);
    expect(bench.admitted([quota], 9)).toBe(5);

    const spend = rule({ kind: "spend", limit: 100_000, period: "month" });
    const later = new Bench();
    expect(later.admitted([spend], 3, 40_000)).toBe(2);
    const denied = later.admit([spend], 40_000);
    expect(denied).toMatchObject({ ok: false, reason: "spend", retryAfterSeconds: 2 * 86_400 + 12 * 3600 });
    expect(denied.states).toMatchObject([{ quota: 100_000, windowSeconds: 30 * 86_400, remaining: 20_000 }]);
    later.pass(2 * 24 * hour + 12 * hour);
    expect(later.admit([spend], 40_000)).toMatchObject({ ok: true, states: [{ windowSeconds: 31 * 86_400 }] });
  });

  test("a refund is given back, never more than was used", () => {
    const bench = new Bench();
    expect(bench.admitted([quota], 9)).toBe(5);
    bench.limiter.refund([quota], 2);
    expect(bench.admitted([quota], 9)).toBe(2);
    bench.limiter.refund([quota], 100);
    expect(bench.admitted([quota], 9)).toBe(5);
  });

  test("SECURITY 57: a quota survives a restart: what was used before is asked for once, while calls wait", async () => {
    const asked: string[] = [];
    const load = async (key: string, period: string) => {
      asked.push(`${key} ${period}`);
      await Bun.sleep(5);
      return 3;
    };
    const bench = new Bench({ usedBefore: { load, whenAway: "closed" } });
    const admissions = await Promise.all(
      Array.from({ length: 200 }, () => Promise.resolve(bench.limiter.admit([quota], 1, start))),
    );
    expect(admissions.filter(({ ok }) => ok)).toHaveLength(2);
    expect(asked).toEqual(["acme/live/app_1 2026-11-28"]);
    expect(bench.admit([quota]).ok).toBe(false);
    bench.pass(12 * hour);
    expect(bench.admitted([quota], 9)).toBe(5);
    expect(asked).toHaveLength(1);
  });

  test("what was used before is unknown: refused or counted from 0, as it was asked for", async () => {
    let works = false;
    const load = async () => {
      if (!works) throw new Error("the store is away");
      return 4;
    };
    const closed = new Bench({ usedBefore: { load, whenAway: "closed" } });
    const refused = await closed.limiter.admit([quota], 1, start);
    expect(refused).toMatchObject({ ok: false, reason: "store_unavailable", retryAfterSeconds: 1 });
    const open = new Bench({ usedBefore: { load, whenAway: "open" } });
    expect(await open.limiter.admit([quota], 1, start)).toMatchObject({ ok: true, states: [{ remaining: 4 }] });
    works = true;
    closed.pass(2_000);
    open.pass(2_000);
    expect(await closed.limiter.admit([quota], 1, closed.wallMs)).toMatchObject({ ok: true, states: [{ remaining: 0 }] });
    expect(await open.limiter.admit([quota], 1, open.wallMs)).toMatchObject({ ok: false, reason: "quota" });
  });

  test("an answer that does not come is not waited for", async () => {
    const never = () => new Promise<number>(() => {});
    const limiter = new MemoryLimiter({ usedBefore: { load: never, whenAway: "closed", timeoutMs: 20 } });
    expect(await limiter.admit([quota], 1, start)).toMatchObject({ ok: false, reason: "store_unavailable" });
  });
});

describe("clocks", () => {
  for (const kind of ["burst", "rate"] as const)
    for (const stepMs of [hour, -hour, 24 * hour, -365 * 24 * hour])
      test(`SECURITY 57: ${kind}: a clock that jumps by ${stepMs / hour} h neither refills nor blocks`, () => {
        const bench = new Bench();
        const rules = [rule({ kind, limit: 10, windowSeconds: 10 })];
        expect(bench.admitted(rules, 20)).toBe(10);
        bench.step(stepMs);
        expect(bench.admitted(rules, 20)).toBe(0);
        bench.pass(10_001);
        bench.step(-stepMs);
        expect(bench.admitted(rules, 20)).toBe(10);
      });

  const quota = rule({ kind: "quota", limit: 10, period: "day" });

  test("SECURITY 57: quota: a clock set forward past midnight and back does not refill", () => {
    const bench = new Bench();
    bench.wallMs = Date.UTC(2026, 10, 28, 23, 30);
    expect(bench.admitted([quota], 20)).toBe(10);
    bench.step(hour);
    expect(bench.admitted([quota], 20)).toBe(0);
    bench.pass(60_000);
    expect(bench.admitted([quota], 20)).toBe(0);
    bench.step(-hour);
    expect(bench.admitted([quota], 20)).toBe(0);
    // Midnight as it would have been without the jumps, a quarter of a minute early.
    bench.pass(29 * 60_000 - 15_000);
    expect(bench.admitted([quota], 20)).toBe(0);
    bench.pass(30_000);
    expect(bench.admitted([quota], 20)).toBe(10);
  });

  test("SECURITY 57: quota: a clock set back an hour after midnight does not bring yesterday back, nor block today", () => {
    const bench = new Bench();
    bench.wallMs = Date.UTC(2026, 10, 28, 23, 59, 59);
    expect(bench.admitted([quota], 20)).toBe(10);
    bench.pass(2_000);
    expect(bench.admitted([quota], 4)).toBe(4);
    bench.step(-hour);
    expect(bench.admitted([quota], 20)).toBe(6);
    bench.pass(23 * hour);
    expect(bench.admitted([quota], 20)).toBe(0);
    bench.pass(2 * hour);
    expect(bench.admitted([quota], 20)).toBe(10);
  });

  test("a clock that stays wrong is followed, a quarter of the time that passes", () => {
    const bench = new Bench();
    bench.wallMs = Date.UTC(2026, 10, 28, 20);
    expect(bench.admitted([quota], 20)).toBe(10);
    bench.step(hour);
    // It reads 23:00 after two hours, of which 22:30 is followed: half an hour was gained.
    bench.pass(2 * hour);
    expect(bench.admit([quota])).toMatchObject({ ok: false, retryAfterSeconds: 5400 });
    bench.pass(2 * hour);
    expect(bench.admitted([quota], 20)).toBe(10);
  });
});

describe("all or none", () => {
  test("a denied call consumes nothing of any rule", () => {
    const bench = new Bench();
    const burst = rule({ kind: "burst", limit: 10 });
    const quota = rule({ kind: "quota", limit: 3, period: "day" });
    const concurrency = rule({ kind: "concurrency", limit: 5 });
    expect(bench.admitted([burst, concurrency, quota], 50)).toBe(3);
    expect(bench.admit([burst]).states).toMatchObject([{ remaining: 6 }]);
    const denied = bench.admit([burst, concurrency, quota]);
    expect(denied.states.map(({ name, remaining }) => `${name} ${remaining}`)).toEqual(["burst 6", "concurrency 2", "quota 0"]);
    expect(denied).toMatchObject({ ok: false, denied: { name: "quota" }, reason: "quota", retryAfterSeconds: 12 * 3600 });
  });

  test("SECURITY 36: 200 calls at once never get more than the limit of any kind", async () => {
    for (const kind of ["burst", "rate", "concurrency"] as const) {
      const limiter = new MemoryLimiter();
      const rules = [rule({ kind, limit: 37, windowSeconds: kind === "concurrency" ? 0 : 3600 })];
      const one = async () => {
        await Bun.sleep(Math.random() * 3);
        return limiter.admit(rules, 1, Date.now());
      };
      const admissions = await Promise.all(Array.from({ length: 200 }, one));
      expect(admissions.filter(({ ok }) => ok)).toHaveLength(37);
    }
  });

  test("keys and names count apart; units of a rule replace the cost", () => {
    const bench = new Bench();
    expect(bench.admitted([rule({ kind: "burst" })], 20)).toBe(10);
    expect(bench.admitted([rule({ kind: "burst", key: "acme/live/app_2" })], 20)).toBe(10);
    expect(bench.admitted([rule({ kind: "burst", name: "second" })], 20)).toBe(10);
    expect(bench.admitted([rule({ kind: "spend", units: 4, period: "day", windowSeconds: 0 })], 20, 1)).toBe(2);
  });

  test("payload: bytes of one call, and bytes per window", () => {
    const bench = new Bench();
    const size = rule({ kind: "payload", limit: 1_000, windowSeconds: 0, units: 1_001 });
    expect(bench.admit([{ ...size, units: 1_000 }]).ok).toBe(true);
    expect(bench.admit([size])).toMatchObject({ ok: false, reason: "payload" });
    const bytes = rule({ kind: "payload", name: "bytes", limit: 1_000, units: 300 });
    expect(bench.admitted([bytes], 9)).toBe(3);
    expect(bench.admit([bytes])).toMatchObject({ ok: false, reason: "rate", denied: { remaining: 100 } });
  });

  const wrong: readonly (readonly [string, Partial<LimitRule> & Pick<LimitRule, "kind">, number?])[] = [
    ["a fraction of a call", { kind: "burst", limit: 1.5 }],
    ["less than nothing", { kind: "rate", limit: -1 }],
    ["no window", { kind: "burst", windowSeconds: 0 }],
    ["an endless window", { kind: "rate", windowSeconds: Number.POSITIVE_INFINITY }],
    ["no period", { kind: "quota" }],
    ["a period of a burst", { kind: "burst", period: "day", windowSeconds: 1 }],
    ["a name that no header can say", { kind: "burst", name: "Grenze\r\nX: 1" }],
    ["negative units", { kind: "burst" }, -1],
    ["fractional units", { kind: "burst" }, 0.5],
    ["units that are not a number", { kind: "burst" }, Number.NaN],
  ];
  for (const [what, more, units] of wrong)
    test(`refuses ${what}`, () => {
      expect(() => new Bench().admit([rule(more)], units)).toThrow(RangeError);
    });

  test("refuses the same limit twice in one call, and more than 32", () => {
    const burst = rule({ kind: "burst" });
    expect(() => new Bench().admit([burst, burst])).toThrow("twice");
    const many = Array.from({ length: 33 }, (_, index) => rule({ kind: "burst", name: `burst ${index}` }));
    expect(() => new Bench().admit(many)).toThrow("more than 32");
  });
});

describe("memory", () => {
  test("keys that are whole again are forgotten as new ones come", () => {
    const bench = new Bench();
    for (let index = 0; index < 20_000; index++) {
      bench.admit([rule({ kind: "burst", key: `key ${index}`, windowSeconds: 1 })]);
      bench.pass(1);
    }
    // Each is whole again after 100 ms.
    expect(bench.limiter.size).toBeLessThan(300);
    bench.pass(1_000);
    bench.limiter.sweep(1_000, bench.wallMs);
    expect(bench.limiter.size).toBe(0);
  });

  test("the bound holds; what is almost used up is not what is forgotten", () => {
    const bench = new Bench({ keysMax: 100 });
    const hot = [rule({ kind: "burst", key: "hot", limit: 100, windowSeconds: 3600 })];
    expect(bench.admitted(hot, 200)).toBe(100);
    for (let index = 0; index < 10_000; index++) {
      expect(bench.admit([rule({ kind: "burst", key: `key ${index}`, limit: 100, windowSeconds: 3600 })]).ok).toBe(true);
      expect(bench.limiter.size).toBeLessThanOrEqual(100);
    }
    expect(bench.admitted(hot, 200)).toBe(0);
  });

  test("calls that run are never forgotten: beyond the bound, calls under other keys are refused", () => {
    const bench = new Bench({ keysMax: 10 });
    const rules = (index: number) => [rule({ kind: "concurrency", key: `key ${index}`, limit: 1 })];
    for (let index = 0; index < 10; index++) expect(bench.admit(rules(index)).ok).toBe(true);
    expect(bench.admit(rules(11))).toMatchObject({ ok: false, reason: "store_unavailable" });
    bench.limiter.release(rules(3));
    expect(bench.admit(rules(11)).ok).toBe(true);
    for (const index of [0, 9, 11]) expect(bench.admit(rules(index))).toMatchObject({ ok: false, reason: "concurrency" });
  });

  test("a key of a long log keeps its bound", () => {
    const bench = new Bench();
    const rules = [rule({ kind: "rate", limit: 1_000_000, windowSeconds: 60 })];
    for (let index = 0; index < 200_000; index++) {
      if (index % 10 === 0) bench.pass(1);
      expect(bench.admit(rules).ok).toBe(true);
    }
    expect(bench.admit(rules).states[0]?.remaining).toBe(1_000_000 - 200_001);
  });
});

describe("thresholds", () => {
  test("80 and 100 percent are told once per window and key", () => {
    const told: string[] = [];
    const bench = new Bench({
      onThreshold: (key, name, percent, used, limit) => void told.push(`${key} ${name} ${percent} ${used}/${limit}`),
    });
    const burst = rule({ kind: "burst", limit: 10, windowSeconds: 10 });
    bench.admitted([burst], 30);
    expect(told.splice(0)).toEqual(["acme/live/app_1 burst 80 8/10", "acme/live/app_1 burst 100 10/10"]);
    bench.pass(9_000);
    bench.admitted([burst], 30);
    expect(told.splice(0)).toEqual([]);
    bench.pass(2_000);
    bench.admitted([burst], 30);
    expect(told.splice(0)).toHaveLength(2);
    const quota = rule({ kind: "quota", limit: 5, period: "day", key: "acme" });
    bench.admitted([quota], 4);
    expect(told.splice(0)).toEqual(["acme quota 80 4/5"]);
    bench.admitted([quota], 9);
    bench.limiter.refund([quota], 5);
    bench.admitted([quota], 9);
    expect(told.splice(0)).toEqual(["acme quota 100 5/5"]);
    bench.pass(24 * hour);
    bench.admitted([quota], 9);
    expect(told.splice(0)).toHaveLength(2);
  });

  test("a call that was denied reached the limit, though its cost would have gone beyond", () => {
    const told: number[] = [];
    const bench = new Bench({ onThreshold: (_key, _name, percent) => void told.push(percent) });
    const rules = [rule({ kind: "rate", limit: 10 })];
    bench.admit(rules, 7);
    expect(told).toEqual([]);
    bench.admit(rules, 11);
    expect(told).toEqual([]);
    bench.admit(rules, 7);
    expect(told).toEqual([80, 100]);
  });

  test("a listener may make calls itself", () => {
    const bench: Bench = new Bench({
      onThreshold: () => void bench.admit([rule({ kind: "quota", key: "other", period: "day", limit: 100 })]),
    });
    expect(bench.admitted([rule({ kind: "burst" }), rule({ kind: "rate" })], 20)).toBe(10);
  });
});
