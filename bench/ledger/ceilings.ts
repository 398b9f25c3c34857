/** The bare loop as a peer: a process for each slot on one file of its own, which keeps growing as the others' do. */
import { join } from "node:path";
import { measured } from "../harness/load.ts";
import type { OwnLoad } from "../harness/peer.ts";
import { amount, bulkSize, type LedgerPeer } from "../peers/ledger.ts";
import type { LoopJob, LoopResult } from "./bare-loop.ts";
import { fillLedger, ponsBooks } from "./pons.ts";

const unknown = { p50: Number.NaN, p90: Number.NaN, p99: Number.NaN, max: Number.NaN };

async function runLoop(job: LoopJob): Promise<LoopResult> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "bare-loop.ts")], {
    stdin: new Blob([JSON.stringify(job)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, problem] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`the bare loop: ${problem.trim()}`);
  return JSON.parse(output) as LoopResult;
}

export const bareLoop = ({ journal }: { readonly journal: boolean }): LedgerPeer => ({
  name: journal ? "bare-loop-journal" : "bare-loop",
  what: journal
    ? "the same loop, and a row of Pons's journal for every transfer"
    : "ceiling: one Bun process, bun:sqlite, Pons's own tables, indexes and settings: inserts the transfers and writes the balances in transactions of 1,000, checks nothing",
  async start(surroundings) {
    const filled = await fillLedger(surroundings, "sqlite");
    const [hot = "", ...others] = filled.ids;
    const file = filled.database.engine === "sqlite" ? filled.database.file : "";
    const load =
      (accounts: Pick<LoopJob, "accounts" | "hot">): OwnLoad =>
      async ({ seconds }) => {
        const { rows, seconds: spent, cpuSeconds } = await runLoop({ file, ...accounts, amount, journal, seconds });
        return measured({ calls: rows / bulkSize, seconds: spent, latency: unknown }, cpuSeconds);
      };
    return {
      url: "",
      pids: [],
      serverPids: [],
      calls: { bulk: load({ accounts: filled.ids }), bulkHot: load({ accounts: others, hot }) },
      books: async () => {
        const { audit: _, ...books } = await ponsBooks(filled);
        return books;
      },
      stop: async () => {},
    };
  },
});
