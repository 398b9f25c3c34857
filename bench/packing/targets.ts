/** What is to be reached, as data. */

/** Mean share of the container that is filled, by seconds an instance and the share of each base that must rest on something. */
export const containerTargets = [
  { seconds: 1, support: 0, atLeast: 0.9 },
  { seconds: 2, support: 0, atLeast: 0.93 },
  { seconds: 2, support: 1, atLeast: 0.88 },
] as const;

/** Orders of a shop in a box made to measure. */
export const orderTargets = { fill: { atLeast: 0.915 }, medianMs: { atMost: 3 }, p95Ms: { atMost: 20 } } as const;
