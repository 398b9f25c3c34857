/**
 * The control plane and the post office in process, with a deliverer and a receiver. The clock can be set on: three days pass at once.
 *
 *   await using office = await openOffice(await create());
 *   const hook = await office.webhook("/in");
 *   await office.postLetter();
 *   await office.receiver.wait("/in", 1);
 */
import type { ResourceDefinition, ServiceDefinition } from "pons";
import { apps } from "../../services/platform/identity/app-fields.ts";
import { users } from "../../services/platform/identity/user-fields.ts";
import platform from "../../services/platform/index.ts";
import { createManaged } from "../../src/host/managed.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { Deliverer, type DelivererOptions } from "../../src/host/webhooks/index.ts";
import { MemoryLimiter } from "../../src/limits/index.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { realmOf } from "../../src/store/index.ts";
import { type Caller, type CallOptions, type Data, dataOf, idOf, type Running, serve } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { post } from "./post.ts";
import { Receiver } from "./receiver.ts";

export interface Webhook {
  readonly id: string;
  readonly secret: string;
  readonly data: Data;
}

export interface Office extends AsyncDisposable {
  readonly running: Running;
  readonly receiver: Receiver;
  readonly tenant: string;
  deliverer: Deliverer;
  /** Errors of the deliverer. */
  readonly errors: unknown[];
  /** A caller of the control plane. */
  as(role: string, more?: Partial<Caller>): Caller;
  clerk(more?: Partial<Caller>): Caller;
  /** Calls the control plane as an administrator. */
  call(operation: string, options?: CallOptions): ReturnType<Running["call"]>;
  user(email: string): Promise<string>;
  /** An app of the tenant's own that reads along, unless roles and owner are given. */
  app(options?: { readonly roles?: readonly string[]; readonly owner?: string }): Promise<string>;
  /** A webhook to a path of the receiver. */
  webhook(path: string, more?: Data): Promise<Webhook>;
  postLetter(text?: string, more?: Data): Promise<string>;
  move(letter: string, times?: number): Promise<void>;
  sweep(floors?: number): Promise<void>;
  /** Deliveries of a webhook, oldest event first, once they have come to be as `fits` wants them. */
  log(webhook: string, fits: (rows: readonly Data[]) => boolean): Promise<readonly Data[]>;
  /** The row of a webhook. */
  row(webhook: string): Promise<Data>;
  state(webhook: string): Promise<Data>;
  /** Sets the clock on. */
  pass(ms: number): void;
  now(): number;
  /** Waits until something holds. */
  until(holds: () => boolean | Promise<boolean>, what?: string): Promise<void>;
  /** Stops the deliverer and starts another. */
  restart(options?: Partial<DelivererOptions>): Promise<void>;
  /** Another deliverer on the same database. */
  another(options?: Partial<DelivererOptions>): Deliverer;
}

const waitMsMax = 8_000;

export const openOffice = async (
  database: TestDatabase,
  options: Partial<DelivererOptions> = {},
  beside: readonly ServiceDefinition[] = [],
): Promise<Office> => {
  const tenant = "acme";
  let shiftMs = 0;
  const now = (): number => Date.now() + shiftMs;
  const receiver = new Receiver();
  const running = await serve(database, {
    services: [platform, post, ...beside],
    role: "admin",
    clock: now,
    managed: (parts) => createManaged(parts, { limiter: new MemoryLimiter() }),
  });
  const { app, store, errors: failures } = running;
  app.directory.start();
  await app.managed?.start();
  const home = await realmOf(store, tenant, "tenant");
  const realms = { sandbox: await realmOf(store, tenant, "sandbox"), live: await realmOf(store, tenant, "live") };
  const as: Office["as"] = (role, more = {}) =>
    running.caller(role, {
      tenant,
      realm: home,
      environment: "live",
      app: null,
      user: "usr_00000000000000000000000001",
      ...more,
    });
  const clerk: Office["clerk"] = (more = {}) =>
    running.caller("clerk", { tenant, realm: realms.sandbox, environment: "sandbox", app: null, ...more });
  const contract = app.contracts.get("platform");
  if (contract === undefined) throw new Error("no platform");
  const seeder = createSeeder(app, contract, as("admin"));
  const insert = async (definition: ResourceDefinition, row: Data): Promise<string> => {
    const id = `${contract.resources.get(definition.name)?.prefix ?? ""}_${newIdentifier()}`;
    const at = new Date(now()).toISOString();
    await seeder.insert(definition, [{ createdAt: at, updatedAt: at, ...row, id }]);
    return id;
  };
  const errors: unknown[] = [];
  const make = (more: Partial<DelivererOptions> = {}): Deliverer =>
    new Deliverer({
      app,
      origin: () => "https://api.acme.example",
      outboundAllow: [receiver.origin],
      onError: (error) => void errors.push(error),
      clock: now,
      random: () => 0.5,
      pace: { tickMs: 10, flushMs: 20 },
      ...options,
      ...more,
    });
  const first = make();
  first.start();
  const others: Deliverer[] = [];
  const until: Office["until"] = async (holds, what = "it") => {
    for (const end = performance.now() + waitMsMax; !(await holds());) {
      if (performance.now() > end) throw new Error(`${what} did not come to be`, { cause: errors.at(-1) ?? failures.at(-1) });
      await Bun.sleep(10);
    }
  };
  // Which origins are let through is told to the control plane a moment after the start.
  await until(async () => (await app.directory.get("webhooks", "offer")) !== undefined, "the offer");
  let usual: Promise<string> | undefined;
  const call: Office["call"] = (operation, more = {}) => running.call(operation, { as: as("admin"), ...more });
  const office: Office = {
    running,
    receiver,
    tenant,
    deliverer: first,
    errors,
    as,
    clerk,
    call,
    user: (email) => insert(users, { email, name: email, passwordHash: "none" }),
    app: async ({ roles = ["post:reader"], owner } = {}) =>
      insert(apps, { name: `app ${newIdentifier()}`, owner: owner ?? null, roles }),
    async webhook(path, more = {}) {
      usual ??= office.app();
      const url = receiver.url(path);
      const { app: id = await usual, ...terms } = more;
      const body = { service: "post", url, ...terms };
      const data = dataOf(await call("apps.createWebhook", { id: String(id), body }));
      return { id: String(data["id"]), secret: String(data["secret"]), data };
    },
    postLetter: async (text = "Dear", more = {}) =>
      idOf(await running.call("letters.create", { as: clerk(), body: { text, ...more } })),
    move: async (id, times = 1) => void dataOf(await running.call("letters.move", { as: clerk(), id, body: { times } })),
    sweep: async (floors = 1) => {
      const result = await running.call("sweep", { as: clerk(), body: { floors } });
      if (!result.ok) throw new Error(result.refusal.type);
    },
    async log(webhook, fits) {
      let rows: readonly Data[] = [];
      const filters = [{ path: "webhook", op: "eq" as const, values: [webhook], as: "webhook" }];
      await until(async () => {
        const page = await call("webhookDeliveries.list", {
          query: { filters, perPage: 100, sortBy: ["createdAt.asc", "id.asc"] },
        });
        rows = dataOf(page) as unknown as readonly Data[];
        return fits(rows);
      }, `the log of ${webhook}`).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(rows)}`, { cause: error });
      });
      return rows;
    },
    row: async (id) => dataOf(await call("webhooks.get", { id })),
    state: async (id) => dataOf(await call("webhooks.state", { id })),
    pass: (ms) => {
      shiftMs += ms;
    },
    now,
    until,
    async restart(more = {}) {
      await office.deliverer.stop();
      office.deliverer = make(more);
      office.deliverer.start();
    },
    another(more = {}) {
      const made = make(more);
      others.push(made);
      made.start();
      return made;
    },
    [Symbol.asyncDispose]: async () => {
      for (const deliverer of [office.deliverer, ...others]) await deliverer.stop();
      app.directory.stop();
      app.events.stop();
      await app.managed?.stop();
      await running[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
  return office;
};
