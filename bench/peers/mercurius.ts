/** Mercurius with its loaders and JIT on Node 24: peers/mercurius/server.mjs. */
import { join } from "node:path";
import { installPeer } from "../harness/npm-peer.ts";
import type { Peer } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { createGraph, graphHeaders, nodeOf } from "./graph.ts";

const folder = join(import.meta.dir, "mercurius");
const query = "{ accounts(first: 20) { id name balance sent(first: 10) { id amount note createdAt credit { id name } } } }";

export const mercurius: Peer = {
  name: "mercurius",
  what: "Mercurius 16 on Fastify 5 and pg by hand on Node 24, one process: loaders with one prepared statement per level, its JIT on, cached keys, plain lists",
  async start(surroundings) {
    await installPeer(folder);
    const node = nodeOf(folder);
    const database = await surroundings.createDatabase();
    await createGraph(database);
    const server = await serve({
      command: [node, "server.mjs"],
      cwd: folder,
      env: { DATABASE_URL: database, NODE_ENV: "production" },
      path: `/graphql?query=${encodeURIComponent("{ __typename }")}`,
      headers: graphHeaders,
    });
    return {
      ...server,
      pids: [...server.serverPids, surroundings.postgresPid],
      calls: {
        graph: {
          method: "POST",
          paths: ["/graphql"],
          headers: graphHeaders,
          body: JSON.stringify({ query }),
          status: 200,
          check: "graph",
          rows: 420,
        },
      },
    };
  },
};
