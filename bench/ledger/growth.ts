/**
 * Whether a transfer costs the same when few and when many are stored. In each round both servers are started anew, one on a fresh bank with few
 * transfers, one on the large data, warmed up with calls that are refused, and asked for single calls and for bulk calls; the small one goes first
 * in one round and last in the next.
 */
import { load, type Measured } from "../harness/load.ts";
import { type Surroundings, Unavailable } from "../harness/peer.ts";
import { figure, type Report, spread, table } from "../harness/report.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import type { Books, LedgerRunning } from "../peers/ledger.ts";
import { type Case, cases, type GrowthPlan } from "./cases.ts";
import { checkpoint, cpuMicroseconds, verifyBooks } from "./compare.ts";
import { loadHistory } from "./history.ts";
import { type Engine, type Filled, fillLedger, ponsBooks, startLedger } from "./pons.ts";

/** CPU time of a transfer, many stored ÷ few stored, in each round, by `case/engine`. */
export type Growth = Readonly<Record<string, readonly number[]>>;

const measuredCases = cases.filter(({ name }) => name === "single" || name === "bulk");
const refused = { name: "refused", connections: 64 };
type Rounds = Map<string, Measured[]>;

export async function measureGrowth(
  report: Report,
  {
    engines,
    plan,
    surroundings,
    postgresUrl,
  }: {
    readonly engines: readonly Engine[];
    readonly plan: GrowthPlan;
    readonly surroundings: Surroundings;
    readonly postgresUrl: string;
  },
): Promise<Growth> {
  const growth: Record<string, readonly number[]> = {};
  const lines: string[][] = [];
  const built: string[] = [];
  for (const engine of engines) {
    const [few, many] = plan.stored[engine];
    process.stderr.write(`storing ${many} transfers, ${engine} …\n`);
    const large = await fillLedger(surroundings, engine);
    try {
      const seconds = await loadHistory(large, many);
      built.push(`${engine}: ${figure(seconds)} s for ${many.toLocaleString("en-US")}`);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      built.push(`${engine}: left out, ${error.message}`);
      continue;
    }
    const rounds: Rounds = new Map();
    const measuring: Measuring = { rounds, books: new Map(), plan, surroundings, postgresUrl };
    for (let round = 0; round < plan.rounds; round++) {
      const small = await fillLedger(surroundings, engine);
      await loadHistory(small, few);
      const both = [
        ["few", small],
        ["many", large],
      ] as const;
      for (const [size, filled] of round % 2 === 0 ? both : both.toReversed()) await visit(filled, measuring, size);
    }
    for (const each of measuredCases) {
      const cost = (size: string) => cpuMicroseconds(rounds.get(`${each.name}/${size}`) ?? [], each.rows);
      growth[`${each.name}/${engine}`] = ratios(cost("many"), cost("few"));
      lines.push([
        `${each.name}, ${engine}, ${few.toLocaleString("en-US")} and ${many.toLocaleString("en-US")} stored`,
        spread(summarize(cost("few"))),
        spread(summarize(cost("many"))),
        spread(summarize(ratios(cost("many"), cost("few")))),
      ]);
    }
  }
  report.add("### A transfer as the log grows");
  report.add(
    `CPU µs per transfer, every round on servers just started. Loading, indexes and checks took ${built.join("; ")}. The journal of the large data is as short as that of the small.`,
  );
  report.add(table(["case", "few", "many", "many ÷ few"], lines));
  return growth;
}

interface Measuring {
  /** By `case/size`. */
  readonly rounds: Rounds;
  /** What each bank held at the end of its last visit. */
  readonly books: Map<Filled, Books>;
  readonly plan: GrowthPlan;
  readonly surroundings: Surroundings;
  readonly postgresUrl: string;
}

/** Starts a server, asks it, checks its books, stops it. */
async function visit(filled: Filled, { rounds, books, plan, surroundings, postgresUrl }: Measuring, size: string): Promise<void> {
  const before = books.get(filled) ?? (await ponsBooks(filled));
  const running = await startLedger(filled, surroundings);
  let acknowledged = 0;
  const ask = async (each: Case, seconds: number): Promise<Measured> => {
    const measured = await loadCase(running, each, seconds);
    acknowledged += measured.calls * each.rows;
    return measured;
  };
  try {
    await loadCase(running, refused, plan.refusedSeconds);
    for (const each of measuredCases) {
      await ask(each, plan.seconds / 2);
      await checkpoint(postgresUrl);
      const path = `${each.name}/${size}`;
      const measured = await ask(each, plan.seconds);
      rounds.set(path, [...(rounds.get(path) ?? []), measured]);
    }
    const now = await ponsBooks(filled);
    books.set(filled, now);
    verifyBooks(`growth, ${size} stored`, { before, now, acknowledged });
  } finally {
    await running.stop();
  }
}

async function loadCase(
  running: LedgerRunning,
  each: Pick<Case, "connections"> & { readonly name: string },
  seconds: number,
): Promise<Measured> {
  const call = running.calls[each.name];
  if (call === undefined || typeof call === "function") throw new Error(`no call for ${each.name}`);
  return load(running, { call, connections: each.connections, seconds });
}
