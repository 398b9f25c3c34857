/**
 * The ceilings: what the runtime itself does with the same bytes. `bun-replay` answers every request with one answer recorded from Pons (from
 * Fastify while Pons is not measured); `bun-echo` parses the posted JSON and sends it back.
 */
import { join } from "node:path";
import type { CallPlan, Peer, Running } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { newCustomer, newCustomers } from "./bank.ts";

const folder = join(import.meta.dir, "bun");

/** Set by Bun.serve itself; repeating them would send them twice. */
const ownHeaders = new Set(["date", "content-length", "connection", "keep-alive", "transfer-encoding"]);

/** Plays the answer of `origin` to the first path of one of its reading calls. */
export function replay(options: { readonly call: string; readonly origin: Running }): Peer {
  return {
    name: "bun-replay",
    what: "ceiling: bare Bun.serve, one process, answering the same status, headers and body, recorded once",
    async start(surroundings) {
      const plan = options.origin.calls[options.call];
      if (plan === undefined || typeof plan === "function") throw new Error(`nothing to record for ${options.call}`);
      const path = plan.paths[0] ?? "/";
      const answer = await fetch(options.origin.url + path, { headers: { ...plan.headers, "accept-encoding": "identity" } });
      if (answer.status !== plan.status) throw new Error(`recording ${path}: ${answer.status}`);
      const file = join(surroundings.folder, `replay-${options.call}.json`);
      const headers = Object.fromEntries([...answer.headers].filter(([name]) => !ownHeaders.has(name)));
      await Bun.write(file, JSON.stringify({ status: answer.status, headers, body: await answer.text() }));
      const server = await serve({
        command: [process.execPath, join(folder, "replay.ts")],
        cwd: folder,
        env: { ANSWER: file },
        path,
      });
      const call: CallPlan = { ...plan, paths: [path] };
      return { ...server, pids: server.serverPids, calls: { [options.call]: call } };
    },
  };
}

/** Answers posts to "/" with what they held. */
export const echoOf = (calls: Readonly<Record<string, CallPlan>>): Peer => ({
  name: "bun-echo",
  what: "ceiling: bare Bun.serve, one process, parsing the same JSON body and sending it back; stores nothing",
  async start() {
    const server = await serve({ command: [process.execPath, join(folder, "echo.ts")], cwd: folder, path: "/" });
    return { ...server, pids: server.serverPids, calls };
  },
});

const posted = {
  method: "POST",
  paths: ["/"],
  headers: { "content-type": "application/json" },
  status: 201,
  check: "echo",
} as const;

export const echo: Peer = echoOf({
  create: { ...posted, body: newCustomer, rows: 1 },
  batch: { ...posted, body: newCustomers, rows: 1000 },
});
