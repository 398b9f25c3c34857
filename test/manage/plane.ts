/**
 * Nodes of one installation with the shipped control plane and the market, put together as the host does it, each behind a REST listener of its own and a
 * member of the leases; on SQLite there is one. Everything is done over HTTP with real keys.
 *
 *   await using plane = await openPlane(await engine.create());
 *   const { key } = await plane.app({ limits: […] });
 *   await plane.admin("POST", "/policies", { name, kind, settings });
 *   await plane.ask("/market/v1/goods", { key });
 */
import { createRest } from "../../src/channels/rest/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, createApp, tablesOf } from "../../src/host/app.ts";
import { createChannels } from "../../src/host/channels.ts";
import { answered, Peer, sockets } from "../../src/host/connection.ts";
import { type Listeners, startListeners } from "../../src/host/listeners.ts";
import { createForwardReceiver } from "../../src/host/forward-receiver.ts";
import { forwardPath } from "../../src/host/forward.ts";
import { grantKeys } from "../../src/host/keys.ts";
import { loadServices } from "../../src/host/load-services.ts";
import { createManaged, type ManagedOptions } from "../../src/host/managed.ts";
import { MemoryLimiter } from "../../src/limits/index.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { applyMigration, type OpenStore, openStore, planMigration } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import type { TestDatabase } from "../postgres/index.ts";
import market from "./market.ts";

export type Data = Record<string, unknown>;

export interface Asking extends Omit<BunFetchRequestInit, "body" | "headers"> {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text already. */
  readonly body?: object | string | ReadableStream | Uint8Array<ArrayBuffer>;
  /** Of the nodes; the first unless said otherwise. */
  readonly at?: number;
}

export interface Heard {
  readonly status: number;
  /** `"200"`, `"403 operation_disabled"`. */
  readonly outcome: string;
  readonly headers: Headers;
  readonly data: unknown;
  readonly issues: Data;
  readonly text: string;
}

export interface Node extends AsyncDisposable {
  readonly app: App;
  readonly origin: string;
  /** Listeners beside HTTP: started when they are first asked for. */
  listeners(): Promise<Listeners>;
}

export interface Plane extends AsyncDisposable {
  readonly tenant: string;
  readonly store: OpenStore;
  readonly nodes: readonly Node[];
  /** Errors of ours, of all nodes. */
  readonly errors: unknown[];
  readonly adminKey: string;
  ask(path: string, asking?: Asking): Promise<Heard>;
  /** A call of the control plane by the tenant's administrator; its data. Throws when it is refused. */
  admin(method: string, path: string, body?: object): Promise<Data>;
  /** An app that has subscribed to the market under a plan of its own with these terms; both its roles unless said otherwise. */
  app(plan?: Data, roles?: readonly string[]): Promise<{ readonly id: string; readonly key: string; readonly plan: string }>;
  /** A further key of an app. */
  key(app: string): Promise<string>;
  /** Attaches a policy; the answer is its id. */
  policy(kind: string, settings: Data, more?: Data): Promise<string>;
  /** Ends all policies, and waits until that is in force everywhere. */
  clear(): Promise<void>;
  sql(statement: string, values?: readonly (string | number | null)[]): Promise<readonly Data[]>;
}

const secret = "a secret for cursors, of tests only";
const json = "application/json";

const heardOf = async (answer: Response): Promise<Heard> => {
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.startsWith(json) === true;
  const body = (isJson && text !== "" ? JSON.parse(text) : {}) as { success?: boolean; data?: unknown; error?: { type: string } };
  const { status, headers } = answer;
  return {
    status,
    headers,
    text,
    outcome: body.error === undefined ? String(status) : `${status} ${body.error.type}`,
    data: body.data,
    issues: body.error === undefined ? {} : ((body.data ?? {}) as Data),
  };
};

export interface PlaneOptions {
  readonly count?: number;
  readonly managed?: Partial<ManagedOptions>;
  /** Milliseconds that the clock is ahead. */
  readonly aheadMs?: () => number;
  /** In place of the market. */
  readonly service?: ServiceDefinition;
}

export const openPlane = async (database: TestDatabase, options: PlaneOptions = {}): Promise<Plane> => {
  const { count = 1, managed = {}, aheadMs = () => 0, service = market } = options;
  const platform = (await loadServices([])).flatMap(({ definition }) => (definition.name === "platform" ? [definition] : []));
  const services = [service, ...platform];
  const contracts = compiled(services);
  const errors: unknown[] = [];
  const nodes: Node[] = [];
  const stores: OpenStore[] = [];

  const open = async (): Promise<void> => {
    const store = await openStore(database.url);
    stores.push(store);
    if (stores.length === 1)
      await applyMigration(store, await planMigration(store, tablesOf(contracts.values())), { destructive: false });
    const onError = (error: unknown): void => void errors.push(error);
    const app = createApp({
      services,
      contracts,
      store,
      cursorSecret: secret,
      clock: () => Date.now() + aheadMs(),
      onError,
      managed: (parts) =>
        createManaged(parts, {
          limiter: (load) => new MemoryLimiter({ usedBefore: { load, whenAway: "closed" } }),
          onError,
          ...managed,
        }),
    });
    app.directory.start();
    await app.managed?.start();
    const origins = app.managed?.origins;
    const logger = { error: (_: string, { error }: { error?: unknown }) => onError(error) } as unknown as Logger;
    const config = { publicUrl: undefined, mode: "development" } as const;
    const channels = createChannels({ app, config, services: [] }, { logger });
    let listeners: Promise<Listeners> | undefined;
    const rest = createRest({
      contracts: [...contracts.values()],
      pipeline: app.pipeline,
      channels: channels.bySegment,
      ...(channels.root === undefined ? {} : { rootChannel: channels.root }),
      hooks: { onError },
      ...(origins === undefined ? {} : { origins }),
    });
    const receive = createForwardReceiver(app);
    const server = Bun.serve({
      port: 0,
      http2: true,
      hostname: "127.0.0.1",
      development: false,
      fetch: async (request, listener) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/healthz") return new Response("ok");
        if (pathname !== forwardPath) return answered(request, rest.handle(request, new Peer(listener, request)));
        return (await receive(request)) ?? new Response(null, { status: 404 });
      },
      websocket: sockets,
    });
    const origin = `http://127.0.0.1:${server.port}`;
    await app.leases?.join({ address: origin });
    nodes.push({
      app,
      origin,
      listeners() {
        const where = { host: "127.0.0.1", port: 0, tls: undefined, grpcPort: undefined, linePort: undefined };
        return (listeners ??= startListeners(where, { port: 0, parts: channels.parts, logger }));
      },
      [Symbol.asyncDispose]: async () => {
        await (await listeners)?.stop({ withinMs: 0 });
        await channels.close();
        await server.stop(true);
        app.events.stop();
        app.directory.stop();
        await app.writer.drained();
        await app.managed?.stop();
        await app.audit.stop();
        await app.leases?.leave();
        await store.close();
      },
    });
  };
  for (let more = 0; more < count; more++) await open();
  const [first] = nodes;
  const [store] = stores;
  if (first === undefined || store === undefined) throw new Error("there is no node");

  const tenant = "acme";
  const adminKey = newApiKey("live");
  const shared = { tenant, app: "tests", user: null, subject: null };
  await grantKeys(first.app, [{ ...shared, key: adminKey, environment: "live", roles: ["platform:admin"] }]);

  const ask: Plane["ask"] = async (path, { key, headers = {}, body, at = 0, ...init } = {}) => {
    const isText = typeof body === "string" || body instanceof ReadableStream || body instanceof Uint8Array;
    return heardOf(
      await fetch(`${nodes[at]?.origin}${path}`, {
        redirect: "manual",
        ...init,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": json }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      }),
    );
  };
  const admin: Plane["admin"] = async (method, path, body) => {
    const heard = await ask(`/platform/v1${path}`, { key: adminKey, method, ...(body === undefined ? {} : { body }) });
    if (heard.status >= 300) throw new Error(`${method} ${path}: ${heard.text}`);
    return (heard.data ?? {}) as Data;
  };
  let names = 0;
  const products = new Map<string, string>();
  const productOf = async (roles: readonly string[]): Promise<string> => {
    const known = products.get(roles.join());
    if (known !== undefined) return known;
    const body = {
      name: `market-${++names}`,
      title: "Market",
      services: [{ service: service.name, roles }],
      visibility: "public",
    };
    const { id } = await admin("POST", "/products", body);
    products.set(roles.join(), String(id));
    return String(id);
  };
  const key: Plane["key"] = async (app) => {
    const body = { name: `Key ${++names}`, environment: "sandbox" };
    return String((await admin("POST", `/apps/${app}/createKey`, body))["secret"]);
  };
  const policy: Plane["policy"] = async (kind, settings, more = {}) =>
    String((await admin("POST", "/policies", { name: `policy-${++names}`, kind, settings, ...more }))["id"]);
  return {
    tenant,
    store,
    nodes,
    errors,
    adminKey,
    ask,
    admin,
    key,
    policy,
    async app(plan = {}, roles = ["buyer", "seller"]) {
      const product = await productOf(roles);
      const made = await admin("POST", "/plans", { name: `plan-${++names}`, title: "Plan", ...plan });
      const app = String((await admin("POST", "/apps", { name: `App ${++names}` }))["id"]);
      await admin("POST", "/subscriptions", { app, product, plan: made["id"], environment: "sandbox" });
      return { id: app, key: await key(app), plan: String(made["id"]) };
    },
    async clear() {
      const all = (await admin("GET", "/policies?perPage=100")) as unknown as Data[];
      if (all.length > 0) await admin("DELETE", "/policies", { ids: all.map(({ id }) => id) });
    },
    sql: async (statement, values = []) => store.admin.query(statement, [...values]),
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes.toReversed()) await node[Symbol.asyncDispose]();
      await database.drop();
    },
  };
};
