/** The three-level query of 20 × 10 × 1, Pons and its peers side by side in the same rounds; what is asked and how is told in README.md beside it. */
import { load, type Measured } from "../../harness/load.ts";
import type { Surroundings } from "../../harness/peer.ts";
import { figure, type Report, spread, table } from "../../harness/report.ts";
import { interleave } from "../../harness/rounds.ts";
import { startPeers } from "../../harness/start-peers.ts";
import { ratios, summarize } from "../../harness/statistics.ts";
import { mercurius } from "../../peers/mercurius.ts";
import { postgraphile } from "../../peers/postgraphile.ts";
import { pons } from "./pons.ts";

/** Calls per CPU second on the same Postgres, by those of the better of the two. */
export const graphTarget = { over: "pons-postgres", under: ["mercurius", "postgraphile"], atLeast: 2 } as const;

const connections = 16;
const microseconds = 1e6;

const plans = {
  full: { rounds: 7, seconds: 3, warmUpSeconds: 5 },
  quick: { rounds: 2, seconds: 0.6, warmUpSeconds: 1 },
} as const;

export interface GraphFigures {
  readonly rounds: Readonly<Record<string, readonly Measured[]>>;
  /** Median ratio of the target, where both sides were measured. */
  readonly ratio: number | undefined;
}

export async function measureGraphql(
  report: Report,
  {
    surroundings,
    quick,
    peers,
  }: { readonly surroundings: Surroundings; readonly quick: boolean; readonly peers?: readonly string[] | undefined },
): Promise<GraphFigures> {
  const all = [pons("postgres"), pons("sqlite"), mercurius, postgraphile];
  const { started, absent } = await startPeers(
    all.filter(({ name }) => peers === undefined || peers.includes(name)),
    surroundings,
  );
  try {
    const measured = await interleave(
      started.map(({ peer, running }) => ({
        name: peer.name,
        measure(seconds: number) {
          const call = running.calls["graph"];
          if (call === undefined || typeof call === "function") throw new Error("no such call");
          return load(running, { call, connections, seconds });
        },
      })),
      plans[quick ? "quick" : "full"],
    );
    const perCpu = (name: string): readonly number[] =>
      (measured.get(name) ?? []).map(({ callsPerCpuSecond }) => callsPerCpuSecond);
    const best = graphTarget.under
      .filter((name) => perCpu(name).length > 0)
      .toSorted((a, b) => summarize(perCpu(b)).median - summarize(perCpu(a)).median)[0];
    report.add(`### GraphQL, three levels: 20 × 10 × 1 (\`graph\`, ${connections} connections)`);
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
        [...measured].map(([name, rounds]) => [
          name,
          spread(summarize(perCpu(name))),
          spread(summarize(rounds.map(({ calls, cpuSeconds }) => (cpuSeconds / calls) * microseconds))),
          spread(summarize(rounds.map(({ callsPerSecond }) => callsPerSecond))),
          figure(summarize(rounds.map(({ latency }) => latency.p50)).median),
          figure(summarize(rounds.map(({ latency }) => latency.p99)).median),
          best === undefined ? "–" : spread(summarize(ratios(perCpu(name), perCpu(best)))),
        ]),
      ),
    );
    report.add(
      [
        ...started.map(({ peer }) => `- ${peer.name}: ${peer.what}.`),
        ...absent.map(({ name, why }) => `- ${name}: left out: ${why}`),
      ].join("\n"),
    );
    const ours = perCpu(graphTarget.over);
    const ratio = best === undefined || ours.length === 0 ? undefined : summarize(ratios(ours, perCpu(best))).median;
    return { rounds: Object.fromEntries(measured), ratio };
  } finally {
    await Promise.all(started.map(({ running }) => running.stop()));
  }
}
