/**
 * How long calls take, counted in buckets that grow by the square root of two: histograms that are added up lose nothing. Bucket 0 is of up to 0.05 ms, bucket
 * 1 of up to 0.071 ms, bucket 2 of up to 0.1 ms …; the last one takes all that is slower than about 37 s.
 */
const firstMs = 0.05;
const perDoubling = 2;

/** Names of the buckets, the fastest first: fields and columns that hold how many calls each counts. */
export const latencyBuckets = [
  "b00",
  "b01",
  "b02",
  "b03",
  "b04",
  "b05",
  "b06",
  "b07",
  "b08",
  "b09",
  "b10",
  "b11",
  "b12",
  "b13",
  "b14",
  "b15",
  "b16",
  "b17",
  "b18",
  "b19",
  "b20",
  "b21",
  "b22",
  "b23",
  "b24",
  "b25",
  "b26",
  "b27",
  "b28",
  "b29",
  "b30",
  "b31",
  "b32",
  "b33",
  "b34",
  "b35",
  "b36",
  "b37",
  "b38",
  "b39",
] as const;

export type LatencyBucket = (typeof latencyBuckets)[number];

/** The bucket of a time, by its position. */
export const bucketOf = (ms: number): number => {
  if (!(ms > firstMs)) return 0;
  return Math.min(latencyBuckets.length - 1, Math.ceil(Math.log2(ms / firstMs) * perDoubling));
};

/** The slowest that a bucket counts, in milliseconds. */
const endOf = (bucket: number): number => firstMs * 2 ** (bucket / perDoubling);

/**
 * The time within which a share of the calls was answered, in milliseconds: 0.95 for the 95th percentile; null without calls. It lies within the bucket of the
 * true one, so it is never off by more than the factor √2.
 */
export const latencyAt = (counts: readonly bigint[], share: number): number | null => {
  const all = counts.reduce((sum, count) => sum + Number(count), 0);
  if (all === 0) return null;
  const wanted = Math.max(1, Math.ceil(all * share));
  let before = 0;
  for (const [bucket, count] of counts.entries()) {
    const inside = Number(count);
    if (before + inside >= wanted) {
      const start = bucket === 0 ? 0 : endOf(bucket - 1);
      return start + ((endOf(bucket) - start) * (wanted - before)) / inside;
    }
    before += inside;
  }
  return endOf(counts.length - 1);
};
