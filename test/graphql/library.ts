/**
 * The library in service: a real listener, the whole pipeline, a fresh database.
 *
 *   await using library = await openLibrary(await engine.create());
 *   const key = await library.grant("librarian");
 *   const { data, errors } = await library.ask("{ books { nodes { title } } }", { key });
 */
import { createGraphql } from "../../src/channels/graphql/index.ts";
import type { HttpChannel } from "../../src/channels/http/index.ts";
import { createRest } from "../../src/channels/rest/index.ts";
import type { StreamLimits } from "../../src/channels/stream/limits.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, createApp } from "../../src/host/app.ts";
import { createChannels } from "../../src/host/channels.ts";
import { answered, Peer, sockets } from "../../src/host/connection.ts";
import { type Grant, grantKeys, revokeKey } from "../../src/host/keys.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { hashOfKey, newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { type OpenStore, openStore } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import { migrate } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import definition from "./library-service.ts";

export type Data = Record<string, unknown>;

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly extensions: Data;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Data | undefined;
  readonly errors: readonly AnswerError[];
}

export interface Asking {
  readonly key?: string | undefined;
  readonly variables?: Data;
  readonly operationName?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: string;
  /** In place of the document. */
  readonly body?: unknown;
}

export interface LibraryOptions {
  readonly services?: readonly ServiceDefinition[];
  readonly mode?: "development" | "production";
  /** Stands between the app and its store. */
  readonly through?: (store: OpenStore) => OpenStore;
  readonly url?: string;
  readonly limits?: Partial<StreamLimits>;
}

export interface Library extends AsyncDisposable {
  readonly app: App;
  readonly origin: string;
  readonly errors: unknown[];
  readonly channel: HttpChannel;
  /** A request without a network. */
  handle(request: Request): Promise<Response>;
  grant(roles: string | readonly string[], more?: Partial<Grant>): Promise<string>;
  revoke(key: string): Promise<void>;
  /** A document, and what came of it. */
  ask(document: string | undefined, asking?: Asking): Promise<Answer>;
  /** The same, which must have no errors. */
  get(document: string, asking?: Asking): Promise<Data>;
  rest(
    path: string,
    asking: {
      readonly key: string;
      readonly method?: string;
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
    },
  ): Promise<{
    readonly status: number;
    readonly data: unknown;
    readonly headers: Headers;
  }>;
}

export const openLibrary = async (database: TestDatabase, options: LibraryOptions = {}): Promise<Library> => {
  const { services = [definition], mode = "development", through = (store) => store } = options;
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const first = await openStore(database.url);
  await migrate(first, services);
  await first.close();
  const opened = await openStore(options.url ?? database.url);
  const store = through(opened);
  const app = createApp({
    services,
    contracts: compiled(services),
    store,
    cursorSecret: "a secret for cursors, of tests only",
    identity: { publicTenant: "demo" },
    onError,
  });
  app.directory.start();
  const logger = { error: (_: string, { error }: { error?: unknown }) => onError(error) } as unknown as Logger;
  const { parts } = createChannels({ app, config: { publicUrl: undefined, mode }, services: [] }, { logger });
  const channel = createGraphql(parts, options.limits);
  const rest = createRest({
    contracts: [...app.contracts.values()],
    pipeline: app.pipeline,
    channels: new Map([["graphql", channel]]),
    hooks: { onError },
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request, listener) => answered(request, rest.handle(request, new Peer(listener, request))),
    websocket: sockets,
  });
  const origin = `http://127.0.0.1:${server.port}`;
  await app.leases?.join({ address: origin });
  const [service] = services;
  const name = service?.name ?? "";
  const ask: Library["ask"] = async (
    query,
    { key, variables, operationName, headers = {}, version = service?.version ?? "v1", body } = {},
  ) => {
    const response = await fetch(`${origin}/${name}/${version}/graphql`, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json",
        "content-type": "application/json",
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body ?? { query, variables, operationName }),
    });
    const text = await response.text();
    const { data, errors: told = [] } = JSON.parse(text) as { data?: Data; errors?: AnswerError[] };
    return { status: response.status, headers: response.headers, text, data, errors: told };
  };
  return {
    app,
    origin,
    errors,
    channel,
    async handle(request) {
      return rest.handle(request, { address: "127.0.0.1" });
    },
    async grant(roles, more = {}) {
      const key = newApiKey("sandbox");
      const grant = { tenant: "demo", environment: "sandbox", app: "tests", user: null, subject: null, ...more };
      await grantKeys(app, [{ ...grant, key, roles: [roles].flat() }]);
      return key;
    },
    async revoke(key) {
      await revokeKey(app, hashOfKey(key), { requestId: "test", channel: "test" });
    },
    ask,
    async get(document, asking) {
      const answer = await ask(document, asking);
      if (answer.errors.length > 0 || answer.data === undefined) throw new Error(answer.text);
      return answer.data;
    },
    async rest(path, { key, method = "GET", body, headers = {} }) {
      const response = await fetch(`${origin}/${name}/${service?.version}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        data: text === "" ? undefined : (JSON.parse(text) as { data: unknown }).data,
        headers: response.headers,
      };
    },
    [Symbol.asyncDispose]: async () => {
      await channel.close?.();
      await server.stop(true);
      app.events.stop();
      app.directory.stop();
      await app.writer.drained();
      await app.audit.stop();
      await app.leases?.leave();
      await opened.close();
      await database.drop();
    },
  };
};
