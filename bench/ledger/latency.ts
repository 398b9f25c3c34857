/** How long a transfer takes when the server has half of the calls it can do: paced, so that a stall is charged to every call it delays. */
import type { Measured } from "../harness/load.ts";
import { figure, type Report, spread, table } from "../harness/report.ts";
import { interleave } from "../harness/rounds.ts";
import { summarize } from "../harness/statistics.ts";
import { cases, pacedPeers, type Plan } from "./cases.ts";
import { type Acknowledged, checkpoint, contestant, isContestant, type Peered, type RoundsByPath } from "./compare.ts";

/** Rounds by `case/peer`. */
export async function measureLatency(
  report: Report,
  {
    peers,
    plan,
    postgresUrl,
    acknowledged,
    measured,
  }: {
    readonly peers: readonly Peered[];
    readonly plan: Plan;
    readonly postgresUrl: string;
    readonly acknowledged: Acknowledged;
    /** At the saturating load. */
    readonly measured: RoundsByPath;
  },
): Promise<RoundsByPath> {
  const each = cases.find(({ name }) => name === "single");
  if (each === undefined) return {};
  const halfOf = (path: string) => summarize((measured[path] ?? []).map(({ callsPerSecond }) => callsPerSecond)).median / 2;
  const contestants = peers
    .filter(({ peer }) => pacedPeers.includes(peer.name) && measured[`${each.name}/${peer.name}`] !== undefined)
    .map((started) => contestant(started, { each, acknowledged, rate: halfOf(`${each.name}/${started.peer.name}`) }))
    .filter(isContestant);
  if (contestants.length === 0) return {};
  process.stderr.write("measuring at half load …\n");
  const rounds = await interleave(contestants, {
    rounds: plan.rounds,
    seconds: plan.latencySeconds,
    warmUpSeconds: 0,
    beforeEach: () => checkpoint(postgresUrl),
  });
  report.add("### At half load");
  report.add(
    `\`${each.name}\` at half of the saturating load, ${plan.rounds} rounds of ${plan.latencySeconds} s, paced; milliseconds from the moment a call was due.`,
  );
  const lines = [...rounds].map(([path, paced]) => {
    const of = (pick: (latency: Measured["latency"]) => number) => spread(summarize(paced.map(({ latency }) => pick(latency))));
    return [
      path.slice(path.indexOf("/") + 1),
      figure(halfOf(path)),
      of(({ p50 }) => p50),
      of(({ p90 }) => p90),
      of(({ p99 }) => p99),
      of(({ p50, p99 }) => p99 / p50),
    ];
  });
  report.add(table(["peer", "transfers per second", "p50", "p90", "p99", "p99 ÷ p50"], lines));
  return Object.fromEntries(rounds);
}
