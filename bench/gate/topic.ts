/** The benchmark of the gate from beginning to end; what it asks and how is told in README.md beside it. */
import { startPostgres } from "../../test/postgres/index.ts";
import { versionOf } from "../harness/machine.ts";
import type { Surroundings } from "../harness/peer.ts";
import { residentMiB } from "../harness/process-tree.ts";
import { table } from "../harness/report.ts";
import { type Lineup, type Started, startPeers } from "../harness/start-peers.ts";
import type { TopicOptions } from "../harness/topic-run.ts";
import { fastify } from "../peers/fastify.ts";
import { type GatewayRunning, nginxFastify } from "../peers/nginx.ts";
import { cases, fullPlan, type Plan, quickPlan } from "./cases.ts";
import { type Answered, measureCase, reportCase, type RoundsByPath } from "./compare.ts";
import type { Scale } from "./fill.ts";
import { parts } from "./parts.ts";
import { type GatePeer, type GateRunning, pons, type Template, templateOf } from "./pons.ts";
import { measureSignatures } from "./signature.ts";
import { measureTokens } from "./token.ts";
import { type Everything, reportCredentials, reportTargets } from "./verdict.ts";

/** A template is filled when it is first needed. */
const lazily = (engine: "sqlite" | "postgres", scale: Scale) => {
  let made: Promise<Template> | undefined;
  return (surroundings: Surroundings): Promise<Template> => (made ??= templateOf(engine, scale, surroundings));
};

const ponsPeers = ({ small, large }: Plan): readonly GatePeer[] => {
  const [onSqlite, many] = [lazily("sqlite", small), lazily("sqlite", large)];
  return [
    ...parts.map((held) => pons({ name: `sqlite-${held}`, held, template: onSqlite })),
    ...(["nothing", "everything"] as const).map((held) =>
      // Each has a database of its own: what one writes is not what the other reads.
      pons({ name: `postgres-${held}`, held, template: lazily("postgres", small) }),
    ),
    pons({ name: "few", held: "everything", template: onSqlite, isWarmedUp: true }),
    pons({ name: "many", held: "everything", template: many, isWarmedUp: true }),
  ];
};

/** Cases that only some are compared on; the others have them as well. */
const takesPart: Readonly<Record<string, RegExp>> = {
  get: /^(?:sqlite|postgres)-|^fastify$|^nginx-/,
  create: /-(?:nothing|everything)$/,
  refused: /^(?:sqlite|postgres)-everything$/,
  any: /^(?:few|many)$/,
};

const wanted = (options: TopicOptions, name: string): boolean => options.peers === undefined || options.peers.includes(name);

export async function run(options: TopicOptions): Promise<Everything> {
  const plan = options.quick ? quickPlan : fullPlan;
  await using postgres = await startPostgres();
  const surroundings: Surroundings = {
    folder: options.folder,
    createDatabase: () => postgres.createDatabase(),
    postgresPid: postgres.pid,
  };
  const chosen = cases.filter(({ name }) => options.cases === undefined || options.cases.includes(name));
  const isAsked = ({ name }: { readonly name: string }): boolean =>
    wanted(options, name) && chosen.some((each) => takesPart[each.name]?.test(name) === true);
  const ours = await startPeers(ponsPeers(plan).filter(isAsked), surroundings);
  let others: Lineup = { started: [], absent: [] };
  let measured: Pick<Everything, "cases" | "keys" | "memory">;
  const answered: Answered = new Map();
  try {
    others = await startPeers([fastify, nginxFastify].filter(isAsked), surroundings);
    reportLineup(options, { ours, others, plan, postgresUrl: postgres.url });
    const { started } = ours;
    const warmed = started.filter(({ running }) => running.figures.keys !== undefined);
    const keys = Object.fromEntries(
      warmed.flatMap(({ peer, running: { figures } }) => (figures.keys === undefined ? [] : [[peer.name, figures.keys]])),
    );
    const memory = Object.fromEntries(warmed.map(({ peer, running }) => [peer.name, residentMiB(running.serverPids)]));
    const peers: readonly Started[] = [...started, ...others.started];
    const rounds: Record<string, RoundsByPath[string]> = {};
    for (const each of chosen) {
      const able = peers.filter(({ peer }) => takesPart[each.name]?.test(peer.name) === true);
      const found = await measureCase(each, { peers: able, plan, answered });
      reportCase(options.report, each, { measured: found, base: each.name === "any" ? "few" : "sqlite-nothing" });
      Object.assign(rounds, found);
    }
    await verifyGateway(others.started, answered);
    measured = { cases: rounds, keys, memory };
  } finally {
    await Promise.all([...ours.started, ...others.started].map(({ running }) => running.stop()));
  }
  await verifyRecords(ours.started, answered);
  const isAll = options.cases === undefined;
  const everything: Everything = {
    ...measured,
    signature: isAll ? await measureSignatures() : undefined,
    token: isAll ? measureTokens() : undefined,
  };
  reportCredentials(options.report, everything);
  reportTargets(options.report, everything);
  return everything;
}

function reportLineup(
  { report, quick }: TopicOptions,
  {
    ours,
    others,
    plan: { small, large },
    postgresUrl,
  }: { readonly ours: Lineup; readonly others: Lineup; readonly plan: Plan; readonly postgresUrl: string },
): void {
  if (quick) report.add("**A quick run: it shows that everything works, its figures are no result.**");
  const text = (value: number): string => value.toLocaleString("en-US");
  report.add(
    [
      `Postgres ${versionOf(["psql", postgresUrl, "-Atc", "show server_version"]) ?? ""}, settings of its defaults; SQLite with synchronous = FULL.`,
      `Every database holds 10,000 accounts; all but \`many\` hold ${text(small.keys)} keys of ${text(small.tenants)} tenants, \`many\` ${text(large.keys)} of ${text(large.tenants)}.`,
      "CPU time is that of the server's processes and, on Postgres, of all of Postgres's; the load generator's does not count.",
      "Afterwards, the servers with everything had recorded exactly the calls that were answered as used, and those they had refused as refused.",
    ].join(" "),
  );
  const lines = [
    ...[...ours.started, ...others.started].map(({ peer }) => [peer.name, peer.what]),
    ...[...ours.absent, ...others.absent].map(({ name, why }) => [name, `left out: ${why}`]),
  ];
  report.add(table(["peer", "what"], lines).replace("| --- | --: |", "| --- | --- |"));
}

const sumOf = (answered: Answered, peer: string, names?: readonly string[]): number =>
  [...answered]
    .filter(([path]) => path.endsWith(`/${peer}`) && (names === undefined || names.some((name) => path.startsWith(`${name}/`))))
    .reduce((sum, [, calls]) => sum + calls, 0);

/** Throws unless the gateway has counted exactly what was answered. */
async function verifyGateway(started: readonly Started[], answered: Answered): Promise<void> {
  for (const { peer, running } of started) {
    if (!("counted" in running)) continue;
    const counted = await (running as GatewayRunning).counted();
    const expected = sumOf(answered, peer.name);
    if (counted !== expected) throw new Error(`${peer.name}: ${expected} calls answered, ${counted} counted`);
  }
}

/** The servers are stopped: what they counted is written. Throws unless it is exactly what was answered. */
async function verifyRecords(started: readonly Started<GateRunning>[], answered: Answered): Promise<void> {
  for (const { peer, running } of started) {
    const recorded = await running.recorded?.();
    if (recorded === undefined) continue;
    const warmed = running.figures.warmed?.calls ?? 0;
    const expected = { used: sumOf(answered, peer.name) + warmed, refused: sumOf(answered, peer.name, ["refused"]) };
    for (const what of ["used", "refused"] as const)
      if (recorded[what] !== expected[what])
        throw new Error(`${peer.name}: ${expected[what]} calls to be recorded as ${what}, ${recorded[what]} are`);
  }
}
