/** Eight ways of delivery. Post parcel is 3 and express post 4; the other numbers are the sample's own. */
import type { Service, Surcharge, Transit } from "../tariffs/index.ts";

const kilogram = 1000;
const euro = 100;
const hour = 60;

/** Days to z1, z2 … as `[min, max]`; undefined: it does not go there. */
const transit = (...days: readonly (readonly [number, number] | undefined)[]): readonly Transit[] =>
  days.flatMap((range, at) => (range === undefined ? [] : [{ zone: `z${at + 1}`, minDays: range[0], maxDays: range[1] }]));

const fuel = (basisPoints: number, of: "carriage" | "before" = "carriage"): Surcharge => ({
  code: "fuel",
  kind: "fuel",
  basisPoints,
  of,
});

const remote = (price: number): Surcharge => ({
  code: "remote",
  kind: "remote",
  prefixes: ["387", "388", "389", "96", "97", "98"],
  settlements: [{ name: "Gannet Rock" }, { name: "Lastlight", region: "Norrfell" }],
  price,
});

const oversize = (sideOver: number, price: number): Surcharge => ({
  code: "oversize",
  kind: "oversize",
  sideOver,
  girthOver: 2.5 * sideOver,
  price,
});

const cashOnDelivery = (basisPoints: number, bounds: { readonly min: number; readonly max: number }): Surcharge => ({
  code: "cash_on_delivery",
  kind: "cashOnDelivery",
  basisPoints,
  ...bounds,
});

const insurance = (basisPoints: number, freeUpTo: number): Surcharge => ({
  code: "insurance",
  kind: "insurance",
  basisPoints,
  freeUpTo,
});

const workdays = [1, 2, 3, 4, 5];
const allButSunday = [...workdays, 6];
const everyDay = [...allButSunday, 7];

export const services: readonly Service[] = [
  {
    id: "courier",
    typeId: 1,
    kind: "courier",
    name: "Courier",
    description: "To the door, by day.",
    dimensionFactor: 5000,
    weightStep: 500,
    limits: {
      weightMax: 30 * kilogram,
      sidesMax: [12_000, 8000, 8000],
      girthMax: 30_000,
      declaredValueMax: 10_000 * euro,
      cashOnDeliveryMax: 5000 * euro,
      parcelsMax: 20,
    },
    surcharges: [
      fuel(850),
      remote(690),
      oversize(10_000, 950),
      cashOnDelivery(200, { min: 150, max: 2500 }),
      insurance(50, 500 * euro),
    ],
    transit: transit([1, 1], [1, 2], [2, 3], [2, 4], [2, 3], [5, 8]),
    transitDays: "working",
    deliversOn: allButSunday,
  },
  {
    id: "express",
    typeId: 2,
    kind: "express",
    name: "Express with a window",
    description: "To the door within the chosen hours.",
    dimensionFactor: 5000,
    weightStep: 500,
    limits: {
      weightMax: 15 * kilogram,
      sidesMax: [8000, 6000, 5000],
      declaredValueMax: 10_000 * euro,
      cashOnDeliveryMax: 3000 * euro,
      parcelsMax: 5,
    },
    surcharges: [fuel(1100), cashOnDelivery(250, { min: 200, max: 3000 }), insurance(50, 1000 * euro)],
    transit: transit([0, 0], [1, 1], [1, 2], undefined, [1, 2]),
    transitDays: "working",
    deliversOn: everyDay,
    windows: [
      { from: 9 * hour, to: 12 * hour },
      { from: 12 * hour, to: 15 * hour },
      { from: 15 * hour, to: 18 * hour },
      { from: 18 * hour, to: 22 * hour },
    ],
  },
  {
    id: "post-parcel",
    typeId: 3,
    kind: "post",
    name: "Post parcel",
    description: "To the post office of the address.",
    weightStep: 250,
    limits: {
      weightMax: 20 * kilogram,
      sidesMax: [11_000, 6000, 6000],
      girthMax: 30_000,
      declaredValueMax: 5000 * euro,
      cashOnDeliveryMax: 5000 * euro,
    },
    surcharges: [fuel(300), oversize(8000, 400), cashOnDelivery(300, { min: 100, max: 4000 }), insurance(400, 0)],
    transit: transit([2, 4], [2, 4], [3, 6], [4, 8], [3, 6], [7, 14]),
    transitDays: "calendar",
    deliversOn: allButSunday,
  },
  {
    id: "express-post",
    typeId: 4,
    kind: "post",
    name: "Express post",
    description: "By post, by air where that is faster.",
    dimensionFactor: 6000,
    weightStep: 250,
    limits: {
      weightMax: 31_500,
      sidesMax: [12_000, 8000, 8000],
      girthMax: 30_000,
      declaredValueMax: 10_000 * euro,
      cashOnDeliveryMax: 5000 * euro,
    },
    surcharges: [fuel(700), remote(450), cashOnDelivery(250, { min: 150, max: 4000 }), insurance(300, 0)],
    transit: transit([1, 2], [1, 2], [1, 3], [2, 3], [1, 3], [3, 6]),
    transitDays: "calendar",
    deliversOn: allButSunday,
  },
  {
    id: "pickup-point",
    typeId: 5,
    kind: "servicePoint",
    name: "Pick-up point",
    description: "To a point of the buyer's choice, kept for seven days.",
    dimensionFactor: 5000,
    weightStep: 500,
    limits: {
      weightMax: 25 * kilogram,
      sidesMax: [8000, 6000, 5000],
      declaredValueMax: 3000 * euro,
      cashOnDeliveryMax: 3000 * euro,
      parcelsMax: 10,
    },
    surcharges: [fuel(500), cashOnDelivery(150, { min: 100, max: 1500 }), insurance(50, 300 * euro)],
    transit: transit([1, 2], [1, 2], [2, 4], [3, 5], [2, 4], [6, 9]),
    transitDays: "working",
    deliversOn: allButSunday,
  },
  {
    id: "locker",
    typeId: 6,
    kind: "locker",
    name: "Locker",
    description: "To a locker of the buyer's choice, kept for three days.",
    dimensionFactor: 5000,
    weightStep: 500,
    limits: {
      weightMax: 20 * kilogram,
      sidesMax: [6400, 3900, 3800],
      declaredValueMax: 1000 * euro,
      cashOnDeliveryMax: 0,
      parcelsMax: 1,
    },
    surcharges: [fuel(500), insurance(50, 300 * euro)],
    transit: transit([1, 2], [1, 2], [2, 3], [3, 5], [2, 3]),
    transitDays: "working",
    deliversOn: everyDay,
  },
  {
    id: "small-packet",
    typeId: 7,
    kind: "packet",
    name: "Small packet",
    description: "To the letter box, without a signature.",
    weightStep: 50,
    limits: {
      weightMax: 2 * kilogram,
      sidesMax: [6000, 6000, 6000],
      sidesSumMax: 9000,
      declaredValueMax: 100 * euro,
      cashOnDeliveryMax: 0,
      parcelsMax: 1,
    },
    containers: ["envelope-s", "envelope-m", "envelope-l", "carton-01", "carton-02", "carton-03"],
    surcharges: [fuel(300)],
    transit: transit([2, 4], [2, 4], [3, 6], [4, 8], [3, 6], [8, 16]),
    transitDays: "calendar",
    deliversOn: allButSunday,
  },
  {
    id: "freight",
    typeId: 8,
    kind: "freight",
    name: "Freight",
    description: "To the kerb, by appointment.",
    dimensionFactor: 4000,
    weightStep: 1000,
    // Remote and oversize carriage burns fuel too: its share comes after them.
    limits: {
      weightMax: 500 * kilogram,
      sidesMax: [24_000, 12_000, 12_000],
      declaredValueMax: 50_000 * euro,
      cashOnDeliveryMax: 5000 * euro,
    },
    surcharges: [
      remote(4900),
      oversize(18_000, 3500),
      fuel(1250, "before"),
      cashOnDelivery(100, { min: 500, max: 5000 }),
      insurance(30, 1000 * euro),
    ],
    transit: transit([2, 4], [2, 4], [3, 6], [4, 8], [3, 6], [10, 20]),
    transitDays: "working",
    deliversOn: workdays,
  },
];
