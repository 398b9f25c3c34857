/**
 * The bare loop as a peer: a process for each slot, on a copy of the file that Pons has at that moment, so that both write into tables of the same
 * size. Its books are checked after each slot.
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { measured } from "../harness/load.ts";
import type { OwnLoad } from "../harness/peer.ts";
import { amount, bulkSize, type LedgerPeer, type LedgerRunning } from "../peers/ledger.ts";
import type { LoopJob, LoopResult } from "./bare-loop.ts";
import { verifyBooks } from "./compare.ts";
import { ponsBooks } from "./pons.ts";

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

/** The file and its write-ahead log; nobody writes while peers take turns. */
function copyDatabase(from: string, to: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(to + suffix, { force: true });
    if (suffix !== "-shm" && existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

/** `origin`: Pons on SQLite, running. */
export const bareLoop = ({ journal, origin }: { readonly journal: boolean; readonly origin: LedgerRunning }): LedgerPeer => {
  const name = journal ? "bare-loop-journal" : "bare-loop";
  return {
    name,
    what: journal
      ? "the same loop, and a row of Pons's journal for every transfer"
      : "ceiling: one Bun process, bun:sqlite, on a copy of Pons's file as it is then, with its tables, indexes and settings: inserts the transfers and writes the balances in transactions of 1,000, checks nothing",
    start: async (surroundings) => {
      const { file } = origin;
      if (file === undefined) throw new Error("Pons has no file");
      const copy = join(surroundings.folder, `${name}.sqlite`);
      const database = { engine: "sqlite", file: copy } as const;
      const [hot = "", ...others] = file.ids;
      const load =
        (accounts: Pick<LoopJob, "accounts" | "hot">): OwnLoad =>
        async ({ seconds }) => {
          copyDatabase(file.path, copy);
          const before = await ponsBooks({ database });
          const {
            rows,
            written,
            seconds: spent,
            cpuSeconds,
          } = await runLoop({ file: copy, ...accounts, amount, journal, seconds });
          const now = await ponsBooks({ database });
          // Its audit rows are copies of one of Pons's.
          const audit = (before.audit ?? 0) + written;
          verifyBooks(name, { before, now: journal ? now : { ...now, audit }, acknowledged: written });
          return measured({ calls: rows / bulkSize, seconds: spent, latency: unknown }, cpuSeconds);
        };
      return {
        url: "",
        pids: [],
        serverPids: [],
        calls: { bulk: load({ accounts: file.ids }), bulkHot: load({ accounts: others, hot }) },
        stop: async () => {},
      };
    },
  };
};
