/** @grpc/grpc-js with an empty handler on Node 24: peers/grpc/server.mjs. */
import { join } from "node:path";
import { installPeer } from "../harness/npm-peer.ts";
import type { Peer, Running } from "../harness/peer.ts";
import { freePort, serve } from "../harness/server.ts";
import { nodeOf } from "./graph.ts";

const folder = join(import.meta.dir, "grpc");

export interface GrpcRunning extends Running {
  readonly grpcPort: number;
}

export const grpcJs: Peer<GrpcRunning> = {
  name: "grpc-js",
  what: "@grpc/grpc-js 1.14 on Node 24, one process: an empty handler, no keys, no limits, no codec, no database",
  async start() {
    await installPeer(folder);
    const grpcPort = await freePort();
    const server = await serve({
      command: [nodeOf(folder), "server.mjs"],
      cwd: folder,
      env: { GRPC_PORT: String(grpcPort), NODE_ENV: "production" },
      path: "/",
    });
    return { ...server, pids: server.serverPids, calls: {}, grpcPort };
  },
};
