/**
 * What a tenant offers, in process: the control plane, and a small service (`shop`) that products give access to. Callers of the control plane are made by
 * role; apps call the shop by real keys.
 */
import { command, declare, query, type ResourceDefinition, resource, service, t } from "pons";
import { apps } from "../../services/platform/identity/app-fields.ts";
import { users } from "../../services/platform/identity/user-fields.ts";
import platform from "../../services/platform/index.ts";
import { grantKeys } from "../../src/host/keys.ts";
import { createManaged } from "../../src/host/managed.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { MemoryLimiter } from "../../src/limits/index.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { realmOf } from "../../src/store/index.ts";
import { type Caller, type CallOptions, type Data, idOf, outcomeOf, type Running, serve } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";

const things = declare("things", { doc: "Things.", fields: { id: t.id("thg"), name: t.string() } });

const shop = service("shop", {
  doc: "Something to subscribe to.",
  version: "v1",
  roles: { buyer: "Buys.", keeper: "Keeps." },
  resources: [resource(things, ({ all }) => ({ rows: { buyer: all, keeper: all }, access: { create: ["keeper"] } }))],
  operations: {
    look: query({ doc: "Looks.", roles: ["buyer", "keeper"], output: { ok: t.boolean() }, run: () => ({ ok: true }) }),
    stock: command({ doc: "Stocks.", roles: ["keeper"], output: { ok: t.boolean() }, run: () => ({ ok: true }) }),
  },
});

export interface Offers extends AsyncDisposable {
  readonly running: Running;
  readonly tenant: string;
  /** A caller of the tenant as a whole. */
  as(role: string | readonly string[], more?: Partial<Caller>): Caller;
  call(operation: string, options?: CallOptions): ReturnType<Running["call"]>;
  /** A person; the answer is the id. */
  user(email: string): Promise<string>;
  /** An app, with a key for an environment. */
  app(owner: string | null, environment: string): Promise<{ readonly id: string; readonly key: string }>;
  insert(resource: ResourceDefinition, row: Data): Promise<string>;
  /** Calls the shop with a key: `"200"`, `"403 forbidden"`. */
  shop(operation: string, key: string): Promise<string>;
}

export const openOffers = async (database: TestDatabase): Promise<Offers> => {
  const tenant = "acme";
  const running = await serve(database, {
    services: [platform, shop],
    role: "admin",
    managed: (parts) => createManaged(parts, { limiter: new MemoryLimiter() }),
  });
  const { app, store } = running;
  const realm = await realmOf(store, tenant, "tenant");
  const as: Offers["as"] = (role, more = {}) =>
    running.caller(role, { tenant, realm, environment: "live", app: null, user: "usr_00000000000000000000000001", ...more });
  const contract = app.contracts.get("platform");
  if (contract === undefined) throw new Error("no platform");
  const seeder = createSeeder(app, contract, as("admin"));
  const insert: Offers["insert"] = async (definition, row) => {
    const id = `${contract.resources.get(definition.name)?.prefix ?? ""}_${newIdentifier()}`;
    await seeder.insert(definition, [
      { tenant, createdAt: new Date().toISOString(), updatedAt: new Date().toISOString(), ...row, id },
    ]);
    return id;
  };
  const offers: Offers = {
    running,
    tenant,
    as,
    call: (operation, more = {}) => running.call(operation, { as: as("admin"), ...more }),
    user: (email) => insert(users, { email, name: email, passwordHash: "none" }),
    app: async (owner, environment) => {
      const id = await insert(apps, { name: `app of ${owner ?? "the tenant"}`, owner });
      const key = newApiKey(environment);
      await grantKeys(app, [{ key, tenant, environment, app: id, user: null, subject: null, roles: [] }]);
      return { id, key };
    },
    insert,
    shop: async (operation, key) => {
      const call = running.callOf(operation);
      const { principal: _, ...rest } = call;
      return outcomeOf(await app.pipeline.run({ ...rest, credentials: { kind: "key", secret: key } }));
    },
    [Symbol.asyncDispose]: async () => {
      await app.managed?.stop();
      await running[Symbol.asyncDispose]();
    },
  };
  return offers;
};

/** The product that gives an app the role of a buyer in the shop. */
export const shopping = (more: Data = {}): Data => ({
  name: "shopping",
  title: "Shopping",
  services: [{ service: "shop", roles: ["buyer"] }],
  visibility: "public",
  ...more,
});

/** Makes a product and a plan for it; their ids. */
export const offer = async (
  offers: Offers,
  { product = {}, plan = {} }: { readonly product?: Data; readonly plan?: Data } = {},
): Promise<{ readonly product: string; readonly plan: string }> => ({
  product: idOf(await offers.call("products.create", { body: shopping(product) })),
  plan: idOf(await offers.call("plans.create", { body: { name: "free", title: "Free", ...plan } })),
});
