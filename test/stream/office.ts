/**
 * The post office in service: nodes with real listeners, the whole pipeline and a fresh database; on SQLite there is one.
 *
 *   await using office = await openOffice(await engine.create(), { limits: { heartbeatMs: 50 } });
 *   const key = await office.grant("clerk");
 *   const socket = await office.connect({ key });
 *   await socket.ask({ operation: "parcels.list", input: {} })
 */
import type { ServiceDefinition } from "../../src/define/service.ts";
import type { HttpChannel } from "../../src/channels/http/index.ts";
import { createRest } from "../../src/channels/rest/index.ts";
import { createStream, type StreamLimits } from "../../src/channels/stream/index.ts";
import { type App, type AppOptions, createApp } from "../../src/host/app.ts";
import { createChannels } from "../../src/host/channels.ts";
import { answered, Peer, sockets } from "../../src/host/connection.ts";
import { createForwardReceiver } from "../../src/host/forward-receiver.ts";
import { forwardPath } from "../../src/host/forward.ts";
import { type Grant, grantKeys, revokeKey } from "../../src/host/keys.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { hashOfKey, newApiKey } from "../../src/pipeline/identity/api-key.ts";
import type { Call, Result } from "../../src/pipeline/call.ts";
import { type OpenStore, openStore } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import { migrate } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { type ConnectOptions, EventReader, Socket } from "./client.ts";
import { registry } from "../security/registry.ts";
import post from "./post-office.ts";

const secret = "a secret for cursors, of tests only";

export interface OfficeOptions {
  readonly count?: number;
  readonly limits?: Partial<StreamLimits>;
  readonly services?: readonly ServiceDefinition[];
  readonly publicOrigin?: string;
  readonly allowsOrigin?: (origin: string) => boolean;
  /** Milliseconds that the clock is ahead. */
  readonly aheadMs?: () => number;
  readonly onCall?: (call: Call, result: Result) => void;
  /** Verifies access tokens. */
  readonly tokens?: AppOptions["tokens"];
  /** Answers what is below `/page`, of the same origin. */
  readonly page?: (request: Request) => Response | Promise<Response>;
}

export interface Node {
  readonly app: App;
  readonly store: OpenStore;
  readonly origin: string;
  readonly port: number;
  readonly channel: HttpChannel;
  stop(): Promise<void>;
}

export interface Where {
  /** Of the nodes; the first unless said otherwise. */
  readonly at?: number;
  /** `v2` unless said otherwise. */
  readonly version?: string;
}

export interface Office extends AsyncDisposable {
  readonly errors: unknown[];
  at(position: number): Node;
  grant(roles: string | readonly string[], more?: Partial<Grant>): Promise<string>;
  revoke(key: string): Promise<void>;
  /** Gives a key other roles. */
  regrant(key: string, roles: readonly string[]): Promise<void>;
  /** Adds an entry to the directory: a user, a session. */
  publish(kind: string, name: string, value: object): Promise<void>;
  connect(options?: ConnectOptions & Where): Promise<Socket>;
  events(
    query: string,
    options?: { readonly key?: string | undefined; readonly headers?: Readonly<Record<string, string>> } & Where,
  ): Promise<EventReader>;
  /** Stops a node and starts it anew, on the same port. */
  restart(position: number): Promise<void>;
}

export const openOffice = async (database: TestDatabase, options: OfficeOptions = {}): Promise<Office> => {
  const { count = 1, limits = {}, services = [post, registry], publicOrigin, aheadMs = () => 0, onCall } = options;
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const first = await openStore(database.url);
  await migrate(first, services);
  await first.close();

  const open = async (port = 0): Promise<Node> => {
    const store = await openStore(database.url);
    const app = createApp({
      services,
      contracts: compiled(services),
      store,
      cursorSecret: secret,
      clock: () => Date.now() + aheadMs(),
      identity: { publicTenant: "demo" },
      onError,
      ...(onCall === undefined ? {} : { onCall }),
      ...(options.tokens === undefined ? {} : { tokens: options.tokens }),
    });
    app.directory.start();
    const contracts = [...app.contracts.values()];
    const logger = { error: (_: string, { error }: { error?: unknown }) => onError(error) } as unknown as Logger;
    const config = { publicUrl: publicOrigin, mode: "development" } as const;
    const { parts } = createChannels({ app, config, services: [] }, { logger });
    const channel = createStream({ ...parts, allowsOrigin: options.allowsOrigin ?? parts.allowsOrigin }, limits);
    const rest = createRest({
      contracts,
      pipeline: app.pipeline,
      channels: new Map([["stream", channel]]),
      hooks: { onError },
      ...(publicOrigin === undefined ? {} : { publicOrigin }),
    });
    const receive = createForwardReceiver(app);
    const server = Bun.serve({
      port,
      hostname: "127.0.0.1",
      development: false,
      fetch: async (request, listener) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/healthz") return new Response("ok");
        if (pathname.startsWith("/page") && options.page !== undefined) return options.page(request);
        if (pathname !== forwardPath) return answered(request, rest.handle(request, new Peer(listener, request)));
        return (await receive(request)) ?? new Response(null, { status: 404 });
      },
      websocket: sockets,
    });
    const origin = `http://127.0.0.1:${server.port}`;
    await app.leases?.join({ address: origin });
    return {
      app,
      store,
      origin,
      port: server.port ?? 0,
      channel,
      async stop() {
        await channel.close?.();
        await server.stop(true);
        app.events.stop();
        app.directory.stop();
        await app.writer.drained();
        await app.audit.stop();
        await app.leases?.leave();
        await store.close();
      },
    };
  };
  const nodes: Node[] = [];
  for (let more = 0; more < count; more++) nodes.push(await open());
  const at: Office["at"] = (position) => {
    const node = nodes[position];
    if (node === undefined) throw new Error(`there is no node ${position}`);
    return node;
  };
  const base = ({ at: position = 0, version = "v2" }: Where): string => `${at(position).origin}/post/${version}/stream`;
  return {
    errors,
    at,
    async grant(roles, more = {}) {
      const key = newApiKey("sandbox");
      const grant = { tenant: "demo", environment: "sandbox", app: "tests", user: null, subject: null, ...more };
      await grantKeys(at(0).app, [{ ...grant, key, roles: [roles].flat() }]);
      return key;
    },
    async regrant(key, roles) {
      const grant = { tenant: "demo", environment: "sandbox", app: "tests", user: null, subject: null };
      await grantKeys(at(0).app, [{ ...grant, key, roles }]);
    },
    async publish(kind, name, value) {
      const { pipeline, contracts, identity } = at(0).app;
      const operation = contracts.get("registry")?.operations.get("entries.create");
      if (operation === undefined) throw new Error("there is no registry");
      const principal = { ...(await identity.systemCaller("demo", "tenant")), roles: ["keeper"] };
      const call = { credentials: { kind: "none" }, locale: "en", requestId: "test", channel: "test" } as const;
      const result = await pipeline.run({ ...call, operation, input: { body: { kind, name, value } }, principal });
      if (!result.ok) throw new Error(JSON.stringify(result.refusal));
    },
    async revoke(key) {
      await revokeKey(at(0).app, hashOfKey(key), { requestId: "test", channel: "test" });
    },
    connect: async (connecting = {}) => Socket.open(base(connecting).replace("http", "ws"), connecting),
    async events(query, { key, headers = {}, ...where } = {}) {
      const response = await fetch(`${base(where)}${query === "" ? "" : `?${query}`}`, {
        headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
      });
      return new EventReader(response);
    },
    async restart(position) {
      const { port } = at(position);
      await at(position).stop();
      nodes[position] = await open(port);
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes.toReversed()) await node.stop();
      await database.drop();
    },
  };
};
