/**
 * The REST benchmark from beginning to end; what it asks and how is told in README.md beside it. The order matters: what reads comes before
 * what writes, so that all peers read tables of the same size.
 */
import { startPostgres } from "../../test/postgres/index.ts";
import { versionOf } from "../harness/machine.ts";
import type { Running, Surroundings } from "../harness/peer.ts";
import { residentMiB } from "../harness/process-tree.ts";
import { figure, table } from "../harness/report.ts";
import { type Lineup, type Started, startPeers } from "../harness/start-peers.ts";
import type { TopicOptions } from "../harness/topic-run.ts";
import { echo, replay } from "../peers/ceilings.ts";
import { directus } from "../peers/directus.ts";
import { django } from "../peers/django.ts";
import { fastify } from "../peers/fastify.ts";
import { pgbench } from "../peers/pgbench.ts";
import { cases, fullPlan, type Plan, quickPlan } from "./cases.ts";
import { measureCase, reportCase, sweep } from "./compare.ts";
import { measureGrowth } from "./growth.ts";
import { measureLatency } from "./latency.ts";
import { pons, variants } from "./pons.ts";
import { measureStarts } from "./start.ts";
import { type Everything, reportTargets } from "./verdict.ts";

const idleMs = 3000;

export async function run(options: TopicOptions): Promise<Everything> {
  const plan = options.quick ? quickPlan : fullPlan;
  await using postgres = await startPostgres();
  const surroundings: Surroundings = {
    folder: options.folder,
    createDatabase: () => postgres.createDatabase(),
    postgresPid: postgres.pid,
  };
  const lineup = await startLineup(options, surroundings);
  let everything: Everything = { cases: {}, latency: {}, starts: {}, idleMiB: {}, growth: {} };
  try {
    await reportLineup(options, lineup, postgres.url);
    everything = { ...everything, idleMiB: await idle(options, lineup) };
    everything = { ...everything, ...(await measureCalls(options, plan, lineup, postgres.url)) };
  } finally {
    await Promise.all(lineup.started.map(({ running }) => running.stop()));
  }
  everything = { ...everything, starts: await measureStarts(options.report, lineup.started, plan) };
  if (options.cases === undefined && wanted(options, "pons-sqlite"))
    everything = { ...everything, growth: await measureGrowth(options.report, surroundings, plan) };
  reportTargets(options.report, everything);
  return everything;
}

const wanted = (options: TopicOptions, name: string): boolean => options.peers === undefined || options.peers.includes(name);

/** The replaying ceiling plays Pons's own answer, or Fastify's where Pons is not measured; one process per reading case. */
async function startLineup(options: TopicOptions, surroundings: Surroundings): Promise<Lineup> {
  const real = [
    pons({ engine: "postgres" }),
    pons({ engine: "sqlite" }),
    ...variants.map(pons),
    fastify,
    django,
    directus,
    pgbench,
  ];
  const first = await startPeers(
    real.filter(({ name }) => wanted(options, name)),
    surroundings,
  );
  const origin = first.started.find(({ peer }) => ["pons-postgres", "pons-sqlite", "fastify"].includes(peer.name))?.running;
  const ceilings = [...(origin === undefined ? [] : ["get", "list"].map((call) => replay({ call, origin }))), echo];
  const second = await startPeers(
    ceilings.filter(({ name }) => wanted(options, name)),
    surroundings,
  );
  return { started: [...first.started, ...second.started], absent: [...first.absent, ...second.absent] };
}

async function reportLineup({ report, quick }: TopicOptions, lineup: Lineup, postgresUrl: string): Promise<void> {
  const version = versionOf(["psql", postgresUrl, "-Atc", "show server_version"]);
  if (quick) report.add("**A quick run: it shows that everything works, its figures are no result.**");
  report.add(
    [
      `Postgres ${version ?? ""}, one server with a database for each peer, settings of its defaults (fsync and synchronous_commit on).`,
      "Every peer holds the same 10,000 accounts, with the same columns and indexes. CPU time is that of the server's processes and of all of Postgres's; the load generator's does not count.",
    ].join(" "),
  );
  const told = new Map(lineup.started.map(({ peer }) => [peer.name, peer.what]));
  report.add(
    table(
      ["peer", "what"],
      [...[...told].map(([name, what]) => [name, what]), ...lineup.absent.map(({ name, why }) => [name, `left out: ${why}`])],
    ).replace("| --- | --: |", "| --- | --- |"),
  );
}

async function idle({ report }: TopicOptions, lineup: Lineup): Promise<Record<string, number>> {
  await Bun.sleep(idleMs);
  const memory = lineup.started
    .filter(({ running }) => running.serverPids.length > 0)
    .map(({ peer, running }) => [peer.name, residentMiB(running.serverPids)] as const);
  report.add("### Idle memory");
  report.add("Resident MiB of the server's processes after start and first calls, before any load.");
  report.add(
    table(
      ["peer", "MiB"],
      [...new Map(memory)].map(([name, value]) => [name, figure(value)]),
    ),
  );
  return Object.fromEntries(memory);
}

async function measureCalls(
  options: TopicOptions,
  plan: Plan,
  lineup: Lineup,
  postgresUrl: string,
): Promise<Pick<Everything, "cases" | "latency">> {
  const all: Record<string, Everything["cases"][string]> = {};
  const latency: Record<string, Everything["latency"][string]> = {};
  for (const each of cases.filter(({ name }) => options.cases === undefined || options.cases.includes(name))) {
    const able = lineup.started.filter(({ running }) => running.calls[each.name] !== undefined);
    const before = await stored(able, each.writes);
    const rounds = await measureCase(each, able, plan, postgresUrl);
    all[each.name] = rounds.measured;
    reportCase(options.report, each, able, rounds.measured);
    await sweep(options.report, each, able, plan, rounds);
    Object.assign(latency, await measureLatency(options.report, each, able, plan, rounds));
    await verifyStored(able, before, rounds.acknowledged);
  }
  return { cases: all, latency };
}

/** Rows and audit rows of each peer that stores. */
async function stored(able: readonly Started[], writes: boolean): Promise<Map<string, readonly [number, number]>> {
  const counts = new Map<string, readonly [number, number]>();
  if (!writes) return counts;
  for (const { peer, running } of able) {
    const count = running.count;
    if (count !== undefined) counts.set(peer.name, await countBoth(count));
  }
  return counts;
}

const countBoth = async (count: NonNullable<Running["count"]>): Promise<readonly [number, number]> => [
  await count("customers"),
  await count("audit"),
];

/** Throws unless each peer holds exactly the rows it acknowledged, and an audit row for each where it can be asked for them. */
async function verifyStored(
  able: readonly Started[],
  before: ReadonlyMap<string, readonly [number, number]>,
  acknowledged: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { peer, running } of able) {
    const was = before.get(peer.name);
    if (was === undefined || running.count === undefined) continue;
    const now = await countBoth(running.count);
    const expected = acknowledged.get(peer.name) ?? 0;
    const [rows, audits] = [now[0] - was[0], now[1] - was[1]];
    if (rows !== expected) throw new Error(`${peer.name}: ${expected} rows acknowledged, ${rows} stored`);
    if (!Number.isNaN(audits) && audits !== expected)
      throw new Error(`${peer.name}: ${expected} rows acknowledged, ${audits} audit rows`);
  }
}
