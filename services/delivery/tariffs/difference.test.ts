import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nextSampleTariff, sampleTariff } from "../sample/index.ts";
import { difference } from "./difference.ts";
import { smallTariff } from "./tariff.arbitrary.ts";
import type { Service } from "./tariff.ts";

const [van, ...others] = smallTariff.services as readonly [Service, ...Service[]];

describe("the difference of versions", () => {
  test("is nothing for the same content under another number", () => {
    expect(difference(smallTariff, { ...structuredClone(smallTariff), id: "small-2", number: 2 })).toEqual([]);
  });

  test("names entries by their id, so that a place in a list does not count", () => {
    const [first, ...rest] = smallTariff.grid;
    const next = {
      ...smallTariff,
      services: [...others, { ...van, limits: { ...van.limits, weightMax: 20_000 }, windows: [{ from: 540, to: 720 }] }],
      grid: [...rest, { ...first!, price: 495 }],
      zones: smallTariff.zones.map((zone) => (zone.id === "far" ? { ...zone, prefixes: ["9", "105", "2"] } : zone)),
    };
    expect(difference(smallTariff, next)).toEqual([
      { path: "zones[far].prefixes[1]", kind: "removed", before: "1" },
      { path: "zones[far].prefixes[2]", kind: "added", after: "2" },
      { path: "services[van].limits.weightMax", kind: "changed", before: 25_000, after: 20_000 },
      { path: "services[van].windows", kind: "added", after: [{ from: 540, to: 720 }] },
      { path: "grid[van near 0–1000].price", kind: "changed", before: 490, after: 495 },
    ]);
  });

  test("the order of surcharges is a part of the price", () => {
    const turned = { ...smallTariff, services: [{ ...van, surcharges: van.surcharges.toReversed() }, ...others] };
    expect(difference(smallTariff, turned).map(({ path, kind }) => [path, kind])).toEqual([
      ["services[van].surcharges (order)", "changed"],
    ]);
  });

  test("of the sample's versions: dates, a limit, prices that rose", () => {
    const changes = difference(sampleTariff, nextSampleTariff);
    expect(changes.filter(({ path }) => !path.startsWith("grid")).map(({ path }) => path)).toEqual([
      "effectiveFrom",
      "services[courier].limits.weightMax",
    ]);
    for (const { path, before, after } of changes)
      if (path.startsWith("grid")) expect(Number(after)).toBeGreaterThan(Number(before));
  });

  test("one way is the other way round", () => {
    const prices = fc.array(fc.integer({ min: 0, max: 5 }), {
      minLength: smallTariff.grid.length,
      maxLength: smallTariff.grid.length,
    });
    fc.assert(
      fc.property(prices, (more) => {
        const next = {
          ...smallTariff,
          grid: smallTariff.grid.map((bracket, at) => ({ ...bracket, price: bracket.price + (more[at] ?? 0) })),
        };
        const changes = difference(smallTariff, next);
        expect(changes).toHaveLength(more.filter((value) => value > 0).length);
        expect(difference(next, smallTariff)).toEqual(
          changes.map(({ path, kind, before, after }) => ({ path, kind, before: after, after: before })),
        );
      }),
    );
  });
});
