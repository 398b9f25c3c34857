/**
 * Pons with all its channels, started by its command over a database that is filled for it: a key of an app with scopes, a subscription, a row rule, limits, a quota and
 * policies, as in the benchmark of the gate.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { usageTable } from "../../../src/batch/index.ts";
import { openStore } from "../../../src/store/index.ts";
import { customerOf, fill } from "../../gate/fill.ts";
import type { Surroundings } from "../../harness/peer.ts";
import { Client } from "../../harness/pons-server.ts";
import { freePort, serve } from "../../harness/server.ts";
import { accountCount } from "../../peers/bank.ts";
import type { Where } from "./links.ts";

export type Engine = "sqlite" | "postgres";

const root = join(import.meta.dir, "..", "..", "..");
const tenants = 10;
const readyMs = 120_000;
/** Statements have to end within the time that the store gives them. */
const rowsPerStatement = 50_000;

export interface DeskServer {
  readonly engine: Engine;
  readonly where: Where;
  /** Ids that the key sees; more rows are its customer's beside them. */
  readonly ids: readonly string[];
  readonly customer: string;
  readonly client: Client;
  /** Whose CPU time counts, the database's included; and the server alone, whose memory is told. */
  readonly pids: readonly number[];
  readonly serverPids: readonly number[];
  /** Accounts that the key sees. */
  count(): Promise<number>;
  stop(): Promise<void>;
  /** Once it has stopped: calls in its record of usage. */
  recorded(): Promise<number>;
}

const numbered: Readonly<Record<Engine, string>> = {
  sqlite: "printf('acc_%026d', n.i)",
  postgres: "'acc_' || lpad(n.i::text, 26, '0')",
};

/** Copies of one account of the first tenant under ids that follow. */
const addRows = async (url: string, engine: Engine, rows: number): Promise<void> => {
  const store = await openStore(url);
  try {
    const columns =
      "customer, kind, name, currency, debits_posted, credits_posted, debits_pending, credits_pending, balance, overdraft_limit, max_balance, status, frozen_reason, iban, version, created_at";
    const end = accountCount + rows;
    for (let from = accountCount; from < end; from += rowsPerStatement)
      await store.admin.query(
        `INSERT INTO desk_accounts (realm, id, ${columns})
         WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${Math.min(end, from + rowsPerStatement)})
         SELECT realm, ${numbered[engine]}, ${columns} FROM n, (SELECT * FROM desk_accounts WHERE customer = $1 LIMIT 1) a`,
        [customerOf(0)],
      );
    if (engine === "postgres") await store.admin.query("ANALYZE", []);
  } finally {
    await store.close();
  }
};

export const startDesk = async (
  surroundings: Surroundings,
  { engine, rows = 0 }: { readonly engine: Engine; readonly rows?: number },
): Promise<DeskServer> => {
  const folder = mkdtempSync(join(surroundings.folder, "desk-"));
  const url = engine === "sqlite" ? `sqlite:${join(folder, "pons.sqlite")}` : await surroundings.createDatabase();
  const { key, paths } = await fill(url, { keys: tenants, tenants, requestsFile: join(folder, "requests.txt") });
  if (rows > 0) await addRows(url, engine, rows);
  const [grpcPort, linePort] = [await freePort(), await freePort()];
  const server = await serve({
    command: [process.execPath, join(root, "src", "cli", "main.ts"), "start", "--services", join(import.meta.dir, "service.ts")],
    cwd: root,
    env: {
      PONS_MODE: "production",
      PONS_SECRET: "the secret of an installation for benchmarks",
      PONS_HOST: "127.0.0.1",
      PONS_DATA: folder,
      PONS_DATABASE_URL: url,
      PONS_LOG: "error",
      PONS_GRPC_PORT: String(grpcPort),
      PONS_LINE_PORT: String(linePort),
    },
    portVariable: "PONS_PORT",
    path: "/healthz",
    readyMs,
  });
  const { hostname, port } = new URL(server.url);
  const client = new Client(server.url, key);
  return {
    engine,
    where: { hostname, port: Number(port), grpcPort, linePort, key },
    ids: paths.map((path) => path.slice(path.lastIndexOf("/") + 1)),
    customer: customerOf(0),
    client,
    pids: [...server.serverPids, ...(engine === "postgres" ? [surroundings.postgresPid] : [])],
    serverPids: server.serverPids,
    count: () => client.count("/desk/v1/accounts"),
    stop: server.stop,
    async recorded() {
      const store = await openStore(url);
      try {
        const sql = `SELECT sum(calls) AS sum FROM ${usageTable.name} WHERE service = 'desk'`;
        return Number((await store.admin.query(sql, []))[0]?.["sum"] ?? 0);
      } finally {
        await store.close();
      }
    },
  };
};
