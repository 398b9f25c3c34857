/**
 * When a standing order runs. Every run follows from the first moment and the run's number alone, so neither a late run nor a clock that steps back moves
 * or repeats another one. Days, weeks and months are those of UTC; a month without the day has the run on its last day, and the day is kept:
 *
 *   31 January, every month → 31 January, 28 February, 31 March, 30 April …
 */

export const intervals = ["none", "day", "week", "month"] as const;

export type Interval = (typeof intervals)[number];

export interface Plan {
  /** Moment of the first run. RFC 3339 in UTC, as all moments here. */
  readonly startsAt: string;
  readonly every: Interval;
  /** Last moment at which a run may lie; null: none. */
  readonly endsAt: string | null;
  /** How many runs there are; null: no end. */
  readonly times: number | null;
}

const dayMs = 86_400_000;
/** Moments are written with four digits for the year. */
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

const addMonths = (start: Date, months: number): number => {
  const year = start.getUTCFullYear();
  const month = start.getUTCMonth() + months;
  // Day 0 of the month after is the last day of the month.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const timeOfDay = start.getTime() - Date.UTC(year, start.getUTCMonth(), start.getUTCDate());
  return Date.UTC(year, month, Math.min(start.getUTCDate(), lastDay)) + timeOfDay;
};

const momentMs = (start: Date, every: Interval, run: number): number => {
  if (every === "month") return addMonths(start, run - 1);
  return start.getTime() + (run - 1) * (every === "week" ? 7 * dayMs : dayMs);
};

/** Moment of a run, counted from 1; null: there is no such run. */
export const runAt = ({ startsAt, every, endsAt, times }: Plan, run: number): string | null => {
  const runs = every === "none" ? 1 : (times ?? Number.POSITIVE_INFINITY);
  if (run < 1 || run > runs) return null;
  const ms = momentMs(new Date(startsAt), every, run);
  if (!(ms <= lastMs)) return null;
  const at = new Date(ms).toISOString();
  return endsAt !== null && at > endsAt ? null : at;
};

/** Number of the first run, from `run` on, that lies at a moment or after it; it may be one that there is not. A single run stays the one it is. */
export const firstRunFrom = (plan: Plan, run: number, moment: string): number => {
  if (plan.every === "none") return run;
  const start = new Date(plan.startsAt);
  const wanted = new Date(moment);
  const days = Math.floor((wanted.getTime() - start.getTime()) / dayMs);
  const months = (wanted.getUTCFullYear() - start.getUTCFullYear()) * 12 + wanted.getUTCMonth() - start.getUTCMonth();
  const passed: Readonly<Record<Interval, number>> = { none: 0, day: days, week: Math.floor(days / 7), month: months };
  // What has passed is the number of the run before the wanted one, or of the one before that.
  let found = Math.max(run, passed[plan.every]);
  for (let at = runAt(plan, found); at !== null && at < moment; at = runAt(plan, found)) found++;
  return found;
};
