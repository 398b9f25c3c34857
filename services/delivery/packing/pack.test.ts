import { expect, test } from "bun:test";
import { containersMax } from "../tariffs/limits.ts";
import { boxBound } from "./bound.ts";
import { kindsOf } from "./kinds.ts";
import { pack } from "./pack.ts";
import { cutBox, goods } from "./test-goods.ts";
import { type PackItem, packingLimits, PackingRefused, type PackMode, type PackRequest, type Side } from "./packing.ts";
import { validate } from "./validate.ts";

const box = { kind: "box" } as const;
const container = { kind: "container", length: 2000, width: 1500, height: 1200 } as const;
const cartons = {
  kind: "cartons",
  cartons: [
    { id: "small", length: 900, width: 600, height: 500, weight: 100, price: 40, maxWeight: 10_000 },
    { id: "large", length: 1500, width: 1000, height: 800, weight: 300, price: 95, maxWeight: 30_000 },
  ],
} as const;
const manyCartons = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    id: `c${at}`,
    length: 500 + at,
    width: 400,
    height: 300,
    weight: 1,
    price: 100 + at,
  }));
const modes: readonly PackMode[] = [box, container, cartons];

const refusal = (request: PackRequest): string => {
  try {
    pack(request);
  } catch (error) {
    if (error instanceof PackingRefused) return error.code;
    throw error;
  }
  return "packed";
};

test("two sheets and a carton go into the parcel that is known to be smallest", () => {
  const items = [
    { id: "sheet", length: 1300, width: 1000, height: 10, weight: 100, quantity: 2 },
    { id: "carton", length: 1331, width: 998, height: 788, weight: 575, quantity: 1 },
  ];
  const packing = pack({ items, mode: box });
  const [parcel] = packing.parcels;
  expect(parcel).toMatchObject({ length: 1331, width: 1000, height: 808, weight: 775 });
  expect(packing.left).toEqual([]);
  expect(packing.gap).toBe(0);
  expect(validate({ items, mode: box }, packing)).toEqual([]);
});

test("five pieces that no saw cut parts fill their box", () => {
  // Four bars around a middle piece: the one way to waste nothing.
  const items: PackItem[] = [
    { id: "bar", length: 500, width: 300, height: 700, weight: 1, quantity: 4, upright: ["height"] },
    { id: "middle", length: 200, width: 200, height: 700, weight: 1, quantity: 1, upright: ["height"] },
  ];
  const packing = pack({ items, mode: box, effort: 1000 });
  expect(packing.fill).toBe(1);
  expect(packing.gap).toBe(0);
  expect(validate({ items, mode: box }, packing)).toEqual([]);
});

test("one piece and equal pieces waste nothing", () => {
  for (const quantity of [1, 2, 7, 12, 60]) {
    const items = [{ id: "brick", length: 240, width: 115, height: 71, weight: 3000, quantity }];
    const packing = pack({ items, mode: box });
    expect({ quantity, fill: packing.fill, gap: packing.gap }).toEqual({ quantity, fill: 1, gap: 0 });
  }
});

test("of boxes of one volume the one nearest to a cube: flat goods are stacked, not laid in a row", () => {
  const sidesOf = (quantity: number, length: number, width: number, height: number): readonly number[] => {
    const items = [{ id: "one", length, width, height, weight: 100, quantity }];
    const packing = pack({ items, mode: box });
    expect(validate({ items, mode: box }, packing)).toEqual([]);
    const [parcel] = packing.parcels;
    return parcel === undefined ? [] : [parcel.length, parcel.width, parcel.height];
  };
  expect(sidesOf(2, 12_400, 3_200, 1_400)).toEqual([12_400, 3_200, 2_800]);
  expect(sidesOf(5, 12_400, 3_200, 1_400)).toEqual([12_400, 7_000, 3_200]);
  expect(sidesOf(7, 1_900, 1_250, 280)).toEqual([1_960, 1_900, 1_250]);
  // What is fragile stands side by side, by its shortest sides.
  const glasses = { id: "case", length: 2_900, width: 2_000, height: 2_300, weight: 100, quantity: 5 };
  const fragile: PackItem[] = [{ ...glasses, fragile: true, upright: ["height"] }];
  const [row] = pack({ items: fragile, mode: box }).parcels;
  expect([row?.length, row?.width, row?.height].toSorted((a = 0, b = 0) => b - a)).toEqual([10_000, 2_900, 2_300]);
  // 64 cubes are a cube.
  expect(sidesOf(64, 500, 500, 500)).toEqual([2_000, 2_000, 2_000]);
});

test("every answer stands the independent check, whatever the goods and rules", () => {
  for (let seed = 1; seed <= 9; seed++) {
    const plain = goods(seed, 2 + (seed % 9), 3);
    const ruled = plain.map((item, at): PackItem => ({
      ...item,
      fragile: at % 3 === 0,
      noStack: at % 4 === 1,
      ...(at % 3 === 1 ? { maxLoad: 1500 } : {}),
      ...(at % 2 === 0 ? { upright: ["height", "width"] as const } : {}),
    }));
    for (const mode of modes) {
      for (const [items, support] of [
        [plain, 0],
        [plain, 1],
        [plain, 0.6],
        [ruled, undefined],
        [ruled, 0],
      ] as const) {
        const request: PackRequest = { items, mode, effort: 25, ...(support === undefined ? {} : { support }) };
        expect(validate(request, pack(request))).toEqual([]);
      }
    }
  }
});

test("a support below 1 lets that much of a base hang over, and no more", () => {
  const hanging = new Map<number, number>();
  for (const support of [0.5, 0.75, 1]) {
    let hang = 0;
    for (let seed = 1; seed <= 3; seed++) {
      for (const mode of modes) {
        const items = goods(seed, 8, 3);
        const request: PackRequest = { items, mode, support, effort: 25 };
        const packing = pack(request);
        expect(validate(request, packing)).toEqual([]);
        hang += validate({ ...request, support: 1 }, packing).length;
      }
    }
    hanging.set(support, hang);
  }
  expect(hanging.get(1)).toBe(0);
  expect(hanging.get(0.75)).toBeGreaterThan(0);
  // The upper piece is half as long again as what is under it.
  const items: PackItem[] = [
    { id: "foot", length: 100, width: 100, height: 100, weight: 1, quantity: 1, upright: ["height"] },
    { id: "board", length: 150, width: 100, height: 20, weight: 1, quantity: 1, upright: ["height"] },
  ];
  const mode = { kind: "cartons", cartons: [{ id: "c", length: 150, width: 100, height: 120, weight: 1, price: 1 }] } as const;
  expect(pack({ items, mode, support: 0.6 }).parcels).toHaveLength(1);
  // The other way round it rests wholly.
  expect(pack({ items, mode, support: 0.7 }).parcels[0]?.placements.map(({ item }) => item)).toEqual(["board", "foot"]);
});

test("pieces that bear a limited load are packed in layers and columns as high as they bear", () => {
  const mode = { kind: "container", length: 600, width: 600, height: 600 } as const;
  const cube = { id: "cube", length: 100, width: 100, height: 100, weight: 100, quantity: 216 } as const;
  const layers = (item: Partial<PackItem>, support?: number) => {
    const request: PackRequest = {
      items: [{ ...cube, ...item }],
      mode,
      effort: 20,
      ...(support === undefined ? {} : { support }),
    };
    const packing = pack(request);
    expect(validate(request, packing)).toEqual([]);
    return (packing.parcels[0]?.placements.length ?? 0) / 36;
  };
  expect(layers({ noStack: true })).toBe(1);
  expect(layers({ maxLoad: 99 })).toBe(1);
  expect(layers({ maxLoad: 100 })).toBe(2);
  expect(layers({ maxLoad: 399 })).toBe(4);
  expect(layers({ maxLoad: 500 })).toBe(6);
  expect(layers({ maxLoad: 10, weight: 0 })).toBe(6);
  expect(layers({ fragile: true })).toBe(6);
  expect(layers({ maxLoad: 250 }, 0.5)).toBe(3);
});

test("the same request gives the same answer, and the order of its lines changes nothing", () => {
  for (const mode of modes) {
    const items = goods(5, 9, 2);
    const first = pack({ items, mode, effort: 100 });
    expect(pack({ items, mode, effort: 100 })).toEqual(first);
    expect(pack({ items: items.toReversed(), mode, effort: 100 }).parcels.map(({ fill }) => fill)).toEqual(
      first.parcels.map(({ fill }) => fill),
    );
  }
});

test("another unit of length changes nothing", () => {
  const by = (factor: number) => {
    const scaled = <T extends Readonly<Record<Side, number>>>(of: T): T => ({
      ...of,
      length: of.length * factor,
      width: of.width * factor,
      height: of.height * factor,
    });
    const items = goods(11, 8, 2).map(scaled);
    return [
      pack({ items, mode: box, effort: 80 }),
      pack({ items, mode: scaled(container), effort: 80 }),
      pack({ items, mode: { ...cartons, cartons: cartons.cartons.map(scaled) }, effort: 80 }),
    ].map(({ parcels, fill, gap }) => ({
      fill,
      gap,
      places: parcels.map(({ placements }) =>
        placements.map(({ item, index, x, y, z }) => [item, index, x / factor, y / factor, z / factor]),
      ),
    }));
  };
  const first = by(1);
  for (const factor of [3, 10, 17]) expect(by(factor)).toEqual(first);
});

test("which side is called length changes nothing", () => {
  const items = goods(23, 8, 2);
  const renamed = items.map(({ length, width, height, ...item }) => ({ ...item, length: height, width: length, height: width }));
  for (const mode of modes) {
    const figures = (of: readonly PackItem[]) => {
      const { fill, bound, gap } = pack({ items: of, mode, effort: 80 });
      return { fill, bound, gap };
    };
    expect(figures(renamed)).toEqual(figures(items));
  }
  const turned = { kind: "container", length: 1200, width: 2000, height: 1500 } as const;
  expect(pack({ items, mode: turned, effort: 80 }).fill).toBe(pack({ items, mode: container, effort: 80 }).fill);
});

test("more goods never make the bound less", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const items = goods(seed, 14, 3);
    let last = 0;
    const bounds = items.map((_, at) => boxBound(kindsOf({ items: items.slice(0, at + 1), mode: box }, [1])));
    for (const bound of bounds) {
      expect(bound).toBeGreaterThanOrEqual(last);
      last = bound;
    }
  }
  for (const mode of [container, cartons]) {
    let last = 0;
    for (let lines = 1; lines <= 12; lines++) {
      const { bound } = pack({ items: goods(3, lines, 2), mode, effort: 1 });
      expect(bound).toBeGreaterThanOrEqual(last);
      last = bound;
    }
  }
});

test("an answer is never better than its bound", () => {
  for (let seed = 1; seed <= 15; seed++) {
    const items = goods(seed, 1 + (seed % 8), 2);
    const smallest = pack({ items, mode: box, effort: 30 });
    const [parcel] = smallest.parcels;
    const volume = (parcel?.length ?? 0) * (parcel?.width ?? 0) * (parcel?.height ?? 0);
    expect(volume).toBeGreaterThanOrEqual(smallest.bound);
    const filled = pack({ items, mode: container, effort: 30 });
    expect(filled.fill * 2000 * 1500 * 1200).toBeLessThanOrEqual(filled.bound * (1 + 1e-9));
    const packed = pack({ items, mode: cartons, effort: 30 });
    const price = packed.parcels.reduce(
      (sum, { carton }) => sum + (cartons.cartons.find(({ id }) => id === carton)?.price ?? 0),
      0,
    );
    expect(price).toBeGreaterThanOrEqual(packed.bound);
  }
});

test("pieces cut from a full box are put together again", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const request = { items: cutBox(seed, 5), mode: box };
    expect({ seed, fill: pack(request).fill }).toEqual({ seed, fill: 1 });
  }
  let fill = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const request: PackRequest = {
      items: cutBox(seed, 24),
      mode: { kind: "container", length: 1000, width: 800, height: 600 },
      effort: 300,
    };
    const packing = pack(request);
    expect(packing.bound).toBe(1000 * 800 * 600);
    fill += packing.fill / 6;
  }
  expect(fill).toBeGreaterThan(0.85);
});

test("a container takes what fits, and tells what is left", () => {
  const items = [
    { id: "cube", length: 100, width: 100, height: 100, weight: 10, quantity: 30 },
    { id: "beam", length: 900, width: 10, height: 10, weight: 10, quantity: 1 },
  ];
  const mode = { kind: "container", length: 300, width: 300, height: 200 } as const;
  const packing = pack({ items, mode });
  expect(packing.fill).toBe(1);
  expect(packing.gap).toBe(0);
  expect(packing.left).toEqual([
    { item: "cube", quantity: 12 },
    { item: "beam", quantity: 1 },
  ]);
  const light = pack({ items, mode: { ...mode, maxWeight: 55 } });
  expect(light.parcels[0]?.placements).toHaveLength(5);
  expect(light.gap).toBeLessThan(0.2);
  expect(validate({ items, mode: { ...mode, maxWeight: 55 } }, light)).toEqual([]);
  expect(pack({ items: items.slice(1), mode })).toMatchObject({ parcels: [], fill: 0, left: [{ item: "beam", quantity: 1 }] });
});

test("one carton that holds all is the cheapest that does; otherwise several, as cheap as can be", () => {
  const cube = (quantity: number) => [{ id: "cube", length: 100, width: 100, height: 100, weight: 100, quantity }];
  const offered = [
    { id: "8", length: 200, width: 200, height: 200, weight: 50, price: 10 },
    { id: "27", length: 300, width: 300, height: 300, weight: 80, price: 25 },
    { id: "12", length: 300, width: 200, height: 200, weight: 60, price: 16 },
  ];
  const chosen = (quantity: number, most?: number) =>
    pack({
      items: cube(quantity),
      mode: { kind: "cartons", cartons: offered, ...(most === undefined ? {} : { maxParcels: most }) },
    })
      .parcels.map(({ carton = "" }) => carton)
      .toSorted();
  expect(chosen(8)).toEqual(["8"]);
  expect(chosen(9)).toEqual(["12"]);
  expect(chosen(13, 1)).toEqual(["27"]);
  // Two for 20 are cheaper than one for 25.
  expect(chosen(13)).toEqual(["8", "8"]);
  expect(chosen(35)).toEqual(["27", "8"]);
  expect(refusal({ items: cube(60), mode: { kind: "cartons", cartons: offered, maxParcels: 2 } })).toBe("does_not_fit");
});

test("as many cartons may be offered as a tariff has", () => {
  expect(packingLimits.cartons).toBeGreaterThanOrEqual(containersMax);
  const items = [{ id: "cube", length: 300, width: 300, height: 300, weight: 100, quantity: 1 }];
  const packing = pack({ items, mode: { kind: "cartons", cartons: manyCartons(containersMax) } });
  expect(packing.parcels.map(({ carton }) => carton)).toEqual(["c0"]);
});

test("a carton's load counts, not only its room", () => {
  const items = [{ id: "lead", length: 50, width: 50, height: 50, weight: 4000, quantity: 5 }];
  const offered = [{ id: "c", length: 500, width: 500, height: 500, weight: 50, maxWeight: 10_000, price: 10 }];
  const packing = pack({ items, mode: { kind: "cartons", cartons: offered } });
  expect(packing.parcels.map(({ weight }) => weight)).toEqual([8000, 8000, 4000]);
  expect(packing.gap).toBeLessThanOrEqual(0.5);
});

test("a box keeps its limits, and goods that cannot are refused", () => {
  const items = goods(4, 6, 2);
  const free = pack({ items, mode: box }).parcels[0];
  const flat = { kind: "box", maxHeight: 600, maxLength: 3000, maxWidth: 3000 } as const;
  const packing = pack({ items, mode: flat });
  expect(validate({ items, mode: flat }, packing)).toEqual([]);
  expect(
    Math.min(packing.parcels[0]?.length ?? 0, packing.parcels[0]?.width ?? 0, packing.parcels[0]?.height ?? 0),
  ).toBeLessThanOrEqual(600);
  expect(free).toBeDefined();
  expect(refusal({ items, mode: { kind: "box", maxLength: 300 } })).toBe("does_not_fit");
  expect(refusal({ items, mode: { kind: "box", maxWeight: 100 } })).toBe("does_not_fit");
  expect(refusal({ items, mode: { kind: "box", maxLength: 810, maxWidth: 560, maxHeight: 410 } })).toBe("does_not_fit");
});

test("what is no request is refused with its code", () => {
  const [item] = goods(1, 1);
  if (item === undefined) throw new Error("no goods");
  const cases: readonly (readonly [code: string, request: PackRequest])[] = [
    ["no_items", { items: [], mode: box }],
    ["too_many_items", { items: [{ ...item, quantity: 201 }], mode: box }],
    ["packed", { items: [{ ...item, quantity: 200 }], mode: box }],
    ["too_many_items", { items: [{ ...item, quantity: 501 }], mode: container }],
    ["too_many_items", { items: [{ ...item, quantity: Number.MAX_SAFE_INTEGER }], mode: cartons }],
    ["invalid_item", { items: [item, item], mode: box }],
    ["invalid_item", { items: [{ ...item, length: 0 }], mode: box }],
    ["invalid_item", { items: [{ ...item, width: 1.5 }], mode: box }],
    ["invalid_item", { items: [{ ...item, height: Number.NaN }], mode: box }],
    ["invalid_item", { items: [{ ...item, height: 200_001 }], mode: box }],
    ["invalid_item", { items: [{ ...item, weight: -1 }], mode: box }],
    ["invalid_item", { items: [{ ...item, quantity: 0 }], mode: box }],
    ["invalid_item", { items: [{ ...item, upright: [] }], mode: box }],
    ["invalid_item", { items: [{ ...item, maxLoad: Number.NaN }], mode: box }],
    ["invalid_request", { items: [item], mode: box, support: 1.1 }],
    ["invalid_request", { items: [item], mode: box, support: Number.NaN }],
    ["invalid_request", { items: [item], mode: box, effort: 0 }],
    ["invalid_request", { items: [item], mode: box, effort: 100_001 }],
    ["invalid_request", { items: [item], mode: { ...container, length: 0 } }],
    ["invalid_request", { items: [item], mode: { kind: "cartons", cartons: [] } }],
    ["invalid_request", { items: [item], mode: { kind: "cartons", cartons: manyCartons(packingLimits.cartons + 1) } }],
    ["invalid_request", { items: [item], mode: { ...cartons, maxParcels: 0 } }],
    ["invalid_carton", { items: [item], mode: { kind: "cartons", cartons: [...cartons.cartons, cartons.cartons[0]] } }],
    ["does_not_fit", { items: [{ ...item, length: 5000 }], mode: cartons }],
    ["does_not_fit", { items: [{ ...item, weight: 40_000 }], mode: cartons }],
  ];
  for (const [code, request] of cases) expect([code, refusal(request)]).toEqual([code, code]);
});

test("a signal ends the search between two arrangements", () => {
  let asked = 0;
  const signal = {
    get aborted() {
      return ++asked > 5;
    },
  };
  expect(() => pack({ items: goods(2, 60, 3), mode: container }, { signal })).toThrow("cancelled");
  expect(asked).toBe(6);
});
