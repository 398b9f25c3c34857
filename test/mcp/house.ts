/**
 * Services with the channel for agents, behind listeners of their own, with the whole pipeline and a fresh database.
 *
 *   await using house = await openHouse({ services: [till], limits: { questionMs: 100 } });
 *   const keeper = await house.grant("keeper");
 *   await house.send({ method: "tools/list" }, { key: keeper })
 */
import { createMcp, type McpLimits, mcpLimits } from "../../src/channels/mcp/index.ts";
import { createRest } from "../../src/channels/rest/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, createApp } from "../../src/host/app.ts";
import { createChannels } from "../../src/host/channels.ts";
import { answered, Peer, sockets } from "../../src/host/connection.ts";
import { type Grant, grantKeys } from "../../src/host/keys.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { openStore } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import { migrate } from "../core/harness.ts";
import { testDatabases } from "../postgres/index.ts";
import { kiosk, till } from "./till.ts";

const secret = "a secret for cursors, of tests only";
export const modern = "2026-07-28";
export const metaKeys = {
  version: "io.modelcontextprotocol/protocolVersion",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
} as const;

export type Json = Record<string, unknown>;

export interface Sending {
  readonly key?: string | undefined;
  /** In place of, or beside, those that belong to the message; null: without it. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** What the client can do. */
  readonly capabilities?: Json;
  /** `/till/v2/mcp` unless said otherwise. */
  readonly path?: string;
  readonly signal?: AbortSignal;
}

export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
  readonly result: Json;
  readonly error: { readonly code: number; readonly message: string; readonly data?: Json } | undefined;
}

export interface HouseOptions {
  readonly services?: readonly ServiceDefinition[];
  readonly limits?: Partial<McpLimits>;
  readonly publicOrigin?: string;
  readonly allowsOrigin?: (origin: string) => boolean;
}

export interface House extends AsyncDisposable {
  readonly app: App;
  readonly origin: string;
  readonly errors: unknown[];
  grant(roles: string | readonly string[], more?: Partial<Grant>): Promise<string>;
  /** A message of the revision without a handshake, with its headers. */
  send(message: Json, sending?: Sending): Promise<Heard>;
  /** A body as it is. */
  raw(body: string | Uint8Array<ArrayBuffer>, sending?: Sending & { readonly method?: string }): Promise<Response>;
  call(tool: string, given?: Json, sending?: Sending & { readonly params?: Json }): Promise<Heard>;
  /** A message of a revision with a handshake. */
  legacy(message: Json, sending?: Sending): Promise<Heard>;
}

export const heardOf = async (response: Response): Promise<Heard> => {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  const json = (isJson ? JSON.parse(text) : {}) as Json;
  const { status, headers } = response;
  return { status, headers, text, json, result: (json["result"] ?? {}) as Json, error: json["error"] as Heard["error"] };
};

/** Tools of a list. */
export const toolsOf = (result: Json): readonly Json[] => result["tools"] as Json[];

/** What a tool has answered. */
export const structured = ({ result }: Heard): Json => result["structuredContent"] as Json;

export const openHouse = async (options: HouseOptions = {}): Promise<House> => {
  const { services = [till, kiosk], limits = {}, publicOrigin } = options;
  const sqlite = testDatabases().find(({ engine }) => engine === "sqlite");
  if (sqlite === undefined) throw new Error("there is no SQLite");
  const database = await sqlite.create();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const store = await openStore(database.url);
  await migrate(store, services);
  const app = createApp({
    services,
    contracts: compiled(services),
    store,
    cursorSecret: secret,
    identity: { publicTenant: "demo" },
    onError,
  });
  app.directory.start();
  const logger = { error: (_: string, { error }: { error?: unknown }) => onError(error) } as unknown as Logger;
  const { parts } = createChannels({ app, config: { publicUrl: publicOrigin, mode: "development" }, services: [] }, { logger });
  const channel = createMcp({ ...parts, allowsOrigin: options.allowsOrigin ?? parts.allowsOrigin }, { ...mcpLimits, ...limits });
  const rest = createRest({
    contracts: [...app.contracts.values()],
    pipeline: app.pipeline,
    channels: new Map([["mcp", channel]]),
    hooks: { onError },
    ...(publicOrigin === undefined ? {} : { publicOrigin }),
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request, listener) => answered(request, rest.handle(request, new Peer(listener, request))),
    websocket: sockets,
  });
  const origin = `http://127.0.0.1:${server.port}`;

  const raw: House["raw"] = (body, { key, headers = {}, path = "/till/v2/mcp", method = "POST", signal } = {}) => {
    const given: Record<string, string | null> = {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    };
    const sent = Object.entries(given).flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]]));
    return fetch(`${origin}${path}`, {
      method,
      headers: sent,
      ...(method === "GET" || method === "HEAD" ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  const send: House["send"] = async (message, sending = {}) => {
    const { capabilities = {}, headers = {} } = sending;
    const { params = {}, method = "" } = message as { readonly params?: Json; readonly method?: string };
    const meta = { [metaKeys.version]: modern, [metaKeys.capabilities]: capabilities, ...(params["_meta"] as Json | undefined) };
    const body = { jsonrpc: "2.0", id: 1, ...message, params: { ...params, _meta: meta } };
    const name = params["name"];
    return heardOf(
      await raw(JSON.stringify(body), {
        ...sending,
        headers: {
          "mcp-protocol-version": modern,
          "mcp-method": method,
          ...(typeof name === "string" ? { "mcp-name": name } : {}),
          ...headers,
        },
      }),
    );
  };
  return {
    app,
    origin,
    errors,
    async grant(roles, more = {}) {
      const key = newApiKey("sandbox");
      const grant = { tenant: "demo", environment: "sandbox", app: "tests", user: null, subject: null, ...more };
      await grantKeys(app, [{ ...grant, key, roles: [roles].flat() }]);
      return key;
    },
    send,
    raw,
    call: (tool, given = {}, { params = {}, ...sending } = {}) =>
      send({ method: "tools/call", params: { name: tool, arguments: given, ...params } }, sending),
    async legacy(message, sending = {}) {
      const headers = { "mcp-protocol-version": "2025-11-25", ...sending.headers };
      return heardOf(await raw(JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }), { ...sending, headers }));
    },
    [Symbol.asyncDispose]: async () => {
      await channel.close?.();
      await server.stop(true);
      app.events.stop();
      app.directory.stop();
      await app.writer.drained();
      await app.audit.stop();
      await store.close();
      await database.drop();
    },
  };
};
