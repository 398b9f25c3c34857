/** All cases and all peers in the same rounds, so that one call of a case may be compared with another case's as well. */
import { SQL } from "bun";
import { load, type Measured } from "../harness/load.ts";
import { figure, type Report, spread, table } from "../harness/report.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import type { Started } from "../harness/start-peers.ts";
import { ratios, type Summary, summarize } from "../harness/statistics.ts";
import type { Books, LedgerRunning } from "../peers/ledger.ts";
import type { Case, Plan } from "./cases.ts";

export type Peered = Started<LedgerRunning>;

/** Rounds by `case/peer`. */
export type RoundsByPath = Readonly<Record<string, readonly Measured[]>>;

/** Transfers acknowledged by each peer so far, warm-up included. */
export type Acknowledged = Map<string, number>;

/** A peer under one case's load; what it acknowledges is added up. Absent when the peer cannot do the case. */
export function contestant(
  { peer, running }: Peered,
  { each, acknowledged, rate }: { readonly each: Case; readonly acknowledged: Acknowledged; readonly rate?: number },
): Contestant | undefined {
  const call = running.calls[each.name];
  if (call === undefined) return undefined;
  const { connections } = each;
  return {
    name: `${each.name}/${peer.name}`,
    async measure(seconds) {
      const measured =
        typeof call === "function"
          ? await call({ connections, seconds })
          : await load(running, { call, connections, seconds, ...(rate === undefined ? {} : { rate }) });
      acknowledged.set(peer.name, (acknowledged.get(peer.name) ?? 0) + Math.round(measured.calls * each.rows));
      return measured;
    },
  };
}

export const isContestant = (contestant: Contestant | undefined): contestant is Contestant => contestant !== undefined;

/** Before each slot Postgres writes out what it has: no peer pays for the pages of the one before. */
export async function checkpoint(postgresUrl: string): Promise<void> {
  const sql = new SQL(postgresUrl, { max: 1 });
  try {
    await sql`checkpoint`;
  } finally {
    await sql.close({ timeout: 0 });
  }
}

export async function measureCases(
  chosen: readonly Case[],
  {
    peers,
    plan,
    postgresUrl,
    acknowledged,
  }: {
    readonly peers: readonly Peered[];
    readonly plan: Plan;
    readonly postgresUrl: string;
    readonly acknowledged: Acknowledged;
  },
): Promise<RoundsByPath> {
  const contestants = chosen
    .flatMap((each) => peers.map((started) => contestant(started, { each, acknowledged })))
    .filter(isContestant);
  process.stderr.write(`measuring ${contestants.length} cases and peers, ${plan.rounds} rounds …\n`);
  const rounds = await interleave(contestants, { ...plan, beforeEach: () => checkpoint(postgresUrl) });
  return Object.fromEntries(rounds);
}

/** Of every round: transfers per second, and what one costs. */
export const perSecond = (rounds: readonly Measured[], rows: number): number[] =>
  rounds.map(({ callsPerSecond }) => callsPerSecond * rows);
export const cpuMicroseconds = (rounds: readonly Measured[], rows: number): number[] =>
  rounds.map(({ cpuSeconds, calls }) => (cpuSeconds / (calls * rows)) * 1e6);

const medianOf = (rounds: readonly Measured[], pick: (measured: Measured) => number): string =>
  figure(summarize(rounds.map(pick)).median);

export function reportCases(
  report: Report,
  chosen: readonly Case[],
  { peers, measured }: { readonly peers: readonly Peered[]; readonly measured: RoundsByPath },
): void {
  for (const { name, title, connections, rows } of chosen) {
    const base = ["pons-sqlite", "pons-postgres", "row-locks"].find((peer) => measured[`${name}/${peer}`] !== undefined) ?? "";
    const able = peers.filter(({ peer }) => measured[`${name}/${peer.name}`] !== undefined);
    if (able.length === 0) continue;
    const own = perSecond(measured[`${name}/${base}`] ?? [], rows);
    const lines = able.map(({ peer }) => {
      const rounds = measured[`${name}/${peer.name}`] ?? [];
      const over: Summary = summarize(ratios(own, perSecond(rounds, rows)));
      return [
        peer.name,
        spread(summarize(perSecond(rounds, rows))),
        spread(summarize(cpuMicroseconds(rounds, rows))),
        medianOf(rounds, ({ latency }) => latency.p50),
        medianOf(rounds, ({ latency }) => latency.p99),
        spread(over),
      ];
    });
    report.add(`### ${title} (\`${name}\`, ${connections} connections)`);
    report.add(
      table(["peer", "transfers per second", "CPU µs per transfer", "p50 ms", "p99 ms", `${base} ÷ peer, per second`], lines),
    );
  }
}

/** The books of every peer that keeps some. */
export async function booksOfAll(peers: readonly Peered[]): Promise<Map<string, Books>> {
  const books = new Map<string, Books>();
  for (const { peer, running } of peers) if (running.books !== undefined) books.set(peer.name, await running.books());
  return books;
}

/** Throws unless a peer stored exactly the transfers it acknowledged, with an audit row for each where it keeps them, and its books are right. */
export function verifyBooks(
  name: string,
  { before, now, acknowledged }: { readonly before: Books; readonly now: Books; readonly acknowledged: number },
): void {
  const stored = now.transfers - before.transfers;
  if (stored !== acknowledged) throw new Error(`${name}: ${acknowledged} transfers acknowledged, ${stored} stored`);
  if (now.unbalanced !== 0) throw new Error(`${name}: the balances of ${now.unbalanced} currencies do not sum to zero`);
  if (now.mismatched !== 0) throw new Error(`${name}: ${now.mismatched} accounts are not the sum of their transfers`);
  if (now.audit === undefined || before.audit === undefined) return;
  const audited = now.audit - before.audit;
  if (audited !== acknowledged) throw new Error(`${name}: ${acknowledged} transfers acknowledged, ${audited} audit rows`);
}
