/** A unary call that does nothing, on ours with everything that manages a call, and on grpc-js with nothing around an empty handler; ours that reads a row beside them. */
import type { Measured } from "../../harness/load.ts";
import type { Surroundings } from "../../harness/peer.ts";
import { figure, type Report, spread, table } from "../../harness/report.ts";
import { interleave, type RoundOptions } from "../../harness/rounds.ts";
import { startPeers } from "../../harness/start-peers.ts";
import { ratios, summarize } from "../../harness/statistics.ts";
import { grpcJs } from "../../peers/grpc-js.ts";
import { callOnce, connectionsOf, inFlight } from "../calls/measure.ts";
import { type DeskServer, startDesk } from "../calls/server.ts";

export type UnaryRounds = Readonly<Record<string, readonly Measured[]>>;

const microseconds = 1e6;
const perCpu = (rounds: readonly Measured[] = []): number[] => rounds.map(({ callsPerCpuSecond }) => callsPerCpuSecond);

export const measureUnary = async (report: Report, surroundings: Surroundings, plan: RoundOptions): Promise<UnaryRounds> => {
  const server: DeskServer = await startDesk(surroundings, { engine: "sqlite" });
  const { where, ids, customer, pids } = server;
  try {
    const { started, absent } = await startPeers([grpcJs], surroundings);
    try {
      const job = { form: "grpc", ids, customer, ...connectionsOf("http2") };
      const measured = await interleave(
        [
          { name: "pons-ping", measure: (seconds: number) => callOnce(pids, { ...job, call: "ping", where, seconds }) },
          { name: "pons-get", measure: (seconds: number) => callOnce(pids, { ...job, call: "get", where, seconds }) },
          ...started.map(({ peer, running }) => ({
            name: peer.name,
            measure: (seconds: number) =>
              callOnce(running.pids, { ...job, call: "ping", where: { ...where, grpcPort: running.grpcPort }, seconds }),
          })),
        ],
        plan,
      );
      const { name: other } = grpcJs;
      report.add(`### gRPC, unary (\`unary\`, ${inFlight} under way)`);
      report.add(
        table(
          [
            "peer",
            "calls per CPU second",
            "CPU µs per call",
            "calls per second",
            "p50 ms",
            "p99 ms",
            `÷ ${other}, per CPU second`,
          ],
          [...measured].map(([name, each]) => [
            name,
            spread(summarize(perCpu(each))),
            spread(summarize(each.map(({ calls, cpuSeconds: used }) => (used / calls) * microseconds))),
            spread(summarize(each.map(({ callsPerSecond }) => callsPerSecond))),
            figure(summarize(each.map(({ latency }) => latency.p50)).median),
            figure(summarize(each.map(({ latency }) => latency.p99)).median),
            spread(summarize(ratios(perCpu(each), perCpu(measured.get(other))))),
          ]),
        ),
      );
      report.add(
        [
          "- pons-ping: an operation that does nothing; key, scope, limits, quota, policies and the record of usage on.",
          "- pons-get: the same, and one row read from SQLite.",
          ...started.map(({ peer }) => `- ${peer.name}: ${peer.what}.`),
          ...absent.map(({ name, why }) => `- ${name}: left out: ${why}`),
        ].join("\n"),
      );
      return Object.fromEntries(measured);
    } finally {
      await Promise.all(started.map(({ running }) => running.stop()));
    }
  } finally {
    await server.stop();
  }
};
