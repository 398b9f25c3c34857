/** The ratios to reach, as data. `over` and `under` are `case/peer`; all were measured in the same rounds. */
export interface RatioTarget {
  readonly title: string;
  readonly over: string;
  readonly under: string;
  readonly per: "cpuSecond" | "second";
  readonly atLeast: number;
}

const engines = ["sqlite", "postgres"] as const;
const both = ["second", "cpuSecond"] as const;

export const ratioTargets: readonly RatioTarget[] = [
  ...both.map((per) => ({
    title: "bulk on SQLite, by the bare loop",
    over: "bulk/pons-sqlite",
    under: "bulk/bare-loop",
    per,
    atLeast: 0.4,
  })),
  {
    title: "bulk on Postgres, by pgbench's transactions",
    over: "bulk/pons-postgres",
    under: "single/pgbench",
    per: "second",
    atLeast: 3,
  },
  ...engines.flatMap((engine) =>
    [
      { call: "single", hot: "singleHot" },
      { call: "bulk", hot: "bulkHot" },
    ].map(({ call, hot }) => ({
      title: `${call} on ${engine}, one hot account by 10,000`,
      over: `${hot}/pons-${engine}`,
      under: `${call}/pons-${engine}`,
      per: "second" as const,
      atLeast: 0.7,
    })),
  ),
  {
    title: "single calls on Postgres to one hot account, by the service with row locks",
    over: "singleHot/pons-postgres",
    under: "singleHot/row-locks",
    per: "second",
    atLeast: 12,
  },
  ...both.map((per) => ({
    title: "single calls on SQLite, by bare Bun.serve",
    over: "single/pons-sqlite",
    under: "single/bun-echo",
    per,
    atLeast: 0.3,
  })),
];

/** p99 of single calls at half of the saturating load, in medians. */
export const latencyTarget = { case: "single", peers: ["pons-sqlite", "pons-postgres"], atMost: 4 } as const;
/** CPU time of a transfer with many stored, in that with few. */
export const growthTarget = { cases: ["single", "bulk"], engines, atMost: 1.3 } as const;
