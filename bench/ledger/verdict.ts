/** The targets against what was measured: reached or missed, and by how much. */
import type { Measured } from "../harness/load.ts";
import { type Report, table } from "../harness/report.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import { type Line, verdictLine } from "../harness/verdict.ts";
import { cases } from "./cases.ts";
import type { RoundsByPath } from "./compare.ts";
import type { Growth } from "./growth.ts";
import { growthTarget, latencyTarget, ratioTargets } from "./targets.ts";

/** Every figure of a run. */
export interface Everything {
  /** By `case/peer`, at the saturating load. */
  readonly cases: RoundsByPath;
  /** By `case/peer`, at half of it. */
  readonly latency: RoundsByPath;
  readonly growth: Growth;
}

const rowsOf = (path: string): number => cases.find(({ name }) => path.startsWith(`${name}/`))?.rows ?? 1;

const rate = (rounds: readonly Measured[], { path, per }: { readonly path: string; readonly per: "second" | "cpuSecond" }) =>
  rounds.map(({ callsPerSecond, callsPerCpuSecond }) => (per === "second" ? callsPerSecond : callsPerCpuSecond) * rowsOf(path));

export function verdicts(everything: Everything): Line[] {
  const of = (path: string, per: "second" | "cpuSecond") => rate(everything.cases[path] ?? [], { path, per });
  const lines = ratioTargets.map(({ title, over, under, per, atLeast }) => {
    const [above, below] = [of(over, per), of(under, per)];
    const pairs = ratios(above.slice(0, below.length), below);
    return verdictLine(`${title}, per ${per === "second" ? "second" : "CPU second"}`, summarize(pairs), { atLeast });
  });
  for (const peer of latencyTarget.peers) {
    const paced = everything.latency[`${latencyTarget.case}/${peer}`] ?? [];
    const p99 = paced.map(({ latency }) => latency.p99 / latency.p50);
    lines.push(verdictLine(`p99 ÷ median of single calls at half load, ${peer}`, summarize(p99), latencyTarget));
  }
  for (const engine of growthTarget.engines)
    for (const name of growthTarget.cases) {
      const values = everything.growth[`${name}/${engine}`] ?? [];
      lines.push(verdictLine(`CPU time of a ${name} transfer on ${engine}, many stored ÷ few`, summarize(values), growthTarget));
    }
  return lines;
}

export function reportTargets(report: Report, everything: Everything): void {
  report.add("### Targets");
  report.add("Ratios of transfers, taken round by round: median (min … max).");
  report.add(table(["target", "wanted", "measured", "verdict"], verdicts(everything)));
}
