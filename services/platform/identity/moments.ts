/** Moments as RFC 3339 in UTC, reckoned from others. */

/** So many seconds after a moment. */
export const after = (moment: string, seconds: number): string => new Date(Date.parse(moment) + seconds * 1_000).toISOString();

export const daySeconds = 86_400;
