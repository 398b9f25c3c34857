/** How long a call takes when the server has half of the calls it can do: paced, so that a stall is charged to every call it delays. */
import type { Measured } from "../harness/load.ts";
import { figure, type Report, spread, table } from "../harness/report.ts";
import { interleave } from "../harness/rounds.ts";
import type { Started } from "../harness/start-peers.ts";
import { summarize } from "../harness/statistics.ts";
import { type Case, closely, type Plan } from "./cases.ts";
import { type CaseRounds, contestant } from "./compare.ts";

/** Rounds by `case/peer`. */
export async function measureLatency(
  report: Report,
  each: Case,
  able: readonly Started[],
  plan: Plan,
  own: CaseRounds,
): Promise<Record<string, readonly Measured[]>> {
  const chosen = able.filter(({ peer }) => closely.peers.some((name) => name === peer.name));
  if (!closely.cases.some((name) => name === each.name) || chosen.length === 0) return {};
  const halfOf = (name: string) => summarize((own.measured[name] ?? []).map(({ callsPerSecond }) => callsPerSecond)).median / 2;
  const { connections } = each;
  const rounds = await interleave(
    chosen.map((started) =>
      contestant(started, { each, connections, acknowledged: own.acknowledged, rate: halfOf(started.peer.name) }),
    ),
    { rounds: plan.rounds, seconds: plan.latencySeconds, warmUpSeconds: 0 },
  );
  report.add(
    `\`${each.name}\` at half of the saturating load, ${plan.rounds} rounds of ${plan.latencySeconds} s, paced; milliseconds from the moment a call was due.`,
  );
  const rows = [...rounds].map(([name, measured]) => {
    const of = (pick: (latency: Measured["latency"]) => number) =>
      spread(summarize(measured.map(({ latency }) => pick(latency))));
    return [
      name,
      figure(halfOf(name)),
      of(({ p50 }) => p50),
      of(({ p90 }) => p90),
      of(({ p99 }) => p99),
      of(({ p50, p99 }) => p99 / p50),
    ];
  });
  report.add(table(["peer", "calls per second", "p50", "p90", "p99", "p99 ÷ p50"], rows));
  return Object.fromEntries([...rounds].map(([name, measured]) => [`${each.name}/${name}`, measured]));
}
