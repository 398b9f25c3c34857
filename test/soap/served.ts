/**
 * Services with every channel, put together as the host does it, but without a listener: requests go straight to the front. For what has to be asked often.
 *
 *   await using served = await serve(await create(), [shop]);
 *   await served.ask("/shop/v2/soap", { method: "POST", headers, body })
 */
import { createRest } from "../../src/channels/rest/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, type AppOptions, createApp, tablesOf } from "../../src/host/app.ts";
import { createChannels } from "../../src/host/channels.ts";
import { grantKeys } from "../../src/host/keys.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { applyMigration, openStore, planMigration } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import type { TestDatabase } from "../postgres/index.ts";

export interface Served extends AsyncDisposable {
  readonly app: App;
  /** Errors of ours. */
  readonly errors: unknown[];
  /** A path, or a whole address where the host counts. */
  ask(path: string, init?: RequestInit, address?: string): Promise<Response>;
  /** A key with these roles. */
  key(...roles: readonly string[]): Promise<string>;
}

export interface ServeOptions {
  readonly publicUrl?: string;
  readonly baseDomain?: string;
  readonly mode?: "development" | "production";
  /** Milliseconds that the clock is ahead. */
  readonly aheadMs?: () => number;
  /** Whom jobs may ask. */
  readonly outside?: AppOptions["outside"];
}

export const serve = async (
  database: TestDatabase,
  services: readonly ServiceDefinition[],
  { publicUrl, baseDomain, mode = "development", aheadMs = () => 0, outside = {} }: ServeOptions = {},
): Promise<Served> => {
  const contracts = compiled(services);
  const store = await openStore(database.url);
  await applyMigration(store, await planMigration(store, tablesOf(contracts.values())), { destructive: false });
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const clock = (): number => Date.now() + aheadMs();
  const app = createApp({
    services,
    contracts,
    store,
    cursorSecret: "a secret for cursors, of tests only",
    clock,
    onError,
    outside,
    identity: { publicTenant: "demo" },
  });
  const logger = { error: (_: string, { error }: { error?: unknown }) => onError(error) } as unknown as Logger;
  const channels = createChannels({ app, config: { publicUrl, mode }, services: [] }, { logger });
  const rest = createRest({
    contracts: [...contracts.values()],
    pipeline: app.pipeline,
    channels: channels.bySegment,
    hooks: { onError },
    now: clock,
    ...(publicUrl === undefined ? {} : { publicOrigin: publicUrl }),
    ...(baseDomain === undefined ? {} : { baseDomain }),
  });
  return {
    app,
    errors,
    ask: async (path, init, address = "127.0.0.1") =>
      rest.handle(new Request(path.startsWith("/") ? `http://127.0.0.1${path}` : path, init), { address }),
    async key(...roles) {
      const key = newApiKey("sandbox");
      await grantKeys(app, [{ key, tenant: "demo", environment: "sandbox", app: "tests", user: null, subject: null, roles }]);
      return key;
    },
    [Symbol.asyncDispose]: async () => {
      await channels.close();
      app.events.stop();
      await app.writer.drained();
      await app.audit.stop();
      await store.close();
      await database.drop();
    },
  };
};
