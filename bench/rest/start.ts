/** From the start of the command to the end of the first answer, with everything installed and migrated; peers take turns. */
import { type Report, spread, table } from "../harness/report.ts";
import type { Started } from "../harness/start-peers.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import type { Plan } from "./cases.ts";

const shown = new Set(["pons-postgres", "pons-sqlite", "fastify", "drf", "bun-replay"]);

/** Seconds of each start, by peer. The peers must be stopped. */
export async function measureStarts(
  report: Report,
  stopped: readonly Started[],
  plan: Plan,
): Promise<Record<string, readonly number[]>> {
  const again = new Map<string, () => Promise<number>>();
  for (const { peer, running } of stopped) {
    const { startAgain } = running;
    if (startAgain !== undefined && shown.has(peer.name) && !again.has(peer.name)) again.set(peer.name, startAgain);
  }
  const seconds: Record<string, number[]> = {};
  for (let round = 0; round < plan.starts; round++) for (const [name, start] of again) (seconds[name] ??= []).push(await start());
  const bare = seconds["bun-replay"] ?? [];
  report.add("### Start to first answer");
  report.add(
    table(
      ["peer", "ms", "÷ bun-replay"],
      Object.entries(seconds).map(([name, values]) => [
        name,
        spread(summarize(values.map((value) => value * 1000))),
        spread(summarize(ratios(values, bare))),
      ]),
    ),
  );
  return seconds;
}
