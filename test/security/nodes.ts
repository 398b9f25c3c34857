/**
 * Nodes of one installation in one process, each with a store, a directory and a REST listener of its own; on SQLite there is one.
 *
 *   await using nodes = await openNodes(await engine.create(), { count: 2, services: [registry, archive] });
 *   await nodes.publish("user", "usr_1", { … })      an entry of the directory, made or changed by the first node
 *   await nodes.at(1).ask("/archive/v1/papers", { headers })
 */
import type { SocketSession } from "../../src/channels/http/index.ts";
import { createRest } from "../../src/channels/rest/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, createApp } from "../../src/host/app.ts";
import { type Channels, createChannels } from "../../src/host/channels.ts";
import { answered, Peer, sockets } from "../../src/host/connection.ts";
import { type Listeners, startListeners } from "../../src/host/listeners.ts";
import { type Grant, grantKeys } from "../../src/host/keys.ts";
import type { Managed, ManagedParts } from "../../src/host/managed.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { openStore, realmOf } from "../../src/store/index.ts";
import { type Caller, idOf, type Running, serve } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";

const secret = "a secret for cursors, of tests only";

export interface Node extends AsyncDisposable {
  readonly app: App;
  readonly origin: string;
  readonly port: number;
  /** Listeners beside HTTP: started when they are first asked for. */
  listeners(): Promise<Listeners>;
  ask(path: string, init?: BunFetchRequestInit): Promise<Response>;
}

export interface NodesOptions {
  readonly count?: number;
  readonly services: readonly ServiceDefinition[];
  readonly managed?: (parts: ManagedParts) => Managed;
  /** Milliseconds that the clock of all nodes is ahead. */
  readonly aheadMs?: () => number;
}

export interface Nodes extends AsyncDisposable {
  readonly running: Running;
  readonly tenant: string;
  /** Errors of ours, of all nodes. */
  readonly errors: unknown[];
  at(position: number): Node;
  all(): readonly Node[];
  /** Keeps an entry of the directory; the service `registry` has to be there. */
  publish(kind: string, name: string, value: object): Promise<void>;
  withdraw(kind: string, name: string): Promise<void>;
  /** A key of the installation itself. */
  grant(grant: Partial<Grant>): Promise<string>;
  /** A caller of a service whose rows are a tenant's. */
  ofTenant(role: string, tenant?: string): Promise<Caller>;
}

const listen = (app: App, errors: unknown[], channels: Channels): Bun.Server<SocketSession> => {
  const origins = app.managed?.origins;
  const rest = createRest({
    contracts: [...app.contracts.values()],
    pipeline: app.pipeline,
    channels: channels.bySegment,
    ...(channels.root === undefined ? {} : { rootChannel: channels.root }),
    hooks: { onError: (error) => void errors.push(error) },
    ...(origins === undefined ? {} : { origins }),
  });
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request, server) => answered(request, rest.handle(request, new Peer(server, request))),
    websocket: sockets,
  });
};

const nodeOf = (app: App, errors: unknown[], close: () => Promise<void>): Node => {
  app.directory.start();
  const logger = { error: (_: string, { error }: { error?: unknown }) => void errors.push(error) } as unknown as Logger;
  const channels = createChannels({ app, config: { publicUrl: undefined, mode: "development" }, services: [] }, { logger });
  const server = listen(app, errors, channels);
  let listeners: Promise<Listeners> | undefined;
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    app,
    origin,
    port: server.port ?? 0,
    listeners() {
      const config = { host: "127.0.0.1", port: 0, tls: undefined, grpcPort: undefined, linePort: undefined };
      return (listeners ??= startListeners(config, { port: 0, parts: channels.parts, logger }));
    },
    ask: (path, init = {}) => fetch(`${origin}${path}`, { redirect: "manual", ...init }),
    [Symbol.asyncDispose]: async () => {
      await (await listeners)?.stop({ withinMs: 0 });
      await channels.close();
      await server.stop(true);
      app.events.stop();
      app.directory.stop();
      await app.managed?.stop();
      await close();
    },
  };
};

export const openNodes = async (database: TestDatabase, options: NodesOptions): Promise<Nodes> => {
  const { count = 1, services, managed, aheadMs = () => 0 } = options;
  const clock = (): number => Date.now() + aheadMs();
  const shared = { services, cursorSecret: secret, clock, ...(managed === undefined ? {} : { managed }) };
  const running = await serve(database, { ...shared, role: "keeper" });
  const { errors } = running;
  const nodes = [nodeOf(running.app, errors, () => Promise.resolve())];
  for (let more = 1; more < count; more++) {
    const store = await openStore(database.url);
    const app = createApp({ ...shared, contracts: running.app.contracts, store, onError: (error) => void errors.push(error) });
    nodes.push(
      nodeOf(app, errors, async () => {
        await app.writer.drained();
        await app.audit.stop();
        await store.close();
      }),
    );
  }
  for (const { app } of nodes) await app.managed?.start();
  const tenant = "demo";
  const ids = new Map<string, string>();
  const ofTenant: Nodes["ofTenant"] = async (role, of = tenant) =>
    running.caller(role, { tenant: of, realm: await realmOf(running.store, of, "tenant"), environment: "live" });
  return {
    running,
    tenant,
    errors,
    at: (position) => {
      const node = nodes[position];
      if (node === undefined) throw new Error(`there is no node ${position}`);
      return node;
    },
    all: () => nodes,
    async publish(kind, name, value) {
      const key = `${kind} ${name}`;
      const known = ids.get(key);
      const as = await ofTenant("keeper");
      const body = { kind, name, value };
      const result =
        known === undefined
          ? await running.call("entries.create", { as, body })
          : await running.call("entries.replace", { as, id: known, body });
      ids.set(key, idOf(result));
    },
    async withdraw(kind, name) {
      const id = ids.get(`${kind} ${name}`);
      if (id === undefined) throw new Error(`${kind} ${name} was not published`);
      ids.delete(`${kind} ${name}`);
      const result = await running.call("entries.delete", { as: await ofTenant("keeper"), id });
      if (!result.ok) throw new Error(JSON.stringify(result.refusal));
    },
    async grant(grant) {
      const key = newApiKey(grant.environment ?? "sandbox");
      await grantKeys(running.app, [
        { key, tenant, environment: "sandbox", app: "tests", user: null, subject: null, roles: [], ...grant },
      ]);
      return key;
    },
    ofTenant,
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes.slice(1)) await node[Symbol.asyncDispose]();
      await nodes[0]?.[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
};
