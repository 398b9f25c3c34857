/** When merchants are settled by themselves: a minute into the next day (UTC), so that the day's last payments are in. */

const dayMs = 86_400_000;
const afterMidnightMs = 60_000;

/** The first such moment after `now`, both RFC 3339 in UTC. */
export const nextSettleAt = (now: string): string =>
  new Date((Math.floor((Date.parse(now) - afterMidnightMs) / dayMs) + 1) * dayMs + afterMidnightMs).toISOString();
