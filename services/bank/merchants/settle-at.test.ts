import { expect, test } from "bun:test";
import { nextSettleAt } from "./settle-at.ts";

const cases: [string, string][] = [
  ["2026-11-25T09:30:00.000Z", "2026-11-26T00:01:00.000Z"],
  ["2026-11-25T00:00:59.999Z", "2026-11-25T00:01:00.000Z"],
  ["2026-11-25T00:01:00.000Z", "2026-11-26T00:01:00.000Z"],
  ["2026-12-31T23:59:59.999Z", "2027-01-01T00:01:00.000Z"],
];

test.each(cases)("after %s: %s", (now, next) => {
  expect(nextSettleAt(now)).toBe(next);
});
