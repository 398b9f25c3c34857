/** Fastify 5 and pg on the machine's Node: peers/fastify/server.mjs, and transfers with row locks: peers/fastify/transfers.mjs. */
import { join } from "node:path";
import { installPeer } from "../harness/npm-peer.ts";
import { type Peer, Unavailable } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { apiKey, countRows, createBank, newCustomer, newCustomers, sampleIds } from "./bank.ts";
import { booksOf, createLedger, type LedgerPeer, peerCalls, peerHeaders } from "./ledger.ts";

const folder = join(import.meta.dir, "fastify");
const headers = { authorization: `Bearer ${apiKey}` };
const posted = { ...headers, "content-type": "application/json" };

export const fastify: Peer = {
  name: "fastify",
  what: "Fastify 5 + pg by hand on Node, one process: prepared statements, compiled schemas, cached keys, row and audit row in one statement",
  async start(surroundings) {
    if (Bun.which("node") === null) throw new Unavailable("there is no Node");
    await installPeer(folder);
    const database = await surroundings.createDatabase();
    await createBank(database);
    const server = await serve({
      command: ["node", "server.mjs"],
      cwd: folder,
      env: { DATABASE_URL: database, NODE_ENV: "production" },
      path: `/accounts/${sampleIds[0]}`,
      headers,
    });
    return {
      ...server,
      pids: [...server.serverPids, surroundings.postgresPid],
      calls: {
        get: { method: "GET", paths: sampleIds.map((id) => `/accounts/${id}`), headers, status: 200, check: "item", rows: 1 },
        list: {
          method: "GET",
          paths: ["/accounts?status=active&sortBy=createdAt.desc&perPage=20"],
          headers,
          status: 200,
          check: "list",
          rows: 20,
        },
        create: {
          method: "POST",
          paths: ["/customers"],
          headers: posted,
          body: newCustomer,
          status: 201,
          check: "created",
          rows: 1,
        },
        batch: {
          method: "POST",
          paths: ["/customers"],
          headers: posted,
          body: newCustomers,
          status: 200,
          check: "batch",
          rows: 1000,
        },
      },
      count: (what) => countRows(database, what),
    };
  },
};

/**
 * Connections of its pool. Of 4, 8, 16, 32 and 64 these gave it the most transfers to one hot account (with more of them waiting for its lock, each
 * costs more) and about as many as any between all accounts.
 */
const pool = 8;

export const rowLocks: LedgerPeer = {
  name: "row-locks",
  what: `Fastify 5 + pg by hand on Node, one process: SELECT … FOR UPDATE of both accounts in the order of their ids, checks, both updates and the insert in one statement, ${pool} connections`,
  async start(surroundings) {
    if (Bun.which("node") === null) throw new Unavailable("there is no Node");
    await installPeer(folder);
    const database = await surroundings.createDatabase();
    await createLedger(database);
    const server = await serve({
      command: ["node", "transfers.mjs"],
      cwd: folder,
      env: { DATABASE_URL: database, NODE_ENV: "production", POOL: String(pool) },
      path: "/",
      headers: peerHeaders,
    });
    const pids = [...server.serverPids, surroundings.postgresPid];
    return { ...server, pids, calls: peerCalls, books: booksOf(database) };
  },
};
