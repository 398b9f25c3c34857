/** How long a call takes when the server has half of the calls it can do: paced, so that a stall is charged to every call it delays. */
import type { Measured } from "../harness/load.ts";
import { figure, type Report, table } from "../harness/report.ts";
import type { Started } from "../harness/start-peers.ts";
import { summarize } from "../harness/statistics.ts";
import { type Case, closely, type Plan } from "./cases.ts";
import { type CaseRounds, contestant } from "./compare.ts";

/** By `case/peer`. */
export async function measureLatency(
  report: Report,
  each: Case,
  able: readonly Started[],
  plan: Plan,
  own: CaseRounds,
): Promise<Record<string, Measured>> {
  const chosen = able.filter(({ peer }) => closely.peers.some((name) => name === peer.name));
  if (!closely.cases.some((name) => name === each.name) || chosen.length === 0) return {};
  const results: Record<string, Measured> = {};
  const rows: string[][] = [];
  for (const started of chosen) {
    const { name } = started.peer;
    const rate = summarize((own.measured[name] ?? []).map(({ callsPerSecond }) => callsPerSecond)).median / 2;
    const options = { each, connections: each.connections, acknowledged: own.acknowledged, rate };
    const measured = await contestant(started, options).measure(plan.latencySeconds);
    results[`${each.name}/${name}`] = measured;
    const { p50, p90, p99, max } = measured.latency;
    rows.push([name, figure(rate), ...[p50, p90, p99, max].map(figure), figure(p99 / p50)]);
  }
  report.add(
    `\`${each.name}\` at half of the saturating load, ${plan.latencySeconds} s paced, milliseconds from the moment a call was due.`,
  );
  report.add(table(["peer", "calls per second", "p50", "p90", "p99", "max", "p99 ÷ p50"], rows));
  return results;
}
