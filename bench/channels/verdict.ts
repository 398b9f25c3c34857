/** The targets against what was measured: reached or missed, and by how much. */
import { type Report, table } from "../harness/report.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import { type Line, verdictLine } from "../harness/verdict.ts";
import type { CallsFigures } from "./calls/measure.ts";
import type { Engine } from "./calls/server.ts";
import { type GraphResult, graphTarget } from "./graphql/measure.ts";
import type { ExportFigures } from "./grpc/export.ts";
import type { UnaryRounds } from "./grpc/unary.ts";
import type { StreamFigures } from "./stream/measure.ts";
import { flatTarget, unaryTarget } from "./targets.ts";

export interface Everything {
  readonly calls: Readonly<Partial<Record<Engine, CallsFigures>>>;
  readonly graph: GraphResult | undefined;
  readonly unary: UnaryRounds | undefined;
  readonly exports: readonly ExportFigures[];
  readonly streams: StreamFigures | undefined;
}

const streamNames = { grpc: "gRPC", ndjson: "NDJSON" } as const;
const engineNames = { sqlite: "SQLite", postgres: "Postgres" } as const;

const unaryLine = (rounds: UnaryRounds = {}): Line => {
  const perCpu = (name: string): number[] => (rounds[name] ?? []).map(({ callsPerCpuSecond }) => callsPerCpuSecond);
  const under = perCpu(unaryTarget.under);
  const values = ratios(perCpu(unaryTarget.over).slice(0, under.length), under);
  return verdictLine("gRPC unary by grpc-js with an empty handler, calls per CPU second", summarize(values), unaryTarget);
};

const flatLine = ({ by, engine, memory: { halves } }: ExportFigures): Line =>
  verdictLine(
    `memory of an export over ${streamNames[by]} on ${engineNames[engine]}, second half by the first`,
    summarize([halves[1] / halves[0]]),
    flatTarget,
  );

export const verdicts = ({ graph, unary, exports }: Everything): Line[] => [
  verdictLine(
    "GraphQL of three levels by the better of Mercurius and PostGraphile, calls per CPU second",
    summarize(graph?.same.ratios ?? []),
    graphTarget,
  ),
  verdictLine("the same by PostGraphile, each call for another page", summarize(graph?.pages.ratios ?? []), graphTarget),
  unaryLine(unary),
  ...exports.map(flatLine),
];

export const reportTargets = (report: Report, everything: Everything): void => {
  report.add("### Targets");
  report.add("Taken round by round: median (min … max).");
  report.add(table(["target", "wanted", "measured", "verdict"], verdicts(everything)));
};
