/** A small tariff whose numbers a reader can follow by hand, and random parcels for it. */
import fc from "fast-check";
import type { RateParcel, RateRequest } from "./rating.ts";
import type { Bracket, TariffVersion } from "./tariff.ts";

const brackets = (service: string, zone: string, prices: Readonly<Record<number, number>>): readonly Bracket[] => {
  let weightFrom = 0;
  return Object.entries(prices).map(([end, price]) => {
    const weightTo = Number(end);
    const bracket = { service, zone, weightFrom, weightTo, price };
    weightFrom = weightTo;
    return bracket;
  });
};

export const smallTariff: TariffVersion = {
  id: "small-1",
  number: 1,
  name: "Small",
  effectiveFrom: "2026-01-01T00:00:00Z",
  effectiveTo: null,
  currency: "EUR",
  zones: [
    { id: "near", name: "Near", prefixes: ["10"], settlements: [{ name: "Oakham" }], regions: ["Midland"] },
    {
      id: "far",
      name: "Far",
      prefixes: ["1", "9", "105"],
      settlements: [
        { name: "Oakham", region: "Outland" },
        { name: "Oakham", region: "Outland", district: "East" },
      ],
      regions: ["Outland"],
    },
  ],
  services: [
    {
      id: "van",
      typeId: 1,
      kind: "courier",
      name: "Van",
      description: "",
      dimensionFactor: 5000,
      weightStep: 500,
      limits: {
        weightMax: 25_000,
        sidesMax: [12_000, 8000, 5000],
        girthMax: 27_000,
        sidesSumMax: 19_500,
        declaredValueMax: 100_000,
        cashOnDeliveryMax: 90_000,
        parcelsMax: 3,
      },
      surcharges: [
        { code: "remote", kind: "remote", prefixes: ["99"], settlements: [{ name: "World's End" }], price: 450 },
        { code: "oversize", kind: "oversize", girthOver: 20_000, price: 777 },
        { code: "fuel", kind: "fuel", basisPoints: 725, of: "before" },
        { code: "cod", kind: "cashOnDelivery", basisPoints: 175, min: 120, max: 900 },
        { code: "insurance", kind: "insurance", basisPoints: 45, freeUpTo: 20_000 },
      ],
      transit: [
        { zone: "near", minDays: 1, maxDays: 2 },
        { zone: "far", minDays: 2, maxDays: 4 },
      ],
      transitDays: "working",
      deliversOn: [1, 2, 3, 4, 5, 6],
    },
    {
      id: "post",
      typeId: 3,
      kind: "post",
      name: "Post",
      description: "",
      weightStep: 250,
      limits: { weightMax: 20_000 },
      containers: ["box-s"],
      surcharges: [
        { code: "fuel", kind: "fuel", basisPoints: 333, of: "carriage" },
        { code: "insurance", kind: "insurance", basisPoints: 400, freeUpTo: 0 },
      ],
      transit: [{ zone: "near", minDays: 2, maxDays: 5 }],
      transitDays: "calendar",
      deliversOn: [1, 2, 3, 4, 5, 6],
    },
    {
      id: "locker",
      typeId: 6,
      kind: "locker",
      name: "Locker",
      description: "",
      dimensionFactor: 4000,
      weightStep: 1000,
      limits: { weightMax: 10_000, parcelsMax: 1, cashOnDeliveryMax: 0 },
      surcharges: [],
      transit: [{ zone: "near", minDays: 0, maxDays: 0 }],
      transitDays: "working",
      deliversOn: [1, 2, 3, 4, 5, 6, 7],
    },
  ],
  grid: [
    ...brackets("van", "near", { 1000: 490, 2500: 595, 10_000: 890, 30_000: 1490 }),
    ...brackets("van", "far", { 1000: 790, 2500: 960, 10_000: 1430, 15_000: 2230, 30_000: 3170 }),
    ...brackets("post", "near", { 500: 310, 2000: 420, 20_000: 980 }),
    ...brackets("locker", "near", { 10_000: 250, 15_000: 400 }),
  ],
  packaging: {
    containers: [
      {
        id: "box-s",
        kind: "carton",
        name: "S",
        length: 3000,
        width: 2000,
        height: 1500,
        wall: 25,
        weight: 180,
        maxWeight: 5000,
        price: 95,
      },
      {
        id: "box-l",
        kind: "carton",
        name: "L",
        length: 6000,
        width: 4000,
        height: 4000,
        wall: 40,
        weight: 840,
        maxWeight: 30_000,
        price: 310,
      },
    ],
    custom: { price: 199, weight: 250, wall: 20 },
    seals: [
      { type: 2, price: 45, weight: 35 },
      { type: 3, price: 70, weight: 80 },
    ],
    sturdy: { price: 333, weight: 700 },
    labour: { perParcel: 65, perItem: 11 },
    label: 7,
  },
  tax: { basisPoints: 1900, exempt: ["insurance"] },
  calendar: {
    timeZone: "Europe/Berlin",
    cutOff: 840,
    leadDays: 1,
    workdays: [1, 2, 3, 4, 5],
    holidays: ["2026-04-03", "2026-04-06"],
  },
};

/** Goods of 2 kg in the small box, ordered on a Monday at noon. */
export const smallRequest: RateRequest = {
  address: { index: "10100" },
  parcels: [{ container: "box-s", length: 1, width: 1, height: 1, weight: 2000, items: 1 }],
  declaredValue: 5000,
  seal: 1,
  sturdy: false,
  at: "2026-03-09T11:00:00Z",
};

const side = fc.integer({ min: 100, max: 9000 });

export const parcel = (containers: readonly string[]): fc.Arbitrary<RateParcel> =>
  fc
    .record({
      container: fc.option(fc.constantFrom(...containers), { nil: undefined }),
      length: side,
      width: side,
      height: side,
      weight: fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 40_000 })),
      items: fc.integer({ min: 1, max: 50 }),
    })
    .map(({ container, ...rest }) => (container === undefined ? rest : { container, ...rest }));

export type FixedRequest = RateRequest & { readonly parcels: readonly RateParcel[] };

export const request = (containers: readonly string[], indexes: readonly string[]): fc.Arbitrary<FixedRequest> =>
  fc.record({
    address: fc.record({ index: fc.constantFrom(...indexes) }),
    parcels: fc.array(parcel(containers), { minLength: 1, maxLength: 4 }),
    declaredValue: fc.integer({ min: 0, max: 120_000 }),
    cashOnDelivery: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 120_000 })),
    seal: fc.constantFrom(1, 2, 3),
    sturdy: fc.boolean(),
    at: fc
      .date({ min: new Date("2026-01-01T00:00:00Z"), max: new Date("2027-12-31T00:00:00Z"), noInvalidDate: true })
      .map((date) => date.toISOString()),
  });
