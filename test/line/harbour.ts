/**
 * A depot behind the line protocol, with the whole pipeline and a fresh SQLite database.
 *
 *   await using harbour = await openHarbour({ limits: { idleMsMax: 100 } });
 *   const client = await harbour.client("keeper");
 *   await client.ask("Operation:boxes.list")
 */
import { type LineLimits, type LineListening, listenLine } from "../../src/channels/line/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, createApp } from "../../src/host/app.ts";
import { createChannels } from "../../src/host/channels.ts";
import { type Grant, grantKeys } from "../../src/host/keys.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { openStore } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import { migrate } from "../core/harness.ts";
import { testDatabases } from "../postgres/index.ts";
import { LineClient } from "./client.ts";
import { depot } from "./depot.ts";

const secret = "a secret for cursors, of tests only";

export interface HarbourOptions {
  readonly services?: readonly ServiceDefinition[];
  readonly limits?: Partial<LineLimits>;
  readonly host?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly isPlainAllowed?: boolean;
}

export interface Harbour extends AsyncDisposable {
  readonly app: App;
  readonly line: LineListening;
  readonly port: number;
  readonly errors: unknown[];
  grant(roles: string | readonly string[], more?: Partial<Grant>): Promise<string>;
  /** A connection; with a role, its key is shown already. */
  client(role?: string): Promise<LineClient>;
}

export const openHarbour = async ({
  services = [depot],
  host = "127.0.0.1",
  ...options
}: HarbourOptions = {}): Promise<Harbour> => {
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
  const { parts } = createChannels({ app, config: { publicUrl: undefined, mode: "development" }, services: [] }, { logger });
  const line = await listenLine({ host, port: 0, parts, ...options });
  const clients: LineClient[] = [];
  const grant: Harbour["grant"] = async (roles, more = {}) => {
    const key = newApiKey("sandbox");
    const shared = { tenant: "demo", environment: "sandbox", app: "tests", user: null, subject: null, ...more };
    await grantKeys(app, [{ ...shared, key, roles: [roles].flat() }]);
    return key;
  };
  return {
    app,
    line,
    port: line.port,
    errors,
    grant,
    async client(role) {
      const client = await LineClient.open(line.port);
      clients.push(client);
      if (role !== undefined) {
        const { last } = await client.ask(`Key:${await grant(role)}`);
        if (last.text !== "Status:ok") throw new Error(last.text);
      }
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) await client.close();
      await line.stop({ withinMs: 1_000 });
      app.events.stop();
      app.directory.stop();
      await app.writer.drained();
      await app.audit.stop();
      await store.close();
      await database.drop();
    },
  };
};
