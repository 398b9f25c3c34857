/** The ledger benchmark from beginning to end; what it asks and how is told in README.md beside it. */
import { startPostgres } from "../../test/postgres/index.ts";
import { versionOf } from "../harness/machine.ts";
import type { Surroundings } from "../harness/peer.ts";
import { table } from "../harness/report.ts";
import { type Lineup, startPeers } from "../harness/start-peers.ts";
import type { TopicOptions } from "../harness/topic-run.ts";
import { echoOf } from "../peers/ceilings.ts";
import { djangoTransfers } from "../peers/django.ts";
import { rowLocks } from "../peers/fastify.ts";
import { ledgerIds, type LedgerPeer, type LedgerRunning, transferCalls } from "../peers/ledger.ts";
import { pgbenchTransfers } from "../peers/pgbench.ts";
import { type Case, cases, fullPlan, type Plan, quickPlan } from "./cases.ts";
import { bareLoop } from "./ceilings.ts";
import { type Acknowledged, booksOfAll, measureCases, reportCases, verifyBooks } from "./compare.ts";
import { type Growth, measureGrowth } from "./growth.ts";
import { measureLatency } from "./latency.ts";
import { type Engine, pons } from "./pons.ts";
import { type Everything, reportTargets } from "./verdict.ts";

const peers: readonly LedgerPeer[] = [
  pons("sqlite"),
  pons("postgres"),
  rowLocks,
  djangoTransfers,
  pgbenchTransfers,
  echoOf(transferCalls({ ids: ledgerIds, headers: {}, path: "/", bulkStatus: 201, echo: true })),
];

export async function run(options: TopicOptions): Promise<Everything> {
  const plan = options.quick ? quickPlan : fullPlan;
  await using postgres = await startPostgres();
  const surroundings: Surroundings = {
    folder: options.folder,
    createDatabase: () => postgres.createDatabase(),
    postgresPid: postgres.pid,
  };
  const chosen = cases.filter(({ name }) => options.cases === undefined || options.cases.includes(name));
  const lineup = chosen.length === 0 ? { started: [], absent: [] } : await startLineup(options, surroundings);
  let measured: Pick<Everything, "cases" | "latency">;
  try {
    if (chosen.length > 0) reportLineup(options, lineup, postgres.url);
    measured = await measure(options, { chosen, plan, lineup, postgresUrl: postgres.url });
  } finally {
    await Promise.all(lineup.started.map(({ running }) => running.stop()));
  }
  const growth = await grow(options, { plan, surroundings, postgresUrl: postgres.url });
  const everything = { ...measured, growth };
  reportTargets(options.report, everything);
  return everything;
}

const wanted = (options: TopicOptions, name: string): boolean => options.peers === undefined || options.peers.includes(name);

/** The bare loop follows Pons on SQLite, on whose file it works, and is left out without it. */
async function startLineup(options: TopicOptions, surroundings: Surroundings): Promise<Lineup<LedgerRunning>> {
  const first = await startPeers(
    peers.filter(({ name }) => wanted(options, name)),
    surroundings,
  );
  const origin = first.started.find(({ running }) => running.file !== undefined)?.running;
  const loops = origin === undefined ? [] : [false, true].map((journal) => bareLoop({ journal, origin }));
  const second = await startPeers(
    loops.filter(({ name }) => wanted(options, name)),
    surroundings,
  );
  return { started: [...first.started, ...second.started], absent: [...first.absent, ...second.absent] };
}

function reportLineup({ report, quick }: TopicOptions, lineup: Lineup<LedgerRunning>, postgresUrl: string): void {
  const version = versionOf(["psql", postgresUrl, "-Atc", "show server_version"]);
  if (quick) report.add("**A quick run: it shows that everything works, its figures are no result.**");
  report.add(
    [
      `Postgres ${version ?? ""}, one server with a database for each peer, settings of its defaults (fsync and synchronous_commit on); SQLite with synchronous = FULL.`,
      "Every peer holds 10,000 accounts that can pay whatever is asked. CPU time is that of the server's processes and of all of Postgres's; the load generator's does not count.",
      "All cases and peers took turns in the same rounds. Afterwards, every peer held exactly the transfers it had acknowledged (and Pons a journal row for each), every account was the sum of its transfers, and all balances summed to zero.",
    ].join(" "),
  );
  const lines = [
    ...lineup.started.map(({ peer }) => [peer.name, peer.what]),
    ...lineup.absent.map(({ name, why }) => [name, `left out: ${why}`]),
  ];
  report.add(table(["peer", "what"], lines).replace("| --- | --: |", "| --- | --- |"));
}

async function measure(
  { report }: TopicOptions,
  {
    chosen,
    plan,
    lineup,
    postgresUrl,
  }: {
    readonly chosen: readonly Case[];
    readonly plan: Plan;
    readonly lineup: Lineup<LedgerRunning>;
    readonly postgresUrl: string;
  },
): Promise<Pick<Everything, "cases" | "latency">> {
  const peers = lineup.started;
  const acknowledged: Acknowledged = new Map();
  const before = await booksOfAll(peers);
  const measured = await measureCases(chosen, { peers, plan, postgresUrl, acknowledged });
  reportCases(report, chosen, { peers, measured });
  const latency = await measureLatency(report, { peers, plan, postgresUrl, acknowledged, measured });
  for (const [name, now] of await booksOfAll(peers)) {
    const was = before.get(name);
    if (was !== undefined) verifyBooks(name, { before: was, now, acknowledged: acknowledged.get(name) ?? 0 });
  }
  return { cases: measured, latency };
}

/** With all cases, or when it is asked for as the case `growth`. */
async function grow(
  options: TopicOptions,
  {
    plan,
    surroundings,
    postgresUrl,
  }: {
    readonly plan: Plan;
    readonly surroundings: Surroundings;
    readonly postgresUrl: string;
  },
): Promise<Growth> {
  if (options.cases !== undefined && !options.cases.includes("growth")) return {};
  const engines = (["sqlite", "postgres"] as const satisfies readonly Engine[]).filter((engine) =>
    wanted(options, `pons-${engine}`),
  );
  if (engines.length === 0) return {};
  return measureGrowth(options.report, { engines, plan: plan.growth, surroundings, postgresUrl });
}
