/** Calendar days and months in UTC. */
import type { LimitPeriod } from "./rule.ts";

export interface CalendarPeriod {
  /** `2026-11-28` or `2026-11`. */
  readonly label: string;
  readonly startMs: number;
  /** The first millisecond after it. */
  readonly endMs: number;
}

/** The day or month that an instant lies in. */
export function periodAt(period: LimitPeriod, atMs: number): CalendarPeriod {
  const date = new Date(atMs);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (period === "day")
    return { label: date.toISOString().slice(0, 10), startMs: Date.UTC(year, month, day), endMs: Date.UTC(year, month, day + 1) };
  return { label: date.toISOString().slice(0, 7), startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
