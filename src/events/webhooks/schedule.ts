/**
 * When a delivery that failed is tried again: ten attempts over about three days, as Standard Webhooks shows. Each pause is half to one and a half of what
 * stands here, at random, so that what failed together does not come back together; together they last 75 hours in the mean.
 */
const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** Behind the first attempt, the second, and so on. */
export const pausesMs: readonly number[] = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

/** Attempts of one delivery, the first included. */
export const attemptsMax = pausesMs.length + 1;

/** The pause behind so many attempts; `undefined`: it is not tried again. `random`: 0 to 1. */
export const pauseMs = (attempts: number, random: number): number | undefined => {
  const pause = pausesMs[attempts - 1];
  return pause === undefined ? undefined : pause * (0.5 + random);
};

/** An endpoint that failed so many times in a row is left alone for a while, and then tried with one delivery at a time. */
export const breakerFailures = 5;
const breakMsMin = secondMs;
const breakMsMax = 5 * minuteMs;

/** For how long it is left alone after so many failures in a row; 0: not yet. */
export const breakMs = (failures: number, random: number): number =>
  failures < breakerFailures
    ? 0
    : Math.min(breakMsMax, breakMsMin * 2 ** Math.min(failures - breakerFailures, 20)) * (0.5 + random / 2);

/** Most that a receiver may ask to be left alone for (`Retry-After`). */
const retryAfterMsMax = hourMs;

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Milliseconds that a `Retry-After` asks for: seconds or a date (RFC 9110 section 10.2.3), an hour at most; `undefined` where there is none that can be read. */
export const retryAfterMs = (header: string | null, nowMs: number): number | undefined => {
  const text = header?.trim() ?? "";
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) * secondMs : httpDate.test(text) ? Date.parse(text) - nowMs : Number.NaN;
  return Number.isNaN(wanted) ? undefined : Math.min(retryAfterMsMax, Math.max(0, wanted));
};
