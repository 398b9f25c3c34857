/** The benchmark of the channels from beginning to end; what it asks and how is told in README.md beside it. */
import { startPostgres } from "../../test/postgres/index.ts";
import { raiseOpenFiles, versionOf } from "../harness/machine.ts";
import type { Surroundings } from "../harness/peer.ts";
import { table } from "../harness/report.ts";
import type { TopicOptions } from "../harness/topic-run.ts";
import { formsFor } from "./calls/forms.ts";
import { type CallsFigures, measureCalls } from "./calls/measure.ts";
import type { Engine } from "./calls/server.ts";
import { type CaseName, caseNames, fullPlan, isCall, type Plan, quickPlan } from "./cases.ts";
import { measureGraphql } from "./graphql/measure.ts";
import { measureExport } from "./grpc/export.ts";
import { measureUnary } from "./grpc/unary.ts";
import { measureStreams } from "./stream/measure.ts";
import { type Everything, reportTargets } from "./verdict.ts";

const engines = ["sqlite", "postgres"] as const;

const chosenOf = ({ cases }: TopicOptions): readonly CaseName[] => {
  const unknown = cases?.filter((name) => !(caseNames as readonly string[]).includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`no cases ${unknown.join(", ")}: there are ${caseNames.join(", ")}`);
  return caseNames.filter((name) => cases === undefined || cases.includes(name));
};

const reportBeginning = ({ report, quick }: TopicOptions, postgresUrl: string): void => {
  if (quick) report.add("**A quick run: it shows that everything works, its figures are no result.**");
  report.add(
    [
      `Postgres ${versionOf(["psql", postgresUrl, "-Atc", "show server_version"]) ?? ""}, settings of its defaults; SQLite with synchronous = FULL.`,
      "CPU time is that of the server's processes and, on Postgres, of all of Postgres's; the callers' does not count.",
      "Reads and writes of all channels were answered by one server, in turns; afterwards it held as many more rows as creates were answered, and its record of usage exactly the calls that were.",
    ].join(" "),
  );
};

const reportForms = ({ report, peers }: TopicOptions): void => {
  const forms = formsFor({ host: "", key: "" }).filter(({ name }) => peers === undefined || peers.includes(name));
  const lines = forms.map(({ name, title }) => [name, title]);
  report.add(table(["channel", "what"], lines).replace("| --- | --: |", "| --- | --- |"));
};

const measureAllCalls = async (
  options: TopicOptions,
  surroundings: Surroundings,
  { chosen, plan }: { readonly chosen: readonly CaseName[]; readonly plan: Plan },
): Promise<Everything["calls"]> => {
  const calls = chosen.filter(isCall);
  const found: Partial<Record<Engine, CallsFigures>> = {};
  if (calls.length === 0) return found;
  reportForms(options);
  for (const engine of engines) {
    found[engine] = await measureCalls(options.report, surroundings, {
      ...plan.calls[engine],
      engine,
      calls,
      only: options.peers,
    });
  }
  return found;
};

export async function run(options: TopicOptions): Promise<Everything> {
  const { report, quick, folder, peers } = options;
  const chosen = chosenOf(options);
  const plan = quick ? quickPlan : fullPlan;
  await using postgres = await startPostgres();
  const surroundings: Surroundings = { folder, createDatabase: () => postgres.createDatabase(), postgresPid: postgres.pid };
  reportBeginning(options, postgres.url);
  const has = (name: CaseName): boolean => chosen.includes(name);
  if (has("streams")) raiseOpenFiles(plan.openFiles);
  const everything: Everything = {
    calls: await measureAllCalls(options, surroundings, { chosen, plan }),
    graph: has("graph") ? await measureGraphql(report, { surroundings, quick, peers }) : undefined,
    unary: has("unary") ? await measureUnary(report, surroundings, plan.unary) : undefined,
    exports: has("export") ? await measureExport(report, surroundings, { engines, rows: plan.exportRows }) : [],
    streams: has("streams") ? await measureStreams(report, { surroundings, quick, engine: "sqlite" }) : undefined,
  };
  reportTargets(report, everything);
  return everything;
}
