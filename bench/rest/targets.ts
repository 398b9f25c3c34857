/** The ratios to reach, as data. `over` and `under` are `case/peer`; both were measured in the same rounds. */
export interface RatioTarget {
  readonly title: string;
  readonly over: string;
  readonly under: string;
  readonly per: "cpuSecond" | "second";
  readonly atLeast: number;
}

export const ratioTargets: readonly RatioTarget[] = [
  { title: "get on Postgres, by Fastify + pg", over: "get/pons-postgres", under: "get/fastify", per: "cpuSecond", atLeast: 2.5 },
  { title: "get on Postgres, by DRF", over: "get/pons-postgres", under: "get/drf", per: "cpuSecond", atLeast: 15 },
  {
    title: "get on Postgres, by bare Bun.serve",
    over: "get/pons-postgres",
    under: "get/bun-replay",
    per: "cpuSecond",
    atLeast: 0.4,
  },
  { title: "get on SQLite, by bare Bun.serve", over: "get/pons-sqlite", under: "get/bun-replay", per: "cpuSecond", atLeast: 0.5 },
  {
    title: "create on SQLite, by bare Bun.serve",
    over: "create/pons-sqlite",
    under: "create/bun-echo",
    per: "second",
    atLeast: 0.35,
  },
  {
    title: "create on SQLite, by bare Bun.serve",
    over: "create/pons-sqlite",
    under: "create/bun-echo",
    per: "cpuSecond",
    atLeast: 0.35,
  },
  ...(["sqlite", "postgres"] as const).flatMap((engine) =>
    (["second", "cpuSecond"] as const).map((per) => ({
      title: `rows of a batch of 1,000 on ${engine}, by rows of single creates`,
      over: `batch/pons-${engine}`,
      under: `create/pons-${engine}`,
      per,
      atLeast: 8,
    })),
  ),
];

/** p99 at half of the saturating load, in medians. */
export const latencyTarget = { peer: "pons-sqlite", case: "create", atMost: 3 } as const;
/** Start to first answer, in starts of a bare Bun.serve. */
export const startTarget = { peers: ["pons-sqlite", "pons-postgres"], under: "bun-replay", atMost: 5 } as const;
export const idleMiBMax = 130;
/** How far the CPU time of a keyset page may differ between the small and the large table. */
export const growthTolerance = 0.2;
