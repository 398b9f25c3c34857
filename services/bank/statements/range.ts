/** What part of the log a statement is asked for: by days of booking (UTC, both included), by places, or all of it. */
import { type InputOf, t } from "pons";
import { lastSeq, type Reader, seqBefore } from "./reading.ts";

export const rangeInput = {
  from: t.date({ optional: true, doc: "First day of booking (UTC).", example: "2026-11-01" }),
  to: t.date({ optional: true, doc: "Last day of booking (UTC).", example: "2026-11-30" }),
  fromSeq: t.integer({ optional: true, min: 1, doc: "First place in the log; instead of days." }),
  toSeq: t.integer({ optional: true, min: 1, doc: "Last place in the log; instead of days." }),
};

export const rangeRefusals = {
  invalid_range: { status: 400, doc: "A statement is asked for by days or by seq, and its end is not before its beginning." },
} as const;

const dayMs = 86_400_000;

/** The last moment that has four digits of a year. */
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

/** A moment so many milliseconds later, as long as there is one. */
export const later = (moment: string, byMs: number): string =>
  new Date(Math.min(Date.parse(moment) + byMs, lastMs)).toISOString();

/** The first moment of the day after. */
export const dayAfter = (day: string): string => later(day, dayMs);

export interface Range {
  readonly fromSeq: number;
  /** Not behind the end of the log; `fromSeq − 1` when nothing lies in the range. */
  readonly toSeq: number;
}

/** The range as places in the log; undefined: it is none. */
export const rangeOf = async (
  reader: Reader,
  { from, to, fromSeq, toSeq }: InputOf<typeof rangeInput>,
): Promise<Range | undefined> => {
  const byDay = from !== null || to !== null;
  if (byDay && (fromSeq !== null || toSeq !== null)) return undefined;
  if (from !== null && to !== null && to < from) return undefined;
  if (fromSeq !== null && toSeq !== null && toSeq < fromSeq) return undefined;
  const first = from === null ? (fromSeq ?? 1) : (await seqBefore(reader, `${from}T00:00:00.000Z`)) + 1;
  const end = to === null ? await lastSeq(reader) : await seqBefore(reader, dayAfter(to));
  return { fromSeq: first, toSeq: Math.max(first - 1, Math.min(end, toSeq ?? end)) };
};
