import { expect, test } from "bun:test";
import { pack } from "./pack.ts";
import type { PackItem, Packing, PackRequest, Parcel, Placement } from "./packing.ts";
import { validate } from "./validate.ts";

const items: PackItem[] = [
  { id: "plate", length: 400, width: 300, height: 50, weight: 900, quantity: 2, upright: ["height"] },
  { id: "glass", length: 100, width: 100, height: 150, weight: 200, quantity: 3, fragile: true, upright: ["height"] },
  { id: "top", length: 200, width: 200, height: 100, weight: 300, quantity: 1, noStack: true },
];
const request: PackRequest = { items, mode: { kind: "container", length: 500, width: 400, height: 400, maxWeight: 5000 } };
const packing = pack(request);

const changed = (change: (placement: Placement) => Placement, figures: Partial<Parcel> = {}): Packing => ({
  ...packing,
  parcels: packing.parcels.map((parcel) => ({ ...parcel, ...figures, placements: parcel.placements.map(change) })),
});
const only = (item: string, index: number, change: Partial<Placement>) => (placement: Placement) =>
  placement.item === item && placement.index === index ? { ...placement, ...change } : placement;
const kinds = (answer: Packing, of: PackRequest = request) => new Set(validate(of, answer).map(({ kind }) => kind));

test("a right answer has no violation", () => {
  expect(validate(request, packing)).toEqual([]);
  expect(packing.left).toEqual([]);
});

test("every kind of mistake is found", () => {
  const [first, second] = packing.parcels[0]?.placements ?? [];
  if (first === undefined || second === undefined) throw new Error("nothing packed");
  expect(kinds(changed(only("top", 0, { x: 450 })))).toContain("bounds");
  expect(kinds(changed(only("top", 0, { x: 0.5 })))).toContain("bounds");
  expect(kinds(changed(only(first.item, first.index, { x: second.x, y: second.y, z: second.z })))).toContain("overlap");
  expect(kinds(changed(only("plate", 0, { length: 50, height: 400 })))).toContain("orientation");
  expect(kinds(changed(only("top", 0, { z: 290 })))).toContain("support");
  expect(kinds(changed((placement) => placement, { weight: 1 }))).toContain("figures");
  expect(kinds(changed((placement) => placement, { fill: 0.99 }))).toContain("figures");
  expect(kinds(changed((placement) => ({ ...placement, step: 1 })))).toContain("figures");
  expect(kinds(changed(only("glass", 1, { index: 0 })))).toContain("count");
  expect(kinds({ ...packing, left: [{ item: "top", quantity: 1 }] })).toContain("count");
  expect(kinds({ ...packing, fill: 0.123 })).toContain("figures");
  expect(kinds(changed((placement) => placement, { length: 501 }))).toContain("bounds");
  expect(kinds(packing, { items, mode: { kind: "container", length: 500, width: 400, height: 400, maxWeight: 100 } })).toContain(
    "weight",
  );
});

const stacked = (lower: Partial<PackItem>, upper: Partial<PackItem> = {}, x = 0): Set<string> => {
  const below = { id: "below", length: 100, width: 100, height: 100, weight: 500, quantity: 1, ...lower };
  const above = { id: "above", length: 100, width: 100, height: 100, weight: 400, quantity: 1, ...upper };
  const side = { length: 100, width: 100, height: 100 };
  const parcel = {
    length: 200,
    width: 100,
    height: 200,
    weight: below.weight + above.weight,
    fill: 0.5,
    placements: [
      { item: "below", index: 0, x: 0, y: 0, z: 0, ...side, step: 1 },
      { item: "above", index: 0, x, y: 0, z: 100, ...side, step: 2 },
    ],
  };
  const answer = { parcels: [parcel], left: [], fill: 0.5, bound: 1, gap: 0 };
  return kinds(answer, {
    items: [below, above],
    mode: { kind: "container", length: 200, width: 100, height: 200 },
    support: 0.5,
  });
};

test("what a piece bears is what lies on it", () => {
  const cases: readonly (readonly [violations: string[], Set<string>])[] = [
    [[], stacked({})],
    [[], stacked({ maxLoad: 400 })],
    [["load"], stacked({ maxLoad: 399 })],
    [["load"], stacked({ noStack: true })],
    [[], stacked({ fragile: true })],
    [["load"], stacked({ fragile: true }, { weight: 501 })],
    [[], stacked({}, {}, 50)],
    [["support"], stacked({}, {}, 51)],
  ];
  for (const [violations, found] of cases) expect([...found]).toEqual(violations);
});
