/** Sixty service points: five in each town, two of them lockers in the greater towns. Hours are local to the point. */
import type { Address, OpeningHours, ServicePointLimits } from "../tariffs/index.ts";
import { type Town, towns } from "./towns.ts";

export interface ServicePoint extends ServicePointLimits {
  readonly id: string;
  readonly name: string;
  readonly address: Address & { readonly street: string; readonly home: string };
  readonly zone: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly hours: OpeningHours;
  readonly hasCashOnDelivery: boolean;
}

const hour = 60;
const days = (weekdays: readonly number[], from: number, to: number): OpeningHours["weekly"] =>
  weekdays.map((weekday) => ({ weekday, from: from * hour, to: to * hour }));

const weeks: readonly OpeningHours["weekly"][] = [
  [...days([1, 2, 3, 4, 5], 9, 20), ...days([6], 10, 18)],
  [...days([1, 2, 3, 4, 5, 6], 10, 21), ...days([7], 11, 17)],
  // With a break at noon.
  [...days([1, 2, 3, 4, 5], 8, 13), ...days([1, 2, 3, 4, 5], 14, 18)],
];
const always = days([1, 2, 3, 4, 5, 6, 7], 0, 24);

const exceptions: OpeningHours["exceptions"] = [
  { date: "2026-12-24", intervals: [{ from: 9 * hour, to: 14 * hour }] },
  { date: "2026-12-25", intervals: [] },
  { date: "2026-12-26", intervals: [] },
  { date: "2026-12-31", intervals: [{ from: 9 * hour, to: 15 * hour }] },
  { date: "2027-01-01", intervals: [] },
];

const perTown = 5;

const pointOf = (town: Town, townAt: number, at: number): ServicePoint => {
  const isLocker = at >= 3 && town.zone !== "z6";
  const number = townAt * perTown + at + 1;
  const street = town.streets[at % town.streets.length] ?? "Market Square";
  return {
    id: `${isLocker ? "locker" : "point"}-${String(number).padStart(2, "0")}`,
    kind: isLocker ? "locker" : "servicePoint",
    name: `${town.city}, ${street}`,
    address: { index: String(town.index + at), region: town.region, city: town.city, street, home: String(3 + 4 * at) },
    zone: town.zone,
    timeZone: town.timeZone,
    hours: isLocker ? { weekly: always, exceptions: [] } : { weekly: weeks[number % weeks.length] ?? always, exceptions },
    hasCashOnDelivery: !isLocker,
    weightMax: isLocker ? 20_000 : 25_000,
    sidesMax: isLocker ? (at === 3 ? [6400, 3900, 3800] : [6400, 3900, 1900]) : [8000, 6000, 5000],
  };
};

export const servicePoints: readonly ServicePoint[] = towns.flatMap((town, townAt) =>
  Array.from({ length: perTown }, (_, at) => pointOf(town, townAt, at)),
);
