/** One case, all its peers side by side: at the case's own number of connections, then at others. */
import { SQL } from "bun";
import { load, type Measured } from "../harness/load.ts";
import { figure, type Report, spread, table } from "../harness/report.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import type { Started } from "../harness/start-peers.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import { type Case, closely, type Plan } from "./cases.ts";

export interface CaseRounds {
  readonly measured: Readonly<Record<string, readonly Measured[]>>;
  /** Rows acknowledged by each peer so far, warm-up included. */
  readonly acknowledged: Map<string, number>;
}

/** Pools of the peers hold 16 connections to Postgres: its own tool gets as many. */
const poolSize = 16;
const microseconds = 1e6;

/** A peer under one case's load; what it acknowledges is added up. */
export function contestant(
  started: Started,
  options: {
    readonly each: Case;
    readonly connections: number;
    readonly acknowledged: Map<string, number>;
    readonly rate?: number;
  },
): Contestant {
  const { peer, running } = started;
  const { each, connections, acknowledged, rate } = options;
  const call = running.calls[each.name];
  if (call === undefined) throw new Error(`${peer.name} has no ${each.name}`);
  return {
    name: peer.name,
    async measure(seconds) {
      if (typeof call === "function") return call({ connections: Math.min(connections, poolSize), seconds });
      const measured = await load(running, { call, connections, seconds, ...(rate === undefined ? {} : { rate }) });
      acknowledged.set(peer.name, (acknowledged.get(peer.name) ?? 0) + measured.calls * call.rows);
      return measured;
    },
  };
}

/** Before each slot that writes, Postgres writes out what it has: no peer pays for the pages of the one before. */
async function checkpoint(postgresUrl: string): Promise<void> {
  const sql = new SQL(postgresUrl, { max: 1 });
  try {
    await sql`checkpoint`;
  } finally {
    await sql.close({ timeout: 0 });
  }
}

export async function measureCase(each: Case, able: readonly Started[], plan: Plan, postgresUrl: string): Promise<CaseRounds> {
  process.stderr.write(`measuring ${each.name} …\n`);
  const acknowledged = new Map<string, number>();
  const rounds = await interleave(
    able.map((started) => contestant(started, { each, connections: each.connections, acknowledged })),
    { ...plan, ...(each.writes ? { beforeEach: () => checkpoint(postgresUrl) } : {}) },
  );
  return { measured: Object.fromEntries(rounds), acknowledged };
}

const reference = (able: readonly Started[]): string =>
  ["pons-postgres", "pons-sqlite", "fastify"].find((name) => able.some(({ peer }) => peer.name === name)) ?? "";

export function reportCase(
  report: Report,
  each: Case,
  able: readonly Started[],
  measured: Readonly<Record<string, readonly Measured[]>>,
): void {
  const base = reference(able);
  const perCpu = (name: string) => (measured[name] ?? []).map(({ callsPerCpuSecond }) => callsPerCpuSecond);
  const rows = able.map(({ peer: { name } }) => {
    const rounds = measured[name] ?? [];
    return [
      name,
      spread(summarize(perCpu(name))),
      spread(summarize(rounds.map(({ calls, cpuSeconds }) => (cpuSeconds / calls) * microseconds))),
      spread(summarize(rounds.map(({ callsPerSecond }) => callsPerSecond))),
      figure(summarize(rounds.map(({ latency }) => latency.p50)).median),
      figure(summarize(rounds.map(({ latency }) => latency.p99)).median),
      spread(summarize(ratios(perCpu(base), perCpu(name)))),
    ];
  });
  report.add(`### ${each.title} (\`${each.name}\`, ${each.connections} connections)`);
  report.add(
    table(
      [
        "peer",
        "calls per CPU second",
        "CPU µs per call",
        "calls per second",
        "p50 ms",
        "p99 ms",
        `${base} ÷ peer, per CPU second`,
      ],
      rows,
    ),
  );
}

/** The same at other numbers of connections, for those looked at closely. */
export async function sweep(report: Report, each: Case, able: readonly Started[], plan: Plan, own: CaseRounds): Promise<void> {
  const chosen = able.filter(({ peer }) => closely.peers.some((name) => name === peer.name));
  if (!closely.cases.some((name) => name === each.name) || chosen.length === 0) return;
  const measured = new Map<number, Readonly<Record<string, readonly Measured[]>>>([[each.connections, own.measured]]);
  for (const connections of closely.connections) {
    const rounds = await interleave(
      chosen.map((started) => contestant(started, { each, connections, acknowledged: own.acknowledged })),
      { rounds: plan.rounds, seconds: plan.sweepSeconds, warmUpSeconds: 0 },
    );
    measured.set(connections, Object.fromEntries(rounds));
  }
  const counts = [...measured.keys()].toSorted((a, b) => a - b);
  const cell = (connections: number, name: string) => {
    const rounds = measured.get(connections)?.[name] ?? [];
    const perCpu = summarize(rounds.map(({ callsPerCpuSecond }) => callsPerCpuSecond));
    return `${spread(perCpu)}; ${figure(summarize(rounds.map(({ callsPerSecond }) => callsPerSecond)).median)}/s`;
  };
  report.add(`\`${each.name}\` by connections: calls per CPU second; calls per second.`);
  report.add(
    table(
      ["peer", ...counts.map(String)],
      chosen.map(({ peer: { name } }) => [name, ...counts.map((connections) => cell(connections, name))]),
    ),
  );
}
