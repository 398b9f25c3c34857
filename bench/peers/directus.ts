/**
 * Directus 10, a packaged API server, on the tables of the other peers: peers/directus/package.json. Directus 11 and 12 want Node 22, and
 * the field runs 20. It writes an activity row and a revision for every change, in the same transaction.
 *
 * One of its packages (isolated-vm, for sandboxed extensions) is compiled on the machine: a C++ compiler and Node's headers are needed.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { installPeer } from "../harness/npm-peer.ts";
import { type Peer, Unavailable } from "../harness/peer.ts";
import { freePort, serve } from "../harness/server.ts";
import { countRows, createBank, newCustomer, newCustomers, sampleIds } from "./bank.ts";

const folder = join(import.meta.dir, "directus");
const token = "benchmark-token-of-the-administrator";
const headers = { authorization: `Bearer ${token}` };
const posted = { ...headers, "content-type": "application/json" };
const cli = join("node_modules", "directus", "cli.js");

async function install(): Promise<void> {
  await installPeer(folder);
  const native = join(folder, "node_modules", "isolated-vm");
  const built = () =>
    existsSync(join(native, "out", "isolated_vm.node")) || existsSync(join(native, "build", "Release", "isolated_vm.node"));
  if (built()) return;
  process.stderr.write("compiling isolated-vm for directus …\n");
  await Bun.spawn(["npm", "rebuild", "isolated-vm"], { cwd: folder, stdout: "ignore", stderr: "ignore" }).exited;
  if (!built()) throw new Unavailable("isolated-vm cannot be compiled here (needs g++, make, python3 and Node's headers)");
}

function environment(database: string): Record<string, string> {
  return {
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    KEY: "benchmark",
    SECRET: "benchmark",
    DB_CLIENT: "pg",
    DB_CONNECTION_STRING: database,
    DB_POOL__MAX: "16",
    ADMIN_EMAIL: "admin@example.com",
    ADMIN_PASSWORD: "benchmark",
    TELEMETRY: "false",
    SERVE_APP: "false",
    CACHE_ENABLED: "false",
    RATE_LIMITER_ENABLED: "false",
    PRESSURE_LIMITER_ENABLED: "false",
    LOG_LEVEL: "error",
    MAX_PAYLOAD_SIZE: "16mb",
    MAX_BATCH_MUTATION: "1000",
    EXTENSIONS_AUTO_RELOAD: "false",
  };
}

/** The administrator gets a fixed token; ids come from the database's default. */
async function bootstrap(database: string): Promise<void> {
  const child = Bun.spawn(["node", cli, "bootstrap"], {
    cwd: folder,
    env: { ...process.env, ...environment(database), PORT: String(await freePort()) },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, problem] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Unavailable(`directus bootstrap fails: ${(problem || output).trim().slice(-300)}`);
  const sql = new SQL(database, { max: 1 });
  try {
    await sql`update directus_users set token = ${token} where email = 'admin@example.com'`;
  } finally {
    await sql.close({ timeout: 0 });
  }
}

export const directus: Peer = {
  name: "directus",
  what: "Directus 10.13 on Node, one process, on the same tables, with its activity and revision rows",
  async start(surroundings) {
    if (Bun.which("node") === null) throw new Unavailable("there is no Node");
    await install();
    const database = await surroundings.createDatabase();
    await createBank(database);
    await bootstrap(database);
    const server = await serve({
      command: ["node", cli, "start"],
      cwd: folder,
      env: environment(database),
      path: `/items/accounts/${sampleIds[0]}`,
      headers,
    });
    return {
      ...server,
      pids: [...server.serverPids, surroundings.postgresPid],
      calls: {
        get: {
          method: "GET",
          paths: sampleIds.map((id) => `/items/accounts/${id}`),
          headers,
          status: 200,
          check: "item",
          rows: 1,
        },
        list: {
          method: "GET",
          paths: ["/items/accounts?filter[status][_eq]=active&sort=-createdAt&limit=20&meta=filter_count"],
          headers,
          status: 200,
          check: "list",
          rows: 20,
        },
        create: {
          method: "POST",
          paths: ["/items/customers"],
          headers: posted,
          body: newCustomer,
          status: 200,
          check: "created",
          rows: 1,
        },
        batch: {
          method: "POST",
          paths: ["/items/customers"],
          headers: posted,
          body: newCustomers,
          status: 200,
          check: "batchInAnyOrder",
          rows: 1000,
        },
      },
      count: (what) => countRows(database, what === "audit" ? "directus_activity" : what),
    };
  },
};
