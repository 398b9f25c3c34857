/** Whether a page by cursor costs the same in a small and in a large table: CPU time per page, deep in the list, in turns. */
import { load, type Measured } from "../harness/load.ts";
import type { Surroundings } from "../harness/peer.ts";
import { type Report, spread, table } from "../harness/report.ts";
import { interleave } from "../harness/rounds.ts";
import { startPeers } from "../harness/start-peers.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import type { Plan } from "./cases.ts";
import { pons } from "./pons.ts";

const connections = 16;

/** CPU µs per page: large ÷ small in each round, by engine. */
export async function measureGrowth(
  report: Report,
  surroundings: Surroundings,
  plan: Plan,
): Promise<Record<string, readonly number[]>> {
  const results: Record<string, readonly number[]> = {};
  const lines: string[][] = [];
  for (const engine of ["sqlite", "postgres"] as const) {
    const name = (rows: number) => `${engine}, ${rows.toLocaleString("en-US")} rows`;
    const lineup = await startPeers(
      plan.growth.map((rows) => pons({ engine, customers: rows, name: name(rows) })),
      surroundings,
    );
    try {
      const contestants = lineup.started.map(({ peer, running }) => ({
        name: peer.name,
        async measure(seconds: number): Promise<Measured> {
          const call = running.calls["page"];
          if (call === undefined || typeof call === "function") throw new Error("no pages to ask for");
          return load(running, { call, connections, seconds });
        },
      }));
      if (contestants.length < plan.growth.length) continue;
      const rounds = await interleave(contestants, plan);
      const cpu = plan.growth.map((rows) =>
        (rounds.get(name(rows)) ?? []).map(({ callsPerCpuSecond }) => 1e6 / callsPerCpuSecond),
      );
      const [small = [], large = []] = cpu;
      results[engine] = ratios(large, small);
      for (const [index, rows] of plan.growth.entries()) lines.push([name(rows), spread(summarize(cpu[index] ?? [])), ""]);
      lines.push([`${engine}: large ÷ small`, "", spread(summarize(ratios(large, small)))]);
    } finally {
      await Promise.all(lineup.started.map(({ running }) => running.stop()));
    }
  }
  if (lines.length > 0) {
    report.add(`### A page by cursor as the table grows (${connections} connections)`);
    report.add(table(["table", "CPU µs per page", "ratio"], lines));
  }
  return results;
}
