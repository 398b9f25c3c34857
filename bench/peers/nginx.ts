/** nginx with Lua as a gate in front of Fastify: peers/nginx/gate.lua checks the key, counts a sliding window and every call; Fastify is as it is alone. */
import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Peer, type Running, Unavailable } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { apiKey } from "./bank.ts";
import { fastify } from "./fastify.ts";

const folder = join(import.meta.dir, "nginx");
/** Where Debian puts them. */
const modules = "/usr/lib/nginx/modules";
const app = "benchmark";
/** Calls a minute: nothing is refused by it. */
const ample = 1_000_000_000;

export interface GatewayRunning extends Running {
  /** Calls that the gate has counted. */
  counted(): Promise<number>;
}

const nginxOf = (): string => {
  const nginx = Bun.which("nginx") ?? Bun.which("nginx", { PATH: "/usr/sbin" });
  const isWhole = existsSync(join(modules, "ngx_http_lua_module.so")) && existsSync("/usr/share/lua/5.1/resty/core.lua");
  if (nginx === null || !isWhole)
    throw new Unavailable("there is no nginx with Lua: apt-get install nginx libnginx-mod-http-lua lua-resty-core");
  return nginx;
};

export const nginxFastify: Peer<GatewayRunning> = {
  name: "nginx-fastify",
  what: "nginx with Lua, a worker per core (key by SHA-256 in a shared dictionary, a sliding window, a count per app), in front of fastify by kept connections",
  async start(surroundings) {
    const nginx = nginxOf();
    const application = await fastify.start(surroundings);
    try {
      const scratch = mkdtempSync(join(surroundings.folder, "nginx-"));
      const keys = join(scratch, "keys.txt");
      await Bun.write(keys, `${apiKey} ${app} ${ample}\n`);
      const filled: Readonly<Record<string, string>> = {
        // Workers of root would be nobody, who may not read what is here.
        user: process.getuid?.() === 0 ? "user root;" : "",
        modules,
        folder,
        keys,
        application: new URL(application.url).host,
      };
      const template = await Bun.file(join(folder, "nginx.conf")).text();
      const config = template.replaceAll(/\{(user|modules|folder|keys|application)\}/g, (_, name: string) => filled[name] ?? "");
      await Bun.write(join(scratch, "nginx.conf.in"), config);
      const run = `sed "s/{port}/$PORT/" nginx.conf.in > nginx.conf && exec ${nginx} -e stderr -p "$PWD" -c nginx.conf -g "daemon off;"`;
      const server = await serve({ command: ["/bin/sh", "-c", run], cwd: scratch, path: "/counts" });
      const serverPids = [...server.serverPids, ...application.serverPids];
      return {
        url: server.url,
        serverPids,
        pids: [...server.serverPids, ...application.pids],
        calls: application.calls,
        counted: async () => {
          const lines = (await (await fetch(`${server.url}/counts`)).text()).trim().split("\n");
          return Number(lines.find((line) => line.startsWith(`${app} `))?.split(" ")[1] ?? 0);
        },
        async stop() {
          await server.stop();
          await application.stop();
        },
      };
    } catch (error) {
      await application.stop();
      throw error;
    }
  },
};
