import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sampleTariffs } from "../sample/index.ts";
import { problemsMax } from "./limits.ts";
import { rate } from "./rate.ts";
import { smallRequest, smallTariff } from "./tariff.arbitrary.ts";
import { validateVersion, versionOf } from "./validate.ts";

type Path = readonly (string | number)[];

/** A copy with another value at a path; undefined takes the field away. */
const withValue = (value: unknown, [first, ...rest]: Path, next: unknown): unknown => {
  if (first === undefined) return next;
  if (Array.isArray(value)) return value.map((entry, at) => (at === first ? withValue(entry, rest, next) : entry));
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [first]: withValue(fields[first], rest, next) };
};

const pathsOf = (value: unknown, path: Path = []): readonly Path[] => {
  if (typeof value !== "object" || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, entry]) => pathsOf(entry, [...path, Array.isArray(value) ? Number(key) : key])),
  ];
};

const parsed = (path: string): Path => path.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));

describe("a version", () => {
  test("of the sample, and the small one, has no problem", () => {
    for (const version of [...sampleTariffs, smallTariff]) expect(validateVersion(version)).toEqual([]);
    expect(versionOf(structuredClone(smallTariff))).toEqual(smallTariff);
  });

  const cases: readonly (readonly [path: string, value: unknown, told: string, code: string])[] = [
    ["id", "", "id", "out_of_bounds"],
    ["name", 5, "name", "not_text"],
    ["number", 0, "number", "out_of_bounds"],
    ["currency", "euro", "currency", "unknown_currency"],
    ["effectiveFrom", "2026-02-30T00:00:00Z", "effectiveFrom", "bad_instant"],
    ["effectiveFrom", "2026-01-01", "effectiveFrom", "bad_instant"],
    ["effectiveFrom", "0000-01-01T00:00:00Z", "effectiveFrom", "bad_instant"],
    ["effectiveFrom", "9999-12-31T24:00:00Z", "effectiveFrom", "bad_instant"],
    ["effectiveTo", "2026-01-01T00:00:00Z", "effectiveTo", "bad_order"],
    ["effectiveTo", undefined, "effectiveTo", "bad_instant"],
    ["zones", [], "zones", "empty"],
    ["zones", "all", "zones", "malformed"],
    ["zones.1.id", "near", "zones[1].id", "duplicate"],
    ["zones.1.prefixes.0", "1-0", "zones[1].prefixes[0]", "duplicate"],
    ["zones.1.settlements.0", { name: " OAKHAM" }, "zones[1].settlements[0]", "duplicate"],
    ["zones.1.regions.0", "midland", "zones[1].regions[0]", "duplicate"],
    ["zones.0.settlements.0.name", null, "zones[0].settlements[0].name", "not_text"],
    ["services.0.typeId", 3, "services[1].typeId", "duplicate"],
    ["services.1.id", "van", "services[1].id", "duplicate"],
    ["services.0.kind", "balloon", "services[0].kind", "unknown_kind"],
    ["services.0.weightStep", 0, "services[0].weightStep", "out_of_bounds"],
    ["services.0.dimensionFactor", 0, "services[0].dimensionFactor", "out_of_bounds"],
    ["services.0.limits.weightMax", 1.5, "services[0].limits.weightMax", "not_a_number"],
    ["services.0.limits.weightMax", 30_001, "services[0]", "hole"],
    ["services.0.limits.sidesMax", [1, 2, 3], "services[0].limits.sidesMax[1]", "bad_order"],
    ["services.0.limits.sidesMax", [1, 1], "services[0].limits.sidesMax", "empty"],
    ["services.0.surcharges.0.kind", "luck", "services[0].surcharges[0].kind", "unknown_kind"],
    ["services.0.surcharges.0.code", "fuel", "services[0].surcharges[2].code", "duplicate"],
    ["services.0.surcharges.0.code", "carriage", "services[0].surcharges[0].code", "duplicate"],
    ["services.0.surcharges.2.basisPoints", 10_001, "services[0].surcharges[2].basisPoints", "out_of_bounds"],
    ["services.0.surcharges.2.of", "all", "services[0].surcharges[2].of", "unknown_kind"],
    ["services.0.surcharges.3.max", 119, "services[0].surcharges[3].max", "bad_order"],
    ["services.0.transit.1.zone", "moon", "services[0].transit[1].zone", "unknown_zone"],
    ["services.0.transit.1.zone", "near", "services[0].transit[1].zone", "duplicate"],
    ["services.0.transit.1.maxDays", 1, "services[0].transit[1].maxDays", "bad_order"],
    ["services.1.transit.0.zone", "far", "services[1]", "no_price"],
    ["services.1.transit.0.zone", "far", "services", "no_transit"],
    ["services.1.containers.0", "box-x", "services[1].containers[0]", "unknown_container"],
    ["services.2.limits.parcelsMax", { toString: 0 }, "services[2].limits.parcelsMax", "not_a_number"],
    ["services.0.transit.1.zone", { toString: 0 }, "services[0].transit[1].zone", "unknown_zone"],
    ["services.0.deliversOn", [], "services[0].deliversOn", "empty"],
    ["services.0.deliversOn", [1, 1], "services[0].deliversOn[1]", "duplicate"],
    ["services.0.windows", [{ from: 600, to: 600 }], "services[0].windows[0].to", "bad_order"],
    ["grid.0.service", "ship", "grid[0].service", "unknown_service"],
    ["grid.0.zone", "moon", "grid[0].zone", "unknown_zone"],
    ["grid.0.price", "490", "grid[0].price", "not_a_number"],
    ["grid.1.weightFrom", 999, "grid[1].weightFrom", "overlap"],
    ["grid.1.weightFrom", 1001, "grid[1].weightFrom", "hole"],
    ["grid.1.price", 1, "grid[1].price", "price_falls"],
    ["grid.1.weightTo", 1000, "grid[1].weightTo", "bad_order"],
    ["packaging.containers.1.id", "box-s", "packaging.containers[1].id", "duplicate"],
    ["packaging.containers.0.maxWeight", 0, "packaging.containers[0].maxWeight", "out_of_bounds"],
    ["packaging.seals.0.type", 4, "packaging.seals[0].type", "unknown_kind"],
    ["packaging.sturdy", null, "packaging.sturdy", "malformed"],
    ["packaging.label", -1, "packaging.label", "out_of_bounds"],
    ["tax.basisPoints", Number.NaN, "tax.basisPoints", "not_a_number"],
    ["calendar.timeZone", "Europe/Nowhere", "calendar.timeZone", "unknown_time_zone"],
    ["calendar.timeZone", "+01:00", "calendar.timeZone", "unknown_time_zone"],
    ["calendar.holidays.0", "2026-02-30", "calendar.holidays[0]", "bad_date"],
    ["calendar.workdays", [0], "calendar.workdays[0]", "out_of_bounds"],
  ];
  test.each(cases)("%s as %j: %s, %s", (path, value, told, code) => {
    const problems = validateVersion(withValue(smallTariff, parsed(path), value));
    expect(problems).toContainEqual(expect.objectContaining({ path: told, code }));
    expect(() => versionOf(withValue(smallTariff, parsed(path), value))).toThrow(RangeError);
  });

  test("no more problems are listed than the bound", () => {
    const grid = Array.from({ length: 1000 }, () => ({ service: "?" }));
    expect(validateVersion({ ...smallTariff, grid })).toHaveLength(problemsMax);
  });

  test("of any shape is told what is wrong, or can be priced with", () => {
    const paths = pathsOf(smallTariff);
    const values = fc.oneof(
      fc.constantFrom(undefined, null, 0, -1, 1, 1e9, 1e13, Number.NaN, "", "near", "van", "fuel", [], {}, [[]], true),
      fc.integer({ min: 0, max: 100_000 }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    let validCount = 0;
    fc.assert(
      fc.property(fc.constantFrom(...paths), values, fc.constantFrom("10100", "99000"), (path, value, index) => {
        const version = withValue(smallTariff, path, value);
        if (validateVersion(version).length > 0) return;
        validCount++;
        const { rates } = rate(versionOf(version), {
          ...smallRequest,
          address: { index },
          cashOnDelivery: 5000,
          seal: 2,
          sturdy: true,
        });
        for (const { lines, total } of rates) expect(lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(total);
      }),
      { numRuns: 1000 },
    );
    expect(validCount).toBeGreaterThan(20);
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(validateVersion(value).length).toBeGreaterThan(0)));
  });
});
