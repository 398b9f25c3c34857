/**
 * Nodes of one installation in one process, each with a store, a directory and a REST listener of its own; on SQLite there is one.
 *
 *   await using nodes = await openNodes(await engine.create(), { count: 2, services: [registry, archive] });
 *   await nodes.publish("user", "usr_1", { … })      an entry of the directory, made or changed by the first node
 *   await nodes.at(1).ask("/archive/v1/papers", { headers })
 */
import { createRest } from "../../src/channels/rest/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, createApp } from "../../src/host/app.ts";
import { type Grant, grantKeys } from "../../src/host/keys.ts";
import type { Managed, ManagedParts } from "../../src/host/managed.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { openStore, realmOf } from "../../src/store/index.ts";
import { type Caller, idOf, type Running, serve } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";

const secret = "a secret for cursors, of tests only";

export interface Node extends AsyncDisposable {
  readonly app: App;
  readonly origin: string;
  readonly port: number;
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

const listen = (app: App, errors: unknown[]): Bun.Server<undefined> => {
  const origins = app.managed?.origins;
  const rest = createRest({
    contracts: [...app.contracts.values()],
    pipeline: app.pipeline,
    hooks: { onError: (error) => void errors.push(error) },
    ...(origins === undefined ? {} : { preflight: (origin, methods) => origins.preflight(origin, methods) }),
  });
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request, server) => rest.handle(request, { address: server.requestIP(request)?.address ?? "" }),
  });
};

const nodeOf = (app: App, errors: unknown[], close: () => Promise<void>): Node => {
  app.directory.start();
  const server = listen(app, errors);
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    app,
    origin,
    port: server.port ?? 0,
    ask: (path, init = {}) => fetch(`${origin}${path}`, { redirect: "manual", ...init }),
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
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
    const app = createApp({ ...shared, store, onError: (error) => void errors.push(error) });
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
