/** The made-up country of the sample: its zones of postal prefixes, and towns in them. No such place exists. */
import type { Zone } from "../tariffs/index.ts";

/** Postal codes have five digits. The longest prefix counts: 39900 is in the islands, 39800 in the north. */
export const zones: readonly Zone[] = [
  { id: "z1", name: "Capital", prefixes: ["10", "11"], settlements: [], regions: ["Aldermark"] },
  {
    id: "z2",
    name: "Around the capital",
    prefixes: ["0", "1"],
    settlements: [{ name: "Willowfen", region: "Aldermark" }],
    regions: ["Outer Aldermark"],
  },
  { id: "z3", name: "West", prefixes: ["2", "4"], settlements: [], regions: ["Westhaven"] },
  { id: "z4", name: "North", prefixes: ["3"], settlements: [], regions: ["Norrfell"] },
  { id: "z5", name: "South", prefixes: ["5", "6", "7", "8"], settlements: [], regions: ["Sundale", "Vinterra"] },
  { id: "z6", name: "Islands", prefixes: ["9", "399"], settlements: [{ name: "Gannet Rock" }], regions: ["Far Isles"] },
];

export interface Town {
  readonly zone: string;
  readonly region: string;
  readonly city: string;
  /** The first postal code of the town; the next 30 are its own as well. */
  readonly index: number;
  readonly timeZone: string;
  readonly streets: readonly string[];
}

const streets = {
  first: ["Alder Street", "Bridge Street", "Clock Lane", "Dyer's Row", "East Quay"],
  second: ["Fountain Square", "Granary Road", "Hill Street", "Ivy Lane", "Juniper Way"],
  third: ["Kestrel Road", "Lantern Street", "Mill Lane", "North Gate", "Orchard Way"],
} as const;

export const towns: readonly Town[] = [
  { zone: "z1", region: "Aldermark", city: "Alderburg", index: 10_100, timeZone: "Europe/Berlin", streets: streets.first },
  { zone: "z1", region: "Aldermark", city: "Aldersee", index: 11_200, timeZone: "Europe/Berlin", streets: streets.second },
  {
    zone: "z2",
    region: "Outer Aldermark",
    city: "Brackenford",
    index: 14_300,
    timeZone: "Europe/Berlin",
    streets: streets.third,
  },
  { zone: "z2", region: "Outer Aldermark", city: "Copperwell", index: 16_050, timeZone: "Europe/Berlin", streets: streets.first },
  { zone: "z3", region: "Westhaven", city: "Port Marlow", index: 20_400, timeZone: "Europe/Lisbon", streets: streets.second },
  { zone: "z3", region: "Westhaven", city: "Tidewick", index: 45_010, timeZone: "Europe/Lisbon", streets: streets.third },
  { zone: "z4", region: "Norrfell", city: "Norrvik", index: 30_100, timeZone: "Europe/Helsinki", streets: streets.first },
  { zone: "z4", region: "Norrfell", city: "Frosthamn", index: 38_500, timeZone: "Europe/Helsinki", streets: streets.second },
  { zone: "z5", region: "Sundale", city: "Sundale", index: 50_700, timeZone: "Europe/Berlin", streets: streets.third },
  { zone: "z5", region: "Vinterra", city: "Castelvin", index: 81_900, timeZone: "Europe/Athens", streets: streets.first },
  {
    zone: "z6",
    region: "Far Isles",
    city: "Puffin Harbour",
    index: 90_200,
    timeZone: "Atlantic/Azores",
    streets: streets.second,
  },
  { zone: "z6", region: "Far Isles", city: "Gannet Rock", index: 39_910, timeZone: "Atlantic/Azores", streets: streets.third },
];
