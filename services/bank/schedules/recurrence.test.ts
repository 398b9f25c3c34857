import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { firstRunFrom, type Interval, intervals, type Plan, runAt } from "./recurrence.ts";

const plan = (startsAt: string, every: Interval, more: Partial<Plan> = {}): Plan => ({
  startsAt,
  every,
  endsAt: null,
  times: null,
  ...more,
});
const runs = (of: Plan, count: number): (string | null)[] =>
  Array.from({ length: count }, (_, position) => runAt(of, position + 1)?.slice(0, 10) ?? null);

describe("runs", () => {
  const cases: [string, Plan, (string | null)[]][] = [
    ["once", plan("2026-01-31T09:00:00.000Z", "none"), ["2026-01-31", null]],
    ["every day, over the end of a month", plan("2026-02-27T09:00:00.000Z", "day"), ["2026-02-27", "2026-02-28", "2026-03-01"]],
    ["every week, over the end of a year", plan("2026-12-25T09:00:00.000Z", "week"), ["2026-12-25", "2027-01-01", "2027-01-08"]],
    [
      "on the 31st: the last day where there is none, and the 31st again",
      plan("2026-01-31T09:00:00.000Z", "month"),
      ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
    ],
    ["on the 30th of a leap year", plan("2028-01-30T09:00:00.000Z", "month"), ["2028-01-30", "2028-02-29", "2028-03-30"]],
    ["on the 29th of February", plan("2028-02-29T09:00:00.000Z", "month"), ["2028-02-29", "2028-03-29"]],
    ["so many times", plan("2026-01-01T09:00:00.000Z", "day", { times: 2 }), ["2026-01-01", "2026-01-02", null]],
    [
      "until a moment, and at it",
      plan("2026-01-01T09:00:00.000Z", "day", { endsAt: "2026-01-02T09:00:00.000Z" }),
      ["2026-01-01", "2026-01-02", null],
    ],
    ["to the end of all days", plan("9999-12-01T09:00:00.000Z", "month"), ["9999-12-01", null]],
  ];
  test.each(cases)("%s", (_, of, expected) => {
    expect(runs(of, expected.length)).toEqual(expected);
  });

  test("the time of day stays", () => {
    expect(runAt(plan("2026-01-31T23:59:59.999Z", "month"), 2)).toBe("2026-02-28T23:59:59.999Z");
  });
});

const anyPlan = fc
  .record({
    start: fc.date({ min: new Date("2020-01-01"), max: new Date("2030-12-31"), noInvalidDate: true }),
    every: fc.constantFrom(...intervals),
  })
  .map(({ start, every }) => plan(start.toISOString(), every));

test("each run is later than the one before it, in the very next month", () => {
  fc.assert(
    fc.property(anyPlan, fc.integer({ min: 1, max: 2_000 }), (of, run) => {
      const at = runAt(of, run);
      const next = runAt(of, run + 1);
      if (of.every === "none") {
        expect(next).toBeNull();
        return;
      }
      if (at === null || next === null) throw new Error("there is no end");
      expect(next > at).toBe(true);
      if (of.every !== "month") return;
      const months = (moment: string) => Number(moment.slice(0, 4)) * 12 + Number(moment.slice(5, 7));
      expect(months(next) - months(at)).toBe(1);
      expect(at.slice(11)).toBe(of.startsAt.slice(11));
    }),
    { numRuns: 2_000 },
  );
});

test("the first run from a moment on is the first one", () => {
  fc.assert(
    fc.property(
      anyPlan,
      fc.integer({ min: 1, max: 50 }),
      fc.date({ min: new Date("2019-01-01"), max: new Date("2040-12-31"), noInvalidDate: true }),
      (of, run, date) => {
        const moment = date.toISOString();
        const found = firstRunFrom(of, run, moment);
        const at = runAt(of, found);
        const before = runAt(of, found - 1);
        if (of.every === "none") {
          expect(found).toBe(run);
          return;
        }
        expect(found).toBeGreaterThanOrEqual(run);
        if (at !== null) expect(at >= moment).toBe(true);
        if (found > run && before !== null) expect(before < moment).toBe(true);
      },
    ),
    { numRuns: 5_000 },
  );
});
