/** PostGraphile 5 on Node 24: peers/postgraphile/server.mjs. */
import { join } from "node:path";
import { installPeer } from "../harness/npm-peer.ts";
import type { Peer } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { createGraph, graphHeaders, nodeOf } from "./graph.ts";

const folder = join(import.meta.dir, "postgraphile");
const query = `{ accounts: allAccounts(first: 20) { nodes { id: rowId name balance sent: transfersByDebit(first: 10) { nodes {
  id: rowId amount note createdAt credit: accountByCredit { id: rowId name } } } } } }`;

export const postgraphile: Peer = {
  name: "postgraphile",
  what: "PostGraphile 5 with its Amber preset on Node 24, one process, as its documentation sets it up; no keys are checked",
  async start(surroundings) {
    await installPeer(folder);
    const node = nodeOf(folder);
    const database = await surroundings.createDatabase();
    await createGraph(database);
    const server = await serve({
      command: [node, "server.mjs"],
      cwd: folder,
      env: { DATABASE_URL: database, NODE_ENV: "production", GRAPHILE_ENV: "production" },
      path: `/graphql?query=${encodeURIComponent("{ __typename }")}`,
      headers: { accept: "application/json" },
    });
    return {
      ...server,
      pids: [...server.serverPids, surroundings.postgresPid],
      calls: {
        graph: {
          method: "POST",
          paths: ["/graphql"],
          headers: { ...graphHeaders, accept: "application/json" },
          body: JSON.stringify({ query }),
          status: 200,
          check: "graph",
          rows: 420,
        },
      },
    };
  },
};
