/**
 * The database's own load tool: one row by its id from the same table, prepared, no HTTP, no JSON. What is left of a read when nothing but
 * Postgres works. The CPU time of pgbench itself is the client's and does not count.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Measured, measured } from "../harness/load.ts";
import { type Peer, Unavailable } from "../harness/peer.ts";
import { cpuSeconds } from "../harness/process-tree.ts";
import { accountCount, createBank, sampleIds } from "./bank.ts";

const systemFolder = "/usr/lib/postgresql";

function findPgbench(): string {
  const onPath = Bun.which("pgbench");
  const installed = existsSync(systemFolder)
    ? readdirSync(systemFolder).map((version) => join(systemFolder, version, "bin", "pgbench"))
    : [];
  const found = [...installed.toReversed(), ...(onPath === null ? [] : [onPath])].find((file) => existsSync(file));
  if (found === undefined) throw new Unavailable("there is no pgbench (Debian: apt-get install postgresql-contrib)");
  return found;
}

/** pgbench stores no single latencies without a log: p50 … max are not known. */
const unknown = { p50: Number.NaN, p90: Number.NaN, p99: Number.NaN, max: Number.NaN };

export const pgbench: Peer = {
  name: "pgbench",
  what: "ceiling: pgbench, a prepared select of one account by its id, no server in between",
  async start(surroundings) {
    const binary = findPgbench();
    const database = new URL(await surroundings.createDatabase());
    await createBank(database.href);
    const script = join(surroundings.folder, "select.pgbench");
    const idExpression = `'acc_' || lpad(cast(:n as text), ${(sampleIds[0]?.length ?? 0) - "acc_".length}, '0')`;
    await Bun.write(script, `\\set n random(1, ${accountCount})\nselect * from accounts where id = ${idExpression};\n`);
    const pids = [surroundings.postgresPid];
    const select = async ({ connections, seconds }: { connections: number; seconds: number }): Promise<Measured> => {
      const before = cpuSeconds(pids);
      const started = performance.now();
      const child = Bun.spawn(
        [
          binary,
          "--no-vacuum",
          "--protocol=prepared",
          `--file=${script}`,
          `--client=${connections}`,
          "--jobs=1",
          `--time=${Math.max(1, Math.round(seconds))}`,
          "-h",
          database.hostname,
          "-p",
          database.port,
          "-U",
          database.username,
          database.pathname.slice(1),
        ],
        { env: { ...process.env, PGPASSWORD: decodeURIComponent(database.password) }, stdout: "pipe", stderr: "pipe" },
      );
      const [output, problem] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      if ((await child.exited) !== 0) throw new Error(`pgbench: ${problem.trim()}`);
      const used = cpuSeconds(pids) - before;
      const calls = Number(/transactions actually processed: (\d+)/.exec(output)?.[1]);
      const failed = Number(/number of failed transactions: (\d+)/.exec(output)?.[1] ?? 0);
      if (!(calls > 0) || failed > 0) throw new Error(`pgbench: ${failed} failed\n${output}`);
      const perSecond = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
      const spent = perSecond > 0 ? calls / perSecond : (performance.now() - started) / 1000;
      return measured({ calls, seconds: spent, latency: unknown }, used);
    };
    return { url: "", pids, serverPids: [], calls: { get: select }, stop: async () => {} };
  },
};
