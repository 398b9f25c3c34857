import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { windowKinds, windowOf } from "./window.ts";

describe("by hand", () => {
  const cases: [string, "hour" | "day" | "week" | "month", string, string][] = [
    ["2026-11-25T09:41:07.250Z", "hour", "2026-11-25T09:00:00.000Z", "2026-11-25T10:00:00.000Z"],
    ["2026-11-25T23:59:59.999Z", "hour", "2026-11-25T23:00:00.000Z", "2026-11-26T00:00:00.000Z"],
    ["2026-11-25T09:41:07.250Z", "day", "2026-11-25T00:00:00.000Z", "2026-11-26T00:00:00.000Z"],
    ["2026-11-25T09:41:07.250Z", "week", "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z"],
    ["2026-11-23T00:00:00.000Z", "week", "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z"],
    ["2026-11-29T23:59:59.999Z", "week", "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z"],
    ["2027-01-01T12:00:00.000Z", "week", "2026-12-28T00:00:00.000Z", "2027-01-04T00:00:00.000Z"],
    ["2026-12-31T23:59:59.999Z", "month", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"],
    ["2028-02-29T00:00:00.000Z", "month", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
  ];
  test.each(cases)("%s, %s", (now, kind, start, end) => {
    expect(windowOf(now, kind)).toEqual({ start, end });
  });
});

test("windows follow one another without gap or overlap", () => {
  const moment = fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(moment, fc.constantFrom(...windowKinds), (at, kind) => {
      const now = at.toISOString();
      const { start, end } = windowOf(now, kind);
      expect(start <= now && now < end).toBe(true);
      expect(windowOf(start, kind)).toEqual({ start, end });
      expect(windowOf(new Date(Date.parse(end) - 1).toISOString(), kind)).toEqual({ start, end });
      expect(windowOf(end, kind).start).toBe(end);
      if (kind === "week") expect(new Date(start).getUTCDay()).toBe(1);
    }),
    { numRuns: 2_000 },
  );
});
