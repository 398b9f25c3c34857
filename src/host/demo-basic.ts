/**
 * What clients of SOAP show as Basic: an app of the demo tenant with a secret for the sandbox, made by the operations that administrators use. It is
 * subscribed to a hidden product of all services that are served, with the rights of their staff, and is managed there as every app is.
 */
import type { Contract } from "../contract/index.ts";
import type { Call } from "../pipeline/call.ts";
import { hashOfKey } from "../pipeline/identity/api-key.ts";
import type { AppEntry, ProductEntry } from "../pipeline/identity/entries.ts";
import { tenantEnvironment } from "../pipeline/identity/realm.ts";
import { realmOf } from "../store/index.ts";
import type { App } from "./app.ts";
import type { BasicLogin } from "./demo-file.ts";

/** Name of the app, of its product and of its plan. */
const name = "demo-basic";
const environment = "sandbox";
/** Each data folder that meets a database has a secret of its own; beyond so many the oldest is revoked. */
const secretsMax = 5;

/** Names of roles that no product gives. */
const neverGiven: ReadonlySet<string> = new Set(["anyone", "system", "enrolling", "person", "operator"]);

/** A service, and the roles that the app has there. */
export interface ServiceRoles {
  readonly service: string;
  readonly roles: readonly string[];
}

export interface DemoBasicOptions {
  readonly app: App;
  readonly tenant: string;
  /** What the app may use. */
  readonly services: readonly ServiceRoles[];
  /** As it was found in the data folder. */
  readonly kept: BasicLogin | undefined;
}

type Row = Readonly<Record<string, unknown>> & { readonly id: string };
type Ask = (operation: string, input: Call["input"]) => Promise<{ readonly data: unknown } | { readonly refused: string }>;

/** Calls of the control plane by the tenant's administrator. */
const administrator = async ({ app, tenant }: DemoBasicOptions, platform: Contract): Promise<Ask> => {
  const realm = await realmOf(app.store, tenant, tenantEnvironment);
  return async (asked, input) => {
    const operation = platform.operations.get(asked);
    if (operation === undefined) throw new Error(`the control plane has no operation ${asked}`);
    const result = await app.pipeline.run({
      operation,
      input,
      credentials: { kind: "none" },
      principal: { tenant, environment: tenantEnvironment, realm, app: "demo", user: null, subject: null, roles: ["admin"] },
      locale: "en",
      requestId: "start",
      channel: "host",
    });
    return result.ok ? { data: result.data } : { refused: result.refusal.type };
  };
};

/** Data of what must not be refused, but for these reasons: then nothing. */
const told = async (ask: Ask, asked: string, input: Call["input"], unless: readonly string[] = []): Promise<unknown> => {
  const answer = await ask(asked, input);
  if ("data" in answer) return answer.data;
  if (unless.includes(answer.refused)) return undefined;
  throw new Error(`Basic for the demo was not made: ${asked} was refused: ${answer.refused}`);
};

const rowsWhere = async (ask: Ask, resource: string, where: Readonly<Record<string, string>>): Promise<readonly Row[]> => {
  const filters = Object.entries(where).map(([path, value]) => ({ path, op: "eq", values: [value], as: path }) as const);
  return (await told(ask, `${resource}.list`, { query: { filters, sortBy: ["createdAt"], perPage: 100 } })) as readonly Row[];
};

/** The row that `find` finds, or the one that is made. Another process may be faster. */
const foundOrMade = async (
  ask: Ask,
  resource: string,
  body: Readonly<Record<string, unknown>>,
  find: () => Promise<Row | undefined>,
): Promise<Row> => {
  const row =
    (await find()) ??
    ((await told(ask, `${resource}.create`, { body }, ["already_exists", "app_name_taken"])) as Row | undefined) ??
    (await find());
  if (row === undefined) throw new Error(`Basic for the demo was not made: there is no row of ${resource}`);
  return row;
};

const isSame = (one: readonly ServiceRoles[], other: readonly ServiceRoles[]): boolean =>
  Bun.deepEquals(
    one.map(({ service, roles }) => ({ service, roles })),
    other.map(({ service, roles }) => ({ service, roles })),
  );

const appOf = ({ user }: BasicLogin): string => user.split("/")[0] ?? "";

/** The app as every node knows it, where the secret counts. */
const knownBy = async ({ app: { directory } }: DemoBasicOptions, kept: BasicLogin): Promise<AppEntry | undefined> => {
  const entry = (await directory.get("app", appOf(kept)))?.value as unknown as AppEntry | undefined;
  const hash = hashOfKey(kept.password);
  return entry?.secrets.some((one) => one.hash === hash && one.environment === environment) === true ? entry : undefined;
};

/** Whether the app may use just these services. Who has suspended it has meant it. */
const mayUse = async ({ app: { directory }, services }: DemoBasicOptions, entry: AppEntry): Promise<boolean> => {
  if (entry.status === "suspended") return true;
  for (const { product } of entry.subscriptions) {
    const found = (await directory.get("product", product))?.value as unknown as ProductEntry | undefined;
    if (found !== undefined && isSame(found.services, services)) return true;
  }
  return false;
};

/** The app with its subscription, as far as an administrator has not ended it. */
const subscribedApp = async (ask: Ask, services: readonly ServiceRoles[]): Promise<Row> => {
  const named = (resource: string) => async (): Promise<Row | undefined> => (await rowsWhere(ask, resource, { name }))[0];
  const doc = "Made for the demo: what clients of SOAP call with.";
  const terms = { name, title: "Demo, over SOAP", doc };
  const product = await foundOrMade(ask, "products", { ...terms, services }, named("products"));
  if (!isSame(product["services"] as readonly ServiceRoles[], services))
    await told(ask, "products.update", { id: product.id, body: { services } });
  const plan = await foundOrMade(ask, "plans", { ...terms, products: [product.id] }, named("plans"));
  const app = await foundOrMade(ask, "apps", { name, description: doc }, async () =>
    (await rowsWhere(ask, "apps", { name })).find((row) => row["owner"] === null && row["status"] !== "closed"),
  );
  await told(
    ask,
    "subscriptions.create",
    { body: { app: app.id, product: product.id, plan: plan.id, environment } },
    // There already, or ended by an administrator.
    ["already_subscribed", "app_suspended", "environment_closed", "not_on_offer"],
  );
  return app;
};

/** A secret of the app; the oldest make room for it. */
const newSecret = async (ask: Ask, app: Row): Promise<BasicLogin> => {
  const keys = await rowsWhere(ask, "keys", { app: app.id, kind: "secret", status: "active" });
  for (const { id } of keys.slice(0, Math.max(0, keys.length + 1 - secretsMax)))
    await told(ask, "keys.revoke", { id }, ["key_not_active"]);
  const body = { name, kind: "secret", environment };
  const key = (await told(ask, "apps.createKey", { id: app.id, body })) as { readonly keyId: string; readonly secret: string };
  return { user: key.keyId, password: key.secret };
};

/** Makes what is missing; undefined without a control plane, or where no service has roles that an app could have. */
export const prepareBasic = async (given: DemoBasicOptions): Promise<BasicLogin | undefined> => {
  const services = given.services
    .map(({ service, roles }) => ({ service, roles: roles.filter((role) => !neverGiven.has(role)) }))
    .filter(({ roles }) => roles.length > 0);
  const options = { ...given, services };
  const { app, kept } = options;
  const platform = app.contracts.get("platform");
  if (platform === undefined || services.length === 0) return undefined;
  const known = kept === undefined ? undefined : await knownBy(options, kept);
  if (known !== undefined && (await mayUse(options, known))) return kept;
  const ask = await administrator(options, platform);
  const row = await subscribedApp(ask, services);
  return known !== undefined && kept !== undefined && appOf(kept) === row.id ? kept : newSecret(ask, row);
};
