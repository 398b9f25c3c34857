/**
 * When an order arrives. What is ordered on a working day before the cut-off counts for that day, else for the next working day; after the lead
 * (working days) the parcels are handed over; after the transit (working or calendar days, as the service counts) they are delivered on the next
 * day on which the service delivers and which is no holiday.
 */
import { dateOf, dayOf, type LocalTime, weekdayOf } from "./days.ts";
import { searchDaysMax } from "./limits.ts";
import type { Period } from "./rating.ts";
import type { Calendar, Service } from "./tariff.ts";

type Route = Pick<Service, "transitDays" | "deliversOn"> & { readonly minDays: number; readonly maxDays: number };

export class DeliveryCalendar {
  readonly #calendar: Calendar;
  readonly #holidays: ReadonlySet<number>;
  readonly #clock: (ms: number) => LocalTime;

  constructor(calendar: Calendar, clock: (ms: number) => LocalTime) {
    this.#calendar = calendar;
    this.#clock = clock;
    this.#holidays = new Set(calendar.holidays.map(dayOf).filter((day) => day !== undefined));
  }

  /** What the house's clock shows. */
  localTime(ms: number): LocalTime {
    return this.#clock(ms);
  }

  /** Undefined where no day of delivery is found within the bound. */
  period({ day: ordered, minute }: LocalTime, route: Route): Period | undefined {
    const { cutOff, leadDays, workdays } = this.#calendar;
    const counted = this.#next(minute < cutOff ? ordered : ordered + 1, workdays);
    const handOver = this.#after(counted, leadDays, workdays);
    const earliest = this.#arrival(handOver, route.minDays, route);
    const latest = this.#arrival(handOver, route.maxDays, route);
    if (handOver === undefined || earliest === undefined || latest === undefined) return undefined;
    return {
      min: earliest - ordered,
      max: latest - ordered,
      handOver: dateOf(handOver),
      earliest: dateOf(earliest),
      latest: dateOf(latest),
    };
  }

  #arrival(handOver: number | undefined, days: number, { transitDays, deliversOn }: Route): number | undefined {
    if (handOver === undefined) return undefined;
    const arrived = transitDays === "calendar" ? handOver + days : this.#after(handOver, days, this.#calendar.workdays);
    return this.#next(arrived, deliversOn);
  }

  /** The first day from `day` on that is one of the weekdays and no holiday. */
  #next(day: number | undefined, weekdays: readonly number[]): number | undefined {
    if (day === undefined) return undefined;
    for (let next = day; next <= day + searchDaysMax; next++)
      if (weekdays.includes(weekdayOf(next)) && !this.#holidays.has(next)) return next;
    return undefined;
  }

  /** So many such days later. */
  #after(day: number | undefined, count: number, weekdays: readonly number[]): number | undefined {
    let at = day;
    for (let left = count; left > 0 && at !== undefined; left--) at = this.#next(at + 1, weekdays);
    return at;
  }
}
