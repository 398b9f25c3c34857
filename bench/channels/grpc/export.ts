/** All rows of a long list in one stream, over gRPC and as NDJSON over REST: rows per second, and the server's memory meanwhile. */
import { join } from "node:path";
import type { Surroundings } from "../../harness/peer.ts";
import { cpuSeconds, allocatedMiB } from "../../harness/process-tree.ts";
import { figure, type Report, table } from "../../harness/report.ts";
import { quantile } from "../../harness/statistics.ts";
import { type DeskServer, type Engine, startDesk } from "../calls/server.ts";
import type { Exported, Job } from "./reader.ts";

export interface ExportFigures {
  readonly by: Job["by"];
  readonly engine: Engine;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly rowsPerCpuSecond: number;
  readonly bytesPerRow: number;
  readonly firstMs: number;
  /** MiB that the server has allocated, without the pages of SQLite's file that it has mapped: before, the most, at the end; and the most in each half of the time. */
  readonly memory: {
    readonly start: number;
    readonly max: number;
    readonly end: number;
    readonly halves: readonly [number, number];
  };
}

const sampleMs = 100;
const streams = ["grpc", "ndjson"] as const;

const exportOnce = async (server: DeskServer, by: Job["by"], expected: number): Promise<ExportFigures> => {
  const { where, pids, serverPids, engine } = server;
  const start = allocatedMiB(serverPids);
  const before = cpuSeconds(pids);
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "reader.ts")], {
    stdin: new Blob([JSON.stringify({ by, where } satisfies Job)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const samples: number[] = [];
  const sampling = setInterval(() => samples.push(allocatedMiB(serverPids)), sampleMs);
  const [output, problem, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${by}: ${problem.trim() || `the reader ended with ${code}`}`);
  const used = cpuSeconds(pids) - before;
  const { rows, bytes, seconds, firstMs } = JSON.parse(output) as Exported;
  if (rows !== expected) throw new Error(`${by}: ${rows} rows came, ${expected} there are`);
  const end = allocatedMiB(serverPids);
  const half = Math.ceil(samples.length / 2);
  const mostOf = (values: readonly number[]): number => quantile(Float64Array.from(values).toSorted(), 1);
  return {
    by,
    engine,
    rows,
    rowsPerSecond: rows / seconds,
    rowsPerCpuSecond: rows / used,
    bytesPerRow: bytes / rows,
    firstMs,
    memory: {
      start,
      max: mostOf([start, ...samples, end]),
      end,
      halves: [mostOf(samples.slice(0, half)), mostOf(samples.slice(half))],
    },
  };
};

/** Every export once, after one that does not count; all rows must come. */
export const measureExport = async (
  report: Report,
  surroundings: Surroundings,
  { engines, rows }: { readonly engines: readonly Engine[]; readonly rows: number },
): Promise<readonly ExportFigures[]> => {
  const found: ExportFigures[] = [];
  for (const engine of engines) {
    process.stderr.write(`filling ${figure(rows)} rows on ${engine} …\n`);
    const server = await startDesk(surroundings, { engine, rows });
    try {
      const expected = await server.count();
      // Once to warm up, as everywhere: a heap that was never used grows to its size first, whatever comes through it.
      for (const by of streams) await exportOnce(server, by, expected);
      for (const by of streams) {
        process.stderr.write(`exporting by ${by} on ${engine} …\n`);
        found.push(await exportOnce(server, by, expected));
      }
    } finally {
      await server.stop();
    }
  }
  report.add(`### All ${(found[0]?.rows ?? 0).toLocaleString("en-US")} rows in one stream (\`export\`)`);
  report.add(
    table(
      [
        "stream",
        "rows per second",
        "rows per CPU second",
        "bytes per row",
        "first after ms",
        "allocated MiB: start",
        "most",
        "end",
      ],
      found.map(({ by, engine, rowsPerSecond, rowsPerCpuSecond, bytesPerRow, firstMs, memory }) => [
        `${by}, ${engine}`,
        ...[rowsPerSecond, rowsPerCpuSecond, bytesPerRow, firstMs, memory.start, memory.max, memory.end].map(figure),
      ]),
    ),
  );
  return found;
};
