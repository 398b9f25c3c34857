/** Cases with their peers side by side, in the same rounds. */
import { load, type Measured } from "../harness/load.ts";
import { figure, type Report, spread, table } from "../harness/report.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import type { Started } from "../harness/start-peers.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import type { Case, Plan } from "./cases.ts";

/** Rounds by `case/peer`. */
export type RoundsByPath = Readonly<Record<string, readonly Measured[]>>;

/** Calls that each peer has answered so far, warm-up included, by `case/peer`. */
export type Answered = Map<string, number>;

const contestant = (each: Case, { peer, running }: Started, answered: Answered): Contestant => {
  const call = running.calls[each.name];
  if (call === undefined || typeof call === "function") throw new Error(`${peer.name} has no ${each.name}`);
  const path = `${each.name}/${peer.name}`;
  return {
    name: path,
    async measure(seconds) {
      const measured = await load(running, { call, connections: each.connections, seconds });
      answered.set(path, (answered.get(path) ?? 0) + measured.calls);
      return measured;
    },
  };
};

export async function measureCase(
  each: Case,
  { peers, plan, answered }: { readonly peers: readonly Started[]; readonly plan: Plan; readonly answered: Answered },
): Promise<RoundsByPath> {
  if (peers.length === 0) return {};
  process.stderr.write(`measuring ${each.name} …\n`);
  return Object.fromEntries(
    await interleave(
      peers.map((started) => contestant(each, started, answered)),
      plan,
    ),
  );
}

const microseconds = 1e6;

/** What each peer did, and what of the calls per CPU second of `base` it did. */
export function reportCase(
  report: Report,
  each: Case,
  { measured, base }: { readonly measured: RoundsByPath; readonly base: string },
): void {
  const names = Object.keys(measured);
  if (names.length === 0) return;
  const perCpu = (path: string) => (measured[path] ?? []).map(({ callsPerCpuSecond }) => callsPerCpuSecond);
  const first = measured[`${each.name}/${base}`] === undefined ? (names[0] ?? "") : `${each.name}/${base}`;
  report.add(`### ${each.title} (\`${each.name}\`, ${each.connections} connections)`);
  report.add(
    table(
      [
        "peer",
        "calls per CPU second",
        "CPU µs per call",
        "calls per second",
        "p50 ms",
        "p99 ms",
        `÷ ${first.slice(first.indexOf("/") + 1)}, per CPU second`,
      ],
      names.map((path) => {
        const rounds = measured[path] ?? [];
        return [
          path.slice(path.indexOf("/") + 1),
          spread(summarize(perCpu(path))),
          spread(summarize(rounds.map(({ calls, cpuSeconds }) => (cpuSeconds / calls) * microseconds))),
          spread(summarize(rounds.map(({ callsPerSecond }) => callsPerSecond))),
          figure(summarize(rounds.map(({ latency }) => latency.p50)).median),
          figure(summarize(rounds.map(({ latency }) => latency.p99)).median),
          spread(summarize(ratios(perCpu(path), perCpu(first)))),
        ];
      }),
    ),
  );
}
