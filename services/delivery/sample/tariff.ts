/** The sample's tariff: version 1 in force since 2026, version 2 dearer from 2027 on. All prices are made up. */
import type { Bracket, TariffVersion } from "../tariffs/index.ts";
import { cartons, envelopes } from "./containers.ts";
import { services } from "./services.ts";
import { zones } from "./towns.ts";

interface Prices {
  /** In the capital: for whatever weight, and a kilogram more. Minor units. */
  readonly base: number;
  readonly perKilogram: number;
  /** Upper ends of the brackets, kg. */
  readonly upTo: readonly number[];
}

const light = [0.5, 1, 2, 3, 5, 7, 10, 15, 20, 25, 30];
/** For parcels whose volume counts for more than their weight. */
const bulky = [40, 60, 100, 160];

const pricesOf: Readonly<Record<string, Prices>> = {
  courier: { base: 490, perKilogram: 45, upTo: [...light, ...bulky] },
  express: { base: 790, perKilogram: 70, upTo: [...light, ...bulky] },
  "post-parcel": { base: 320, perKilogram: 38, upTo: light.slice(0, 9) },
  "express-post": { base: 560, perKilogram: 62, upTo: [...light, 31.5, ...bulky] },
  "pickup-point": { base: 290, perKilogram: 30, upTo: [...light, ...bulky] },
  locker: { base: 250, perKilogram: 28, upTo: light },
  "small-packet": { base: 150, perKilogram: 85, upTo: [0.1, 0.25, 0.5, 1, 2] },
  freight: { base: 4900, perKilogram: 32, upTo: [30, 50, 100, 200, 300, 400, 500, 700, 1000] },
};

/** What a zone costs in per cent of the capital. */
const zonePercent: Readonly<Record<string, number>> = { z1: 100, z2: 115, z3: 140, z4: 185, z5: 150, z6: 320 };

/** Rounded down to ten minor units. */
const priceOf = ({ base, perKilogram }: Prices, weightTo: number, percent: number): number =>
  Math.floor(((base * 1000 + perKilogram * weightTo) * percent) / 1_000_000) * 10;

const grid: readonly Bracket[] = services.flatMap(({ id, transit }) => {
  const prices = pricesOf[id];
  if (prices === undefined) throw new RangeError(`no prices of ${id}`);
  const ends = prices.upTo.map((kilograms) => Math.round(kilograms * 1000));
  return transit.flatMap(({ zone }) =>
    ends.map((weightTo, at) => ({
      service: id,
      zone,
      weightFrom: ends[at - 1] ?? 0,
      weightTo,
      price: priceOf(prices, weightTo, zonePercent[zone] ?? 100),
    })),
  );
});

export const sampleTariff: TariffVersion = {
  id: "sample-1",
  number: 1,
  name: "Sample tariff",
  effectiveFrom: "2026-01-01T00:00:00Z",
  effectiveTo: null,
  currency: "EUR",
  zones,
  services,
  grid,
  packaging: {
    containers: [...envelopes, ...cartons],
    custom: { price: 250, weight: 300, wall: 50 },
    seals: [
      { type: 1, price: 0, weight: 0 },
      { type: 2, price: 40, weight: 30 },
      { type: 3, price: 55, weight: 60 },
    ],
    sturdy: { price: 350, weight: 900 },
    labour: { perParcel: 60, perItem: 12 },
    label: 8,
  },
  tax: { basisPoints: 2000, exempt: ["insurance"] },
  calendar: {
    timeZone: "Europe/Berlin",
    cutOff: 14 * 60,
    leadDays: 0,
    workdays: [1, 2, 3, 4, 5],
    holidays: [
      "2026-01-01",
      "2026-04-03",
      "2026-04-06",
      "2026-05-01",
      "2026-12-25",
      "2026-12-26",
      "2027-01-01",
      "2027-03-26",
      "2027-03-29",
    ],
  },
};

/** What is planned: three per cent more, rounded up to ten minor units; courier takes 31.5 kg. */
export const nextSampleTariff: TariffVersion = {
  ...sampleTariff,
  id: "sample-2",
  number: 2,
  effectiveFrom: "2027-01-01T00:00:00Z",
  services: services.map((service) =>
    service.id === "courier" ? { ...service, limits: { ...service.limits, weightMax: 31_500 } } : service,
  ),
  grid: grid.map((bracket) => ({ ...bracket, price: Math.ceil((bracket.price * 103) / 1000) * 10 })),
};

export const sampleTariffs: readonly TariffVersion[] = [sampleTariff, nextSampleTariff];
