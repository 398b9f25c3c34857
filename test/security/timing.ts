/**
 * Do two things take the same time? Welch's t over interleaved samples, as dudect does it (Reparaz, Balasch, Verbauwhede: Dude, is my code constant
 * time?, 2017): the two in random order, the slowest tenth of each left out, since that is the machine and not the code.
 */

export interface Timing {
  readonly samples?: number;
  /** Times that each is run for one sample: a clock tick is longer than one of them. */
  readonly repeats?: number;
}

const trimmedShare = 0.9;

const momentsOf = (values: Float64Array): { readonly mean: number; readonly variance: number; readonly count: number } => {
  const kept = values.toSorted().subarray(0, Math.floor(values.length * trimmedShare));
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, count: kept.length };
};

/** Welch's t; beyond ±4.5 the two take different times. */
export const welch = (first: Float64Array, second: Float64Array): number => {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
};

/** Times `first` and `second` side by side, in nanoseconds. Both are told the number of the sample. */
export const timesOf = (
  first: (sample: number) => void,
  second: (sample: number) => void,
  { samples = 20_000, repeats = 8 }: Timing = {},
): readonly [Float64Array, Float64Array] => {
  const both = [first, second] as const;
  const times = [new Float64Array(samples), new Float64Array(samples)] as const;
  const coins = crypto.getRandomValues(new Uint8Array(samples % 65_536));
  for (let warm = 0; warm < 2_000; warm++) for (const run of both) run(warm);
  for (let sample = 0; sample < samples; sample++) {
    const coin = (coins[sample % coins.length] as number) & 1;
    for (const which of coin === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const run = both[which];
      const began = Bun.nanoseconds();
      for (let turn = 0; turn < repeats; turn++) run(sample);
      times[which][sample] = Bun.nanoseconds() - began;
    }
  }
  return times;
};

/** Welch's t of the two. */
export const compareTimes = (first: (sample: number) => void, second: (sample: number) => void, timing: Timing = {}): number =>
  welch(...timesOf(first, second, timing));

/** How many times as long the second takes, by the medians. */
export const timesAsLong = (first: (sample: number) => void, second: (sample: number) => void, timing: Timing = {}): number => {
  const [a, b] = timesOf(first, second, timing).map((times) => times.toSorted()[times.length >> 1] ?? Number.NaN);
  return (b ?? Number.NaN) / (a ?? Number.NaN);
};

/** The smallest |t| of at most six comparisons: what really takes longer does so in each of them, what a busy machine does is not the same twice. */
export const leastDifference = (compare: () => number): number => {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 6 && least >= 4.5; attempt++) least = Math.min(least, Math.abs(compare()));
  return least;
};
