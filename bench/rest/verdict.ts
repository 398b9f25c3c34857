/** The targets against what was measured: reached or missed, and by how much. */
import type { Measured } from "../harness/load.ts";
import { figure, type Report, table } from "../harness/report.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import { type Line, verdictLine } from "../harness/verdict.ts";
import { growthTolerance, idleMiBMax, latencyTarget, ratioTargets, startTarget } from "./targets.ts";

/** Every figure of a run. */
export interface Everything {
  /** Rounds by case and peer. */
  readonly cases: Readonly<Record<string, Readonly<Record<string, readonly Measured[]>>>>;
  /** Rounds at half load by `case/peer`. */
  readonly latency: Readonly<Record<string, readonly Measured[]>>;
  /** Seconds by peer. */
  readonly starts: Readonly<Record<string, readonly number[]>>;
  readonly idleMiB: Readonly<Record<string, number>>;
  /** CPU time of a page, large ÷ small table, by engine. */
  readonly growth: Readonly<Record<string, readonly number[]>>;
}

const rowsPerCall: Readonly<Record<string, number>> = { batch: 1000 };

/** Rows per second, or per CPU second, of `case/peer`, round by round. */
function rate({ cases }: Everything, path: string, per: "second" | "cpuSecond"): number[] {
  const [name = "", peer = ""] = path.split("/");
  const rounds = cases[name]?.[peer] ?? [];
  return rounds.map((round) => (per === "second" ? round.callsPerSecond : round.callsPerCpuSecond) * (rowsPerCall[name] ?? 1));
}

export function verdicts(everything: Everything): Line[] {
  const lines = ratioTargets.map(({ title, over, under, per, atLeast }) =>
    verdictLine(
      `${title}, per ${per === "second" ? "second" : "CPU second"}`,
      summarize(pairs(rate(everything, over, per), rate(everything, under, per))),
      { atLeast },
    ),
  );
  const paced = everything.latency[`${latencyTarget.case}/${latencyTarget.peer}`] ?? [];
  const p99 = paced.map(({ latency }) => latency.p99 / latency.p50);
  lines.push(
    verdictLine(`p99 ÷ median of ${latencyTarget.case} at half load, ${latencyTarget.peer}`, summarize(p99), latencyTarget),
  );
  for (const peer of startTarget.peers) {
    const starts = pairs(everything.starts[peer] ?? [], everything.starts[startTarget.under] ?? []);
    lines.push(verdictLine(`start to first answer, ${peer} ÷ ${startTarget.under}`, summarize(starts), startTarget));
    const memory = everything.idleMiB[peer];
    lines.push(
      verdictLine(`idle memory of ${peer}, MiB`, summarize(memory === undefined ? [] : [memory]), { atMost: idleMiBMax }),
    );
  }
  for (const engine of ["sqlite", "postgres"]) {
    const values = everything.growth[engine] ?? [];
    const off = summarize(values.map((value) => Math.abs(value - 1)));
    const shown = verdictLine(`page by cursor on ${engine}, large table ÷ small one`, summarize(values), {
      atMost: 1 + growthTolerance,
    });
    const verdict =
      values.length === 0
        ? shown[3]
        : `${off.median <= growthTolerance ? "reached" : "**missed**"} (off by ${figure(off.median * 100)} %)`;
    lines.push([shown[0], `1 ± ${growthTolerance}`, shown[2], verdict]);
  }
  return lines;
}

/** Only rounds that both have. */
const pairs = (a: readonly number[], b: readonly number[]): number[] => ratios(a.slice(0, b.length), b);

export function reportTargets(report: Report, everything: Everything): void {
  report.add("### Targets");
  report.add("Ratios of calls (rows, for batches), taken round by round: median (min … max).");
  report.add(table(["target", "wanted", "measured", "verdict"], verdicts(everything)));
}
