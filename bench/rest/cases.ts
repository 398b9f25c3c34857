/** What is called, and from how many connections. The calls themselves belong to the peers (`Running.calls`), under the same names. */
export interface Case {
  readonly name: "get" | "list" | "create" | "batch";
  readonly title: string;
  readonly connections: number;
  /** Whether rows are written: then the stored rows are counted before and after. */
  readonly writes: boolean;
}

export const cases: readonly Case[] = [
  { name: "get", title: "Get one account by id", connections: 64, writes: false },
  { name: "list", title: "List 20 accounts with a filter and a sort, with the total", connections: 64, writes: false },
  { name: "create", title: "Create one customer, durable, with its audit row", connections: 64, writes: true },
  { name: "batch", title: "Create 1,000 customers in one call, with their audit rows", connections: 2, writes: true },
];

/** Peers shown over several connection counts and at half of their saturating load, and the cases they are shown for. */
export const closely = {
  peers: ["pons-postgres", "pons-sqlite", "fastify", "bun-replay", "bun-echo"],
  cases: ["get", "create"],
  connections: [1, 16, 256],
} as const;

export interface Plan {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** For the connection counts beside the case's own. */
  readonly sweepSeconds: number;
  /** Of each of as many rounds. */
  readonly latencySeconds: number;
  readonly starts: number;
  /** Rows of the two tables whose keyset pages are compared. */
  readonly growth: readonly [number, number];
}

export const fullPlan: Plan = {
  rounds: 5,
  warmUpSeconds: 2.5,
  seconds: 1.6,
  sweepSeconds: 0.7,
  latencySeconds: 1.3,
  starts: 5,
  growth: [1_000, 1_000_000],
};
/** Shows that everything runs; too short to be a result. */
export const quickPlan: Plan = {
  rounds: 2,
  warmUpSeconds: 0.5,
  seconds: 0.4,
  sweepSeconds: 0.3,
  latencySeconds: 0.6,
  starts: 2,
  growth: [1_000, 20_000],
};
