import { describe, expect, test } from "bun:test";
import { periodOf } from "./rate.ts";
import { smallTariff } from "./tariff.arbitrary.ts";

/** The house is in Berlin, hands over a working day after the order, and counts what comes at 14:00 or later for the next working day. */
describe("the period", () => {
  const cases: readonly (readonly [
    what: string,
    service: string,
    at: string,
    handOver: string,
    earliest: string,
    latest: string,
    days: readonly [number, number],
  ])[] = [
    ["a minute before the cut-off", "van", "2026-03-09T12:59:59Z", "2026-03-10", "2026-03-11", "2026-03-12", [2, 3]],
    ["at the cut-off", "van", "2026-03-09T13:00:00Z", "2026-03-11", "2026-03-12", "2026-03-13", [3, 4]],
    ["before the cut-off, summer time", "van", "2026-03-30T11:59:59Z", "2026-03-31", "2026-04-01", "2026-04-02", [2, 3]],
    ["at the cut-off, summer time", "van", "2026-03-30T12:00:00Z", "2026-04-01", "2026-04-02", "2026-04-07", [3, 8]],
    ["Tuesday there, Monday in UTC", "van", "2026-03-09T23:30:00Z", "2026-03-11", "2026-03-12", "2026-03-13", [2, 3]],
    ["over Easter", "van", "2026-04-01T11:00:00Z", "2026-04-02", "2026-04-07", "2026-04-08", [6, 7]],
    ["calendar days, there on a Saturday", "post", "2026-03-11T12:00:00Z", "2026-03-12", "2026-03-14", "2026-03-17", [3, 6]],
    ["calendar days, no delivery on a Sunday", "post", "2026-03-12T12:00:00Z", "2026-03-13", "2026-03-16", "2026-03-18", [4, 6]],
    [
      "ordered on a Saturday, there when handed over",
      "locker",
      "2026-03-14T10:00:00Z",
      "2026-03-17",
      "2026-03-17",
      "2026-03-17",
      [3, 3],
    ],
  ];
  test.each(cases)("%s", (_, service, at, handOver, earliest, latest, [min, max]) => {
    expect(periodOf(smallTariff, { service, zone: "near", at })).toEqual({ min, max, handOver, earliest, latest });
  });

  test("is nothing where the service does not go, or is none", () => {
    const at = "2026-03-09T12:00:00Z";
    expect(periodOf(smallTariff, { service: "post", zone: "far", at })).toBeUndefined();
    expect(periodOf(smallTariff, { service: "ship", zone: "near", at })).toBeUndefined();
    expect(() => periodOf(smallTariff, { service: "van", zone: "near", at: "now" })).toThrow(RangeError);
  });
});
