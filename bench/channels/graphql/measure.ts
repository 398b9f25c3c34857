/** The three-level query of 20 × 10 × 1, Pons and its peers side by side in the same rounds; what is asked and how is told in README.md beside it. */
import { load, type Measured } from "../../harness/load.ts";
import type { CallPlan, Surroundings } from "../../harness/peer.ts";
import { figure, type Report, spread, table } from "../../harness/report.ts";
import { interleave, type Rounds } from "../../harness/rounds.ts";
import { type Started, startPeers } from "../../harness/start-peers.ts";
import { ratios, summarize } from "../../harness/statistics.ts";
import { mercurius } from "../../peers/mercurius.ts";
import { postgraphile } from "../../peers/postgraphile.ts";
import { otherPages } from "./pages.ts";
import { pons } from "./pons.ts";

/** Calls per CPU second on the same Postgres, by those of the better of the two. */
export const graphTarget = { over: "pons-postgres", under: ["mercurius", "postgraphile"], atLeast: 2 } as const;

const connections = 16;
const microseconds = 1e6;

const plans = {
  full: { rounds: 7, seconds: 3, warmUpSeconds: 5 },
  quick: { rounds: 2, seconds: 0.6, warmUpSeconds: 1 },
} as const;

/** What was measured, and the ratio of the target in each round where both sides were. */
export interface GraphFigures {
  readonly rounds: Readonly<Record<string, readonly Measured[]>>;
  readonly ratios: readonly number[];
}

/** All callers ask for the same page, and each for another one. */
export interface GraphResult {
  readonly same: GraphFigures;
  readonly pages: GraphFigures;
}

interface Contestant extends Started {
  readonly call: CallPlan;
}

const perCpu = (rounds: Rounds, name: string): readonly number[] =>
  (rounds.get(name) ?? []).map(({ callsPerCpuSecond }) => callsPerCpuSecond);

const reportRounds = (report: Report, title: string, rounds: Rounds): GraphFigures => {
  const best = graphTarget.under
    .filter((name) => perCpu(rounds, name).length > 0)
    .toSorted((a, b) => summarize(perCpu(rounds, b)).median - summarize(perCpu(rounds, a)).median)[0];
  report.add(`### GraphQL, three levels: 20 × 10 × 1, ${title} (\`graph\`, ${connections} connections)`);
  report.add(
    table(
      [
        "peer",
        "calls per CPU second",
        "CPU µs per call",
        "calls per second",
        "p50 ms",
        "p99 ms",
        `÷ ${best ?? "–"}, per CPU second`,
      ],
      [...rounds].map(([name, measured]) => [
        name,
        spread(summarize(perCpu(rounds, name))),
        spread(summarize(measured.map(({ calls, cpuSeconds }) => (cpuSeconds / calls) * microseconds))),
        spread(summarize(measured.map(({ callsPerSecond }) => callsPerSecond))),
        figure(summarize(measured.map(({ latency }) => latency.p50)).median),
        figure(summarize(measured.map(({ latency }) => latency.p99)).median),
        best === undefined ? "–" : spread(summarize(ratios(perCpu(rounds, name), perCpu(rounds, best)))),
      ]),
    ),
  );
  const ours = perCpu(rounds, graphTarget.over);
  return {
    rounds: Object.fromEntries(rounds),
    ratios: best === undefined || ours.length === 0 ? [] : ratios(ours, perCpu(rounds, best)),
  };
};

const sameCall = ({ peer, running }: Started): Contestant => {
  const call = running.calls["graph"];
  if (call === undefined || typeof call === "function") throw new Error(`${peer.name} has no such call`);
  return { peer, running, call };
};

export async function measureGraphql(
  report: Report,
  {
    surroundings,
    quick,
    peers,
  }: { readonly surroundings: Surroundings; readonly quick: boolean; readonly peers?: readonly string[] | undefined },
): Promise<GraphResult> {
  const all = [pons("postgres"), pons("sqlite"), mercurius, postgraphile];
  const { started, absent } = await startPeers(
    all.filter(({ name }) => peers === undefined || peers.includes(name)),
    surroundings,
  );
  const measure = (contestants: readonly Contestant[]): Promise<Rounds> =>
    interleave(
      contestants.map(({ peer, running, call }) => ({
        name: peer.name,
        measure: (seconds: number) => load(running, { call, connections, seconds }),
      })),
      plans[quick ? "quick" : "full"],
    );
  try {
    const same = started.map(sameCall);
    const others: Contestant[] = [];
    for (const contestant of same) {
      const call = await otherPages(contestant.running.url, contestant.call);
      if (call !== undefined) others.push({ ...contestant, call });
    }
    const result = {
      same: reportRounds(report, "all callers for the same page", await measure(same)),
      pages: reportRounds(report, "each call for another page", await measure(others)),
    };
    report.add(
      [
        ...started.map(({ peer }) => `- ${peer.name}: ${peer.what}.`),
        ...same
          .filter(({ peer }) => !others.some((other) => other.peer === peer))
          .map(({ peer }) => `- ${peer.name} has no cursors, and so no other pages.`),
        ...absent.map(({ name, why }) => `- ${name}: left out: ${why}`),
      ].join("\n"),
    );
    return result;
  } finally {
    await Promise.all(started.map(({ running }) => running.stop()));
  }
}
