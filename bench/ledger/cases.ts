/** What is called, and from how many connections. The calls themselves belong to the peers (`Running.calls`), under the same names. */
export interface Case {
  readonly name: "single" | "singleHot" | "bulk" | "bulkHot";
  readonly title: string;
  readonly connections: number;
  /** Transfers of a call. */
  readonly rows: number;
}

export const cases: readonly Case[] = [
  { name: "single", title: "One transfer between any two of 10,000 accounts", connections: 64, rows: 1 },
  { name: "singleHot", title: "One transfer from any account to one and the same", connections: 64, rows: 1 },
  { name: "bulk", title: "1,000 transfers in one call, between any of 10,000 accounts", connections: 2, rows: 1000 },
  { name: "bulkHot", title: "1,000 transfers in one call, all to the same account", connections: 2, rows: 1000 },
];

/** Peers shown at half of their saturating load, with single calls. */
export const pacedPeers: readonly string[] = ["pons-sqlite", "pons-postgres", "row-locks", "bun-echo"];

export interface Plan {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Of each of as many rounds. */
  readonly latencySeconds: number;
  readonly growth: GrowthPlan;
}

export interface GrowthPlan {
  /** Transfers stored before the measurement: few, many. */
  readonly stored: Readonly<Record<"sqlite" | "postgres", readonly [number, number]>>;
  readonly rounds: number;
  /** Of calls that are refused, before anything else: they warm the server up and store nothing. */
  readonly refusedSeconds: number;
  /** Of each call (single, bulk) in each round, after half as long a warm-up. */
  readonly seconds: number;
}

export const fullPlan: Plan = {
  rounds: 5,
  warmUpSeconds: 2,
  seconds: 2,
  latencySeconds: 2,
  growth: { stored: { sqlite: [10_000, 10_000_000], postgres: [10_000, 10_000_000] }, rounds: 5, refusedSeconds: 3, seconds: 1 },
};
/** Shows that everything runs; too short to be a result. */
export const quickPlan: Plan = {
  rounds: 2,
  warmUpSeconds: 0.5,
  seconds: 0.6,
  latencySeconds: 0.8,
  growth: { stored: { sqlite: [10_000, 1_000_000], postgres: [10_000, 1_000_000] }, rounds: 2, refusedSeconds: 1, seconds: 0.6 },
};
