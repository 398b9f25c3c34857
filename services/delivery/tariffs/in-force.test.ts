import { expect, test } from "bun:test";
import { inForceAt } from "./in-force.ts";

const version = (number: number, effectiveFrom: string, effectiveTo: string | null = null) => ({
  number,
  effectiveFrom,
  effectiveTo,
});

const versions = [
  version(3, "2026-07-01T00:00:00.000Z"),
  version(1, "2026-01-01T00:00:00Z"),
  version(2, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"),
  version(4, "2026-07-01T00:00:00Z"),
];

const cases: readonly (readonly [at: string, number: number | undefined])[] = [
  ["2025-12-31T23:59:59.999Z", undefined],
  ["2026-01-01T00:00:00Z", 1],
  ["2026-03-01T00:00:00Z", 2],
  ["2026-03-31T23:59:59Z", 2],
  ["2026-04-01T00:00:00Z", 1],
  ["2026-07-01T00:00:00Z", 4],
];
test.each(cases)("at %s version %p counts", (at, number) => {
  expect(inForceAt(versions, at)?.number).toBe(number);
  expect(inForceAt(versions.toReversed(), at)?.number).toBe(number);
});

test("what is no instant in UTC is a fault", () => {
  for (const at of ["2026-01-01", "2026-01-01T00:00:00+01:00", ""]) expect(() => inForceAt(versions, at)).toThrow(RangeError);
});
