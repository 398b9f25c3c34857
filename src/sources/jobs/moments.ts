/** Moments: when a schedule runs next, and when what failed is tried again. */
import type { ScheduleContract } from "../../contract/jobs.ts";

const firstRetryMs = 1_000;
const retryMsMax = 3_600_000;

/** What the next moment follows from, as text: where it has changed, the moment is reckoned anew. */
export const specOf = ({ when, timezone }: ScheduleContract): string =>
  typeof when === "string" ? `${when} ${timezone}` : `every ${when.every}`;

/** The first moment after another one, in milliseconds since the epoch; undefined: there is none in the next years. */
export const momentAfter = ({ when, timezone }: ScheduleContract, afterMs: number): number | undefined => {
  if (typeof when === "string") return Bun.cron.parse(when, afterMs, { tz: timezone })?.getTime();
  const everyMs = when.every * 1_000;
  return (Math.floor(afterMs / everyMs) + 1) * everyMs;
};

/** How long to wait after so many failed attempts: 1 s, 2 s, 4 s … an hour, less up to half of it by chance, so that what failed together does not come again together. */
export const retryAfterMs = (attempts: number, random: () => number): number =>
  Math.round(Math.min(retryMsMax, firstRetryMs * 2 ** (attempts - 1)) * (1 - random() / 2));
