/**
 * The shop in service over REST: a real listener, the whole pipeline, a fresh database. Requests are sent as a client sends them.
 *
 *   await using shop = await openShop(await create());
 *   await shop.ask("GET", "/products?price>=500", { as: "customer" })   →  { status, headers, body, text }
 *
 * Callers are a clerk (the default), two customers with a row of their own, and nobody.
 */
import definition from "../fixtures/shop.ts";
import { createRest } from "../../src/channels/rest/index.ts";
import type { RestOptions } from "../../src/channels/rest/index.ts";
import { createApp, tablesOf } from "../../src/host/app.ts";
import type { App } from "../../src/host/app.ts";
import { grantKeys } from "../../src/host/keys.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { applyMigration, openStore, planMigration } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import type { TestDatabase } from "../postgres/index.ts";

export type Caller = "clerk" | "ann" | "ben" | "nobody";

export interface Asking {
  readonly as?: Caller;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object or list is sent as JSON; text and bytes as they are, with a Content-Type among the headers. */
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array;
  /** The body as JSON; undefined where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Shop extends AsyncDisposable {
  readonly app: App;
  readonly origin: string;
  readonly keys: Readonly<Record<Exclude<Caller, "nobody">, string>>;
  /** Rows made at the start, by name. */
  readonly ids: Readonly<Record<"ann" | "ben" | "pen" | "ink" | "mug" | "order" | "admins" | "buyers", string>>;
  /** What was thrown and told to the hook, or to the app. */
  readonly failures: unknown[];
  /** A path below /shop/v2, or a whole one that begins with a service or language. */
  ask(method: string, path: string, asking?: Asking): Promise<Answered>;
  shiftClock(byMs: number): void;
}

const isText = (body: unknown): body is string | Uint8Array => typeof body === "string" || body instanceof Uint8Array;

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** Puts the shop into service; `rest` overrides options of the channel. */
export const openShop = async (database: TestDatabase, rest: Partial<RestOptions> = {}): Promise<Shop> => {
  const store = await openStore(database.url);
  const services = [definition];
  const contracts = compiled(services);
  await applyMigration(store, await planMigration(store, tablesOf(contracts.values())), { destructive: false });
  const failures: unknown[] = [];
  let shiftMs = 0;
  const clock = () => Date.now() + shiftMs;
  const app = createApp({
    services,
    contracts,
    store,
    cursorSecret: "a secret for cursors, of tests only",
    clock,
    onError: (error) => void failures.push(error),
  });
  const channel = createRest({
    contracts: [...app.contracts.values()],
    pipeline: app.pipeline,
    now: clock,
    hooks: { onError: (error) => void failures.push(error) },
    ...rest,
  });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    maxRequestBodySize: 64 * 1024 * 1024,
    fetch: (request, listener) =>
      channel.handle(request, {
        get address() {
          return listener.requestIP(request)?.address ?? "";
        },
      }),
    error: (error) => {
      failures.push(error);
      return new Response("escaped", { status: 500 });
    },
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const grant = { tenant: "demo", environment: "sandbox", app: "tests", user: null };
  const clerk = newApiKey("sandbox");
  await grantKeys(app, [{ ...grant, key: clerk, subject: null, roles: ["clerk"] }]);
  const keys: Record<string, string> = { clerk };

  const ask: Shop["ask"] = async (method, path, { as = "clerk", headers = {}, body } = {}) => {
    const sent = new Headers(headers);
    const key = keys[as];
    if (key !== undefined && !sent.has("authorization") && !sent.has("x-api-key")) sent.set("authorization", `Bearer ${key}`);
    if (body !== undefined && !isText(body) && !sent.has("content-type")) sent.set("content-type", "application/json");
    const isWhole = /^\/(?:shop|problems|[a-z]{2}(?:-[A-Z]{2})?\/shop)(?:\/|$)/.test(path);
    const response = await fetch(`${origin}${isWhole ? path : `/shop/v2${path}`}`, {
      method,
      headers: sent,
      redirect: "manual",
      ...(body === undefined ? {} : { body: (isText(body) ? body : JSON.stringify(body)) as string }),
    });
    const bytes = await response.bytes();
    const text = new TextDecoder().decode(bytes);
    return { status: response.status, headers: response.headers, text, bytes, body: jsonOf(text) };
  };
  const made = async (path: string, body: object): Promise<string> => {
    const answered = await ask("POST", path, { body });
    if (answered.status !== 201) throw new Error(`${path}: ${answered.text}`);
    return answered.body.data.id as string;
  };
  const ann = await made("/users", { name: "Ann", email: "ann@example.com", country: "DE", note: "Pays late." });
  const ben = await made("/users", { name: "Ben", email: "ben@example.com", country: "FR" });
  const pen = await made("/products", { name: "Pen", price: 250, stock: 10, status: "listed", tags: ["blue", "thin"], cost: 90 });
  const ink = await made("/products", {
    name: "Ink",
    price: 900,
    stock: 3,
    status: "listed",
    size: { width: 3, height: 5, note: "round" },
  });
  const mug = await made("/products", { name: "Mug", price: 1200, weight: "0.35", extra: { colour: "red", deep: { a: 1 } } });
  const order = await made("/orders", { user: ann, product: pen, quantity: 2 });
  const admins = await made("/roles", { name: "admins" });
  const buyers = await made("/roles", { name: "buyers" });
  for (const [name, subject] of Object.entries({ ann, ben })) {
    keys[name] = newApiKey("sandbox");
    await grantKeys(app, [{ ...grant, key: keys[name], subject, roles: ["customer"] }]);
  }
  return {
    app,
    origin,
    keys: keys as Shop["keys"],
    ids: { ann, ben, pen, ink, mug, order, admins, buyers },
    failures,
    ask,
    shiftClock: (byMs) => {
      shiftMs = byMs;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
      await app.writer.drained();
      await app.audit.stop();
      await store.close();
      await database.drop();
    },
  };
};
