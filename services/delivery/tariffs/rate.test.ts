import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sampleTariff } from "../sample/index.ts";
import { packerTasks, rate, sumOf, zoneOf } from "./rate.ts";
import type { Exclusion, Packer, Rate, RateParcel, RateRequest } from "./rating.ts";
import { parcel, request, smallRequest, smallTariff } from "./tariff.arbitrary.ts";
import type { TariffVersion } from "./tariff.ts";
import { shareOf } from "./whole-numbers.ts";

const offer = (service: string, asked: RateRequest, version = smallTariff): Rate => {
  const found = rate(version, asked).rates.find((rate) => rate.service === service);
  if (found === undefined) throw new Error(JSON.stringify(rate(version, asked).excluded));
  return found;
};

/** `code amount` of each line. */
const amounts = ({ lines }: Rate): readonly string[] => lines.map(({ code, amount }) => `${code} ${amount}`);

describe("worked by hand", () => {
  /**
   * Three goods of 1,900 g together, in the small box with bubble wrap, to zone near; 459.90 declared and to be collected.
   * Outside: 305.0 × 205.0 × 155.0 mm = 9,691.375 cm³ → 1,938.275 g at 5,000 cm³/kg.  Gross: 1,900 + 180 + 35 = 2,115 g.
   * Chargeable: 2,115 → 2,500 g (step 500), which is the upper end of the bracket 1,000–2,500: 595.
   *   container 95 · seal 45 · labour 65 · handling 3 × 11 = 33 · label 7                        245
   *   carriage                                                                                    595
   *   remote: no · oversize: girth 3,050 + 2 × (2,050 + 1,550) = 10,250 ≤ 20,000: no
   *   fuel 7.25 % of 595 = 43.1375                                                                 43
   *   cash on delivery 1.75 % of 45,990 = 804.825, within 120–900                                 805
   *   insurance 0.45 % of (45,990 − 20,000) = 116.955, without tax                                117
   *   tax 19 % of 245 + 595 + 43 + 805 = 1,688: 320.72                                            321
   *                                                                                             2,126
   * Ordered on Wednesday 1 April at 12:30 UTC = 14:30 in Berlin, after the cut-off: counts for Thursday. One working day of lead: Friday and
   * Monday are holidays, so handed over on Tuesday 7 April; one to two working days later: Wednesday 8 to Thursday 9.
   */
  test("near, one parcel, cash on delivery, over Easter", () => {
    const found = offer("van", {
      address: { index: "10 115" },
      parcels: [{ container: "box-s", length: 1, width: 1, height: 1, weight: 1900, items: 3 }],
      declaredValue: 45_990,
      cashOnDelivery: 45_990,
      seal: 2,
      sturdy: false,
      at: "2026-04-01T12:30:00Z",
    });
    expect(amounts(found)).toEqual([
      "container 95",
      "seal 45",
      "labour 65",
      "handling 33",
      "label 7",
      "carriage 595",
      "fuel 43",
      "cod 805",
      "insurance 117",
      "tax 321",
    ]);
    expect(found).toMatchObject({ total: 2126, zone: "near", grossWeight: 2115, chargeableWeight: 2500 });
    expect(found.period).toEqual({ min: 7, max: 8, handOver: "2026-04-07", earliest: "2026-04-08", latest: "2026-04-09" });
  });

  /**
   * Two parcels to a remote place of zone far, with filler, sturdy; 180.00 declared (free of charge up to 200.00), 50.00 to be collected.
   * First, the large box: 608 × 408 × 408 mm = 101,210.112 cm³ → 20,242.02 g; gross 7,400 + 840 + 80 + 700 = 9,020 g; chargeable 20,500 g: 3,170.
   * Second, made to measure: 904 × 304 × 254 mm = 69,803.264 cm³ → 13,960.65 g; gross 3,210 + 250 + 80 + 700 = 4,240 g; chargeable 14,000 g: 2,230.
   *   container 310 · custom 199 · seal 2 × 70 = 140 · sturdy 2 × 333 = 666 · labour 130 · handling 5 × 11 = 55 · label 14     1,514
   *   carriage 3,170 + 2,230                                                                                                   5,400
   *   remote 2 × 450                                                                                                             900
   *   oversize: girths 6,080 + 2 × 8,160 = 22,400 and 9,040 + 2 × 5,580 = 20,200, both > 20,000: 2 × 777                       1,554
   *   fuel 7.25 % of 5,400 + 900 + 1,554 = 7,854: 569.415                                                                        569
   *   cash on delivery 1.75 % of 5,000 = 87.5, at least 120                                                                      120
   *   insurance of nothing                                                                                                         0
   *   tax 19 % of 10,057 = 1,910.83                                                                                            1,911
   *                                                                                                                           11,968
   * Ordered on Friday 6 March at 13:59 in Berlin, a minute before the cut-off: handed over on Monday 9, there Wednesday 11 to Friday 13.
   */
  test("far and remote, two great parcels", () => {
    const found = offer("van", {
      address: { index: "99-012", city: "Nowhere" },
      parcels: [
        { container: "box-l", length: 1, width: 1, height: 1, weight: 7400, items: 4 },
        { length: 9000, width: 3000, height: 2500, weight: 3210, items: 1 },
      ],
      declaredValue: 18_000,
      cashOnDelivery: 5000,
      seal: 3,
      sturdy: true,
      at: "2026-03-06T12:59:00Z",
    });
    expect(amounts(found)).toEqual([
      "container 310",
      "custom 199",
      "seal 140",
      "sturdy 666",
      "labour 130",
      "handling 55",
      "label 14",
      "carriage 3170",
      "carriage 2230",
      "remote 900",
      "oversize 1554",
      "fuel 569",
      "cod 120",
      "insurance 0",
      "tax 1911",
    ]);
    expect(found).toMatchObject({ total: 11_968, zone: "far", grossWeight: 13_260, chargeableWeight: 34_500 });
    expect(found.parcels.map(({ chargeableWeight }) => chargeableWeight)).toEqual([20_500, 14_000]);
    expect(found.period).toEqual({ min: 5, max: 7, handOver: "2026-03-09", earliest: "2026-03-11", latest: "2026-03-13" });
  });
});

test("shares are rounded half up", () => {
  const cases = [
    [50, 100, 1],
    [49, 100, 0],
    [150, 100, 2],
    [12_345, 250, 309],
    [0, 10_000, 0],
    [9_007_199_254_740_991, 10_000, 9_007_199_254_740_991],
  ] as const;
  for (const [amount, basisPoints, expected] of cases) expect(shareOf(amount, basisPoints)).toBe(expected);
});

describe("zone", () => {
  const cases = [
    ["the longest prefix", { index: "10599" }, "far"],
    ["a shorter one", { index: "10400" }, "near"],
    ["space, hyphens and case do not count", { index: " 10-4 00" }, "near"],
    ["the prefix goes before the place", { index: "90000", city: "Oakham" }, "far"],
    ["an unknown code leaves it to the place", { index: "50000", city: "oakham " }, "near"],
    ["a place in its region", { city: "Oakham", region: "OUTLAND" }, "far"],
    ["the settlement before the city", { settlement: "Oakham", city: "Elsewhere", region: "Midland" }, "near"],
    ["the region where the place is unknown", { city: "Elsewhere", region: "Outland" }, "far"],
    ["nothing known", { index: "50000", city: "Elsewhere", region: null }, undefined],
    ["nothing said", {}, undefined],
  ] as const;
  test.each(cases)("%s", (_, address, expected) => {
    expect(zoneOf(smallTariff, address)?.id).toBe(expected);
  });

  test("of an unknown address: every service says so", () => {
    const { rates, excluded } = rate(smallTariff, { ...smallRequest, address: { index: "5" } });
    expect(rates).toEqual([]);
    expect(excluded.map(({ service, reason }) => [service, reason])).toEqual([
      ["van", "zone_unknown"],
      ["post", "zone_unknown"],
      ["locker", "zone_unknown"],
    ]);
  });
});

describe("what exceeds a limit is excluded, with limit and actual value", () => {
  const custom = (sides: Partial<RateParcel>): Partial<RateRequest> => ({
    parcels: [{ length: 1000, width: 1000, height: 1000, weight: 1000, items: 1, ...sides }],
  });
  // Walls of 2 mm and 250 g of a box made to measure are added: the first column is just admitted, the second is one beyond.
  const cases: readonly (readonly [reason: string, Partial<RateRequest>, Partial<RateRequest>, Partial<Exclusion>])[] = [
    ["weight", custom({ weight: 24_750 }), custom({ weight: 24_751 }), { limit: 25_000, actual: 25_001, unit: "g", parcel: 0 }],
    ["longest_side", custom({ height: 11_960 }), custom({ height: 11_961 }), { limit: 12_000, actual: 12_001, unit: "0.1 mm" }],
    [
      "middle_side",
      custom({ length: 8000, width: 500, height: 7960 }),
      custom({ length: 8000, width: 500, height: 7961 }),
      { limit: 8000, actual: 8001, unit: "0.1 mm" },
    ],
    [
      "shortest_side",
      custom({ length: 4960, width: 4960, height: 4960 }),
      custom({ length: 4961, width: 4961, height: 4961 }),
      { limit: 5000, actual: 5001, unit: "0.1 mm" },
    ],
    [
      "girth",
      custom({ length: 11_960, width: 4960, height: 2460 }),
      custom({ length: 11_960, width: 4960, height: 2461 }),
      { limit: 27_000, actual: 27_002, unit: "0.1 mm" },
    ],
    [
      "sides_sum",
      custom({ length: 11_960, width: 4960, height: 2460 }),
      custom({ length: 11_960, width: 4960, height: 2461 }),
      { limit: 19_500, actual: 19_501, unit: "0.1 mm" },
    ],
    [
      "declared_value",
      { declaredValue: 100_000 },
      { declaredValue: 100_001 },
      { limit: 100_000, actual: 100_001, unit: "minor" },
    ],
    [
      "cash_on_delivery",
      { cashOnDelivery: 90_000 },
      { cashOnDelivery: 90_001 },
      { limit: 90_000, actual: 90_001, unit: "minor" },
    ],
    [
      "parcels",
      { parcels: Array.from({ length: 3 }, () => smallRequest.parcels as readonly RateParcel[]).flat() },
      { parcels: Array.from({ length: 4 }, () => smallRequest.parcels as readonly RateParcel[]).flat() },
      { limit: 3, actual: 4, unit: "parcels" },
    ],
    [
      "container",
      { parcels: [{ container: "box-s", length: 1, width: 1, height: 1, weight: 5000, items: 1 }] },
      { parcels: [{ container: "box-s", length: 1, width: 1, height: 1, weight: 5001, items: 1 }] },
      { limit: 5000, actual: 5001, unit: "g", parcel: 0 },
    ],
    [
      // 60 × 50 × 50 cm are 30 kg at 5,000 cm³/kg, the end of the last bracket.
      "chargeable_weight",
      custom({ length: 4960, width: 5960, height: 4960 }),
      custom({ length: 5961, width: 4960, height: 4960 }),
      { limit: 30_000, actual: 30_500, unit: "g" },
    ],
  ];
  test.each(cases)("%s", (reason, admitted, refused, expected) => {
    expect(rate(smallTariff, { ...smallRequest, ...admitted }).rates.map(({ service }) => service)).toContain("van");
    const { rates, excluded } = rate(smallTariff, { ...smallRequest, ...refused });
    expect(rates.map(({ service }) => service)).not.toContain("van");
    const found = excluded.find((exclusion) => exclusion.service === "van" && exclusion.reason === reason);
    expect(found).toMatchObject({ typeId: 1, ...expected });
  });

  test("every limit at once, by type id", () => {
    const { excluded } = rate(smallTariff, {
      ...smallRequest,
      ...custom({ weight: 30_000, length: 13_000 }),
      declaredValue: 200_000,
    });
    expect(excluded.map(({ service, reason }) => `${service} ${reason}`)).toEqual([
      "van declared_value",
      "van weight",
      "van longest_side",
      "post weight",
      "locker weight",
    ]);
  });

  test("a zone to which it does not go; a container that it does not take", () => {
    const far = rate(smallTariff, { ...smallRequest, address: { index: "90000" } });
    expect(far.excluded.map(({ service, reason }) => `${service} ${reason}`)).toEqual([
      "post zone_not_served",
      "locker zone_not_served",
    ]);
    const large = { ...smallRequest, parcels: [{ container: "box-l", length: 1, width: 1, height: 1, weight: 1, items: 1 }] };
    expect(rate(smallTariff, large).excluded).toContainEqual(
      expect.objectContaining({ service: "post", reason: "container", limit: null, actual: null }),
    );
  });

  test("what the chosen point does not take", () => {
    const chosen = (servicePoint: RateRequest["servicePoint"]) =>
      rate(smallTariff, { ...smallRequest, ...(servicePoint === undefined ? {} : { servicePoint }) }).excluded.map(
        ({ service, reason, limit, actual }) => [service, reason, limit, actual],
      );
    expect(chosen(undefined)).toEqual([]);
    expect(chosen({ kind: "locker", weightMax: 2180, sidesMax: [3050, 2050, 1550] })).toEqual([]);
    expect(chosen({ kind: "locker", weightMax: 2179, sidesMax: [3049, 2050, 1550] })).toEqual([
      ["locker", "service_point_weight", 2179, 2180],
      ["locker", "service_point_longest_side", 3049, 3050],
    ]);
    expect(chosen({ kind: "servicePoint" })).toEqual([["locker", "service_point_kind", null, null]]);
  });
});

describe("a packer", () => {
  test("is asked once for each task, told what may be used, and its reason is passed on", () => {
    const asked: string[] = [];
    const packer: Packer = ({ key, containers, weightMax, parcelsMax }) => {
      asked.push(key);
      if (parcelsMax === 1) return { reason: "packing", limit: null, actual: null, unit: null };
      // What is around the goods is subtracted: of post, 20 kg less 250 g of the box and 35 g of bubble wrap.
      if (weightMax === 19_715) expect(containers.map(({ id, maxWeight }) => [id, maxWeight])).toEqual([["box-s", 5000]]);
      else
        expect([weightMax, containers.map(({ id, maxWeight }) => [id, maxWeight])]).toEqual([
          24_715,
          [
            ["box-s", 5000],
            ["box-l", 24_125],
          ],
        ]);
      return [{ container: "box-s", length: 1, width: 1, height: 1, weight: 900, items: 2 }];
    };
    const asking: RateRequest = { ...smallRequest, seal: 2, parcels: packer };
    const { rates, excluded } = rate(smallTariff, asking);
    expect(rates.map(({ service }) => service).toSorted()).toEqual(["post", "van"]);
    expect(excluded).toEqual([{ service: "locker", typeId: 6, reason: "packing", limit: null, actual: null, unit: null }]);
    expect(new Set(asked).size).toBe(asked.length);
    expect(packerTasks(smallTariff, asking).map(({ key }) => key)).toEqual(asked);
  });

  test("that uses what is not there is a fault", () => {
    const unknown = {
      ...smallRequest,
      parcels: () => [{ container: "box-x", length: 1, width: 1, height: 1, weight: 1, items: 1 }],
    };
    expect(() => rate(smallTariff, unknown)).toThrow(RangeError);
  });
});

test("what is just as great as allowed is not oversize", () => {
  const codes = (height: number) =>
    offer("van", { ...smallRequest, parcels: [{ length: 9960, width: 2460, height, weight: 1, items: 1 }] }).lines.map(
      ({ code }) => code,
    );
  expect(codes(2460)).not.toContain("oversize");
  expect(codes(2461)).toContain("oversize");
});

test("offers stand cheapest first, of one price by type id", () => {
  const { rates } = rate(smallTariff, smallRequest);
  expect(rates.map(({ service, total }) => [service, total])).toEqual([
    // 95 + 65 + 11 + 7 = 178 for packing; with carriage 250, 595 and 980; fuel 43 and 33; insurance 0 and 200; tax 19 % without insurance.
    ["locker", 509],
    ["van", 971],
    ["post", 1617],
  ]);
  const same = { ...smallTariff, services: smallTariff.services.filter(({ id }) => id !== "post").toReversed() };
  const free = { ...same, grid: same.grid.map((bracket) => ({ ...bracket, price: 0 })) };
  expect(rate(free, smallRequest).rates.map(({ typeId, total }) => [typeId, total])).toEqual([
    [1, 212],
    [6, 212],
  ]);
});

test("a parcel beyond every limit is excluded with exact figures, not a fault", () => {
  const huge = { length: 200_000, width: 200_000, height: 200_000, weight: 10 ** 12, items: 1 };
  const parcels = Array.from({ length: 200 }, (_, at) => ({ ...huge, weight: at === 7 ? huge.weight : 1 }));
  const { rates, excluded } = rate(smallTariff, { ...smallRequest, parcels });
  expect(rates).toEqual([]);
  // Of 200 parcels, each limit is told once, of the one that exceeds it most.
  expect(excluded.filter(({ reason, service }) => reason === "weight" && service === "van")).toHaveLength(1);
  expect(excluded).toContainEqual({
    service: "van",
    typeId: 1,
    reason: "weight",
    limit: 25_000,
    actual: 1_000_000_000_250,
    unit: "g",
    parcel: 7,
  });
  const without: TariffVersion = {
    ...smallTariff,
    services: smallTariff.services.map((service) => ({ ...service, limits: { weightMax: 10 ** 13 } })),
  };
  const [bulky] = rate(without, { ...smallRequest, parcels: [{ ...huge, weight: 1 }] }).excluded;
  // 200,040³ cubes of 0.1 mm are 8,004,800,960.064 cm³, at 5,000 cm³/kg 1,600,960,192.0128 g, up to the next 500 g.
  expect(bulky).toMatchObject({ reason: "chargeable_weight", limit: 30_000, actual: 1_600_960_500 });
});

test("a request out of bounds is a fault", () => {
  const [first] = smallRequest.parcels as readonly RateParcel[];
  const bad: readonly Partial<RateRequest>[] = [
    { parcels: [] },
    { parcels: [{ ...first!, weight: 1.5 }] },
    { parcels: [{ ...first!, items: 0 }] },
    { parcels: [{ ...first!, length: 200_001 }] },
    { parcels: [{ ...first!, weight: 10 ** 12 + 1 }] },
    { parcels: Array.from({ length: 201 }, () => first!) },
    { parcels: [{ ...first!, length: Number.NaN }] },
    { declaredValue: -1 },
    { cashOnDelivery: 2 ** 53 },
    { at: "yesterday" },
    { at: "2026-02-30T00:00:00Z" },
  ];
  for (const change of bad) expect(() => rate(smallTariff, { ...smallRequest, ...change })).toThrow(RangeError);
});

describe.each([
  ["the small tariff", smallTariff, ["10100", "99000"]],
  ["the sample", sampleTariff, ["10115", "38720", "39911", "50700"]],
] as const)("whatever is sent by %s", (_, version: TariffVersion, indexes) => {
  const containers = version.packaging.containers.map(({ id }) => id);
  const requests = request(containers, indexes);

  test("the lines add up to the total, and every service is offered or excluded", () => {
    fc.assert(
      fc.property(requests, (asked) => {
        const { rates, excluded } = rate(version, asked);
        for (const { lines, total } of rates) {
          expect(lines.reduce((sum, line) => sum + line.amount, 0)).toBe(total);
          for (const line of lines) expect(line.amount).toBe(line.quantity * line.price);
          for (const { amount } of lines) expect(Number.isSafeInteger(amount) && amount >= 0).toBeTrue();
          expect(sumOf(lines, ["packaging", "carriage", "surcharge", "insurance", "tax"])).toBe(total);
        }
        const named = [...rates, ...new Map(excluded.map((exclusion) => [exclusion.service, exclusion])).values()];
        expect(named.map(({ service }) => service).toSorted()).toEqual(version.services.map(({ id }) => id).toSorted());
        for (const { limit, actual } of excluded) if (limit !== null) expect(actual).toBeGreaterThan(limit);
      }),
      { numRuns: 200 },
    );
  });

  test("a heavier parcel never costs less, and is offered no more", () => {
    fc.assert(
      fc.property(requests, parcel(containers), fc.integer({ min: 1, max: 20_000 }), (asked, first, more) => {
        const light = rate(version, { ...asked, parcels: [first, ...asked.parcels] });
        const heavy = rate(version, { ...asked, parcels: [{ ...first, weight: first.weight + more }, ...asked.parcels] });
        for (const { service, total } of heavy.rates) {
          const lighter = light.rates.find((rate) => rate.service === service);
          expect(lighter?.total).toBeLessThanOrEqual(total);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("it never arrives before it is handed over, nor on a day without delivery", () => {
    fc.assert(
      fc.property(requests, (asked) => {
        for (const { service, period } of rate(version, asked).rates) {
          const { handOver, earliest, latest, min, max } = period;
          expect([handOver <= earliest, earliest <= latest, 0 <= min, min <= max]).toEqual([true, true, true, true]);
          const { deliversOn } = version.services.find(({ id }) => id === service)!;
          for (const date of [earliest, latest]) {
            expect(version.calendar.holidays).not.toContain(date);
            expect(deliversOn).toContain(new Date(`${date}T00:00:00Z`).getUTCDay() || 7);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
