/**
 * The demo tenant of development: environments sandbox (with the services' demo data) and live (empty, as a business begins), an API key for
 * each with the rights of the staff, one login of the staff and one of a customer, and an app for Basic. Made once and kept: the keys lie in `demo.json`,
 * the database knows their hashes.
 *
 * Who is staff follows from the definition: roles that have a singleton (`/profile`) are customers' roles, the others the staff's. A service may
 * say otherwise (`demo: { staff, customer }`).
 */
import type { Contract } from "../contract/index.ts";
import type { Call } from "../pipeline/call.ts";
import { hashOfKey, newApiKey } from "../pipeline/identity/api-key.ts";
import { keysTable } from "../pipeline/identity/keys-table.ts";
import { installationRealm, tenantEnvironment } from "../pipeline/identity/realm.ts";
import { realmOf, type RowsShape } from "../store/index.ts";
import type { App } from "./app.ts";
import { prepareBasic } from "./demo-basic.ts";
import { type Credentials, type CustomerLogin, readDemoFile, writeDemoFile } from "./demo-file.ts";
import { type Grant, grantKeys } from "./keys.ts";
import type { LoadedService } from "./load-services.ts";
import { seedEnvironment, type SeedProgress } from "./seed.ts";
import { ensureTenant, operatorTenant } from "./tenant.ts";

export const demoTenant = "demo";
const appName = "demo";
const staffEmail = "staff@demo.example";
/** Rows looked at to find a customer that has something. */
const candidatesMax = 100;

export interface DemoRoles {
  readonly staff: readonly string[];
  readonly customer: readonly string[];
}

/** Roles that stand for a row: a customer's. */
const personalRoles = ({ singletons }: LoadedService["definition"]): ReadonlySet<string> =>
  new Set(singletons.flatMap(({ roles }) => roles));

const staffRoles = (definition: LoadedService["definition"]): readonly string[] => {
  const personal = personalRoles(definition);
  return definition.demo?.staff ?? Object.keys(definition.roles).filter((name) => !personal.has(name));
};

/** Roles of the demo logins, over all services. */
export const demoRoles = (services: readonly Pick<LoadedService, "definition">[]): DemoRoles => {
  const staff = new Set<string>();
  const customer = new Set<string>();
  for (const { definition } of services) {
    if (definition.rowsOf === "tenant") {
      // What belongs to the tenant as a whole is nobody's by the name of a role in another service.
      for (const role of definition.demo?.staff ?? []) staff.add(`${definition.name}:${role}`);
      continue;
    }
    const personal = personalRoles(definition);
    for (const role of staffRoles(definition)) staff.add(role);
    for (const role of definition.demo?.customer ?? Object.keys(definition.roles).filter((name) => personal.has(name)))
      customer.add(role);
  }
  return { staff: [...staff].toSorted(), customer: [...customer].toSorted() };
};

/** A row a customer may be: the first of its resource that has related rows, so that there is something to see; else the first. */
const findCustomer = async (
  app: App,
  contract: Contract,
  options: { readonly realm: number; readonly roles: DemoRoles },
): Promise<{ readonly id: string; readonly email: string } | undefined> => {
  const { realm, roles } = options;
  const own = [...contract.operations.values()].find(
    ({ target, action, roles: allowed }) =>
      target === "singleton" && action === "get" && roles.customer.some((role) => allowed.has(role)),
  );
  const resource = own?.resource;
  const operation = resource === undefined ? undefined : contract.operations.get(`${resource.name}.list`);
  if (resource === undefined || operation === undefined) return undefined;
  const relations = [...resource.many.keys()];
  const call: Call = {
    operation,
    input: {
      query: {
        perPage: Math.min(candidatesMax, resource.maxPerPage),
        sortBy: ["id"],
        include: relations.map((name) => ({ name, perPage: 1 })),
      },
    },
    credentials: { kind: "none" },
    principal: { tenant: demoTenant, environment: "sandbox", realm, app: appName, user: null, subject: null, roles: roles.staff },
    locale: "en",
    requestId: "start",
    channel: "host",
  };
  const result = await app.pipeline.run(call);
  if (!result.ok) throw new Error(`the demo customer was not found: ${result.refusal.type}`, { cause: result.refusal });
  const rows = result.data as readonly Record<string, unknown>[];
  const row = rows.find((one) => relations.every((name) => Array.isArray(one[name]) && one[name].length > 0)) ?? rows[0];
  if (row === undefined) return undefined;
  return {
    id: String(row["id"]),
    email: typeof row["email"] === "string" ? row["email"] : `customer@${contract.service}.example`,
  };
};

const grantsOf = ({ keys, logins }: Credentials, roles: DemoRoles): readonly Grant[] => {
  const staff = { tenant: demoTenant, app: appName, user: null, subject: null, roles: roles.staff };
  const { customer } = logins;
  return [
    { ...staff, key: keys.sandbox, environment: "sandbox" },
    { ...staff, key: keys.live, environment: "live" },
    ...(keys.operator === undefined
      ? []
      : [{ ...staff, tenant: operatorTenant, key: keys.operator, environment: "live", roles: ["platform:operator"] }]),
    { ...staff, key: logins.staff.key, environment: "sandbox", user: logins.staff.email },
    ...(customer === undefined
      ? []
      : [
          {
            ...staff,
            key: customer.key,
            environment: "sandbox",
            user: customer.email,
            subject: customer.subject,
            roles: roles.customer,
          },
        ]),
  ];
};

const heldShape: RowsShape = {
  kind: "rows",
  key: "pons_keys.held",
  table: keysTable,
  joins: [],
  links: [],
  params: [{ name: "hashes", type: "text", list: true }],
  where: { op: "in", left: { field: ["hash"] }, right: { param: "hashes" } },
  select: ["hash", "subject", "roles"],
  order: [{ path: ["hash"], direction: "asc" }],
};

const sameRoles = (held: unknown, roles: readonly string[]): boolean => JSON.stringify(held) === JSON.stringify(roles);

/** Whether the database has granted just this. */
const areGranted = async (app: App, grants: readonly Grant[]): Promise<boolean> => {
  const wanted = new Map(grants.map((grant) => [hashOfKey(grant.key), grant]));
  const params = [[...wanted.keys()]];
  const [rows = []] = await app.store.read(heldShape, [{ realm: installationRealm, params, limit: wanted.size }]);
  if (rows.length !== wanted.size) return false;
  return rows.every((row) => {
    const grant = wanted.get(row["hash"] as string);
    return grant !== undefined && grant.subject === row["subject"] && sameRoles(row["roles"], grant.roles);
  });
};

const findCustomerLogin = async (app: App, roles: DemoRoles, key: string): Promise<CustomerLogin | undefined> => {
  if (roles.customer.length === 0) return undefined;
  const realm = await realmOf(app.store, demoTenant, "sandbox");
  for (const contract of app.contracts.values()) {
    const found = await findCustomer(app, contract, { realm, roles });
    if (found !== undefined) return { email: found.email, subject: found.id, key };
  }
  return undefined;
};

export interface DemoOptions {
  readonly app: App;
  readonly services: readonly LoadedService[];
  /** Data folder. */
  readonly data: string;
  /** Where the server is reached, as far as it is known before it listens. */
  readonly baseUrl: string;
  readonly onProgress?: SeedProgress;
  readonly signal?: AbortSignal;
}

/** Makes what is missing of the demo tenant; returns its credentials, the same at every start. */
export const prepareDemo = async (options: DemoOptions): Promise<Credentials> => {
  const { app, services, data } = options;
  const roles = demoRoles(services);
  const isOfTenant = ({ definition }: LoadedService): boolean => definition.rowsOf === "tenant";
  const seeded = [
    ...(await seedEnvironment({
      ...options,
      services: services.filter((service) => !isOfTenant(service)),
      tenant: demoTenant,
      environment: "sandbox",
      roles: roles.staff,
    })),
    ...(await seedEnvironment({
      ...options,
      services: services.filter(isOfTenant),
      tenant: demoTenant,
      environment: tenantEnvironment,
      roles: services.filter(isOfTenant).flatMap(({ definition }) => definition.demo?.staff ?? []),
    })),
  ];
  await ensureTenant(app, { name: demoTenant, title: "Demo", contact: staffEmail });
  // Thousands of rows were made at once, and will not be again.
  if (seeded.length > 0) Bun.gc(true);
  const kept = readDemoFile(data);
  const basic = await prepareBasic({
    app,
    tenant: demoTenant,
    services: services
      .filter((service) => !isOfTenant(service))
      .map(({ definition }) => ({ service: definition.name, roles: staffRoles(definition) })),
    kept: kept?.basic,
  });
  const shared = basic === undefined ? {} : { basic };
  if (kept !== undefined && seeded.length === 0) {
    const { keys, logins } = kept;
    const credentials = { keys, logins, ...shared };
    if ((logins.customer !== undefined) === roles.customer.length > 0 && (await areGranted(app, grantsOf(credentials, roles))))
      return credentials;
  }
  const customer = await findCustomerLogin(app, roles, kept?.logins.customer?.key ?? newApiKey("sandbox"));
  const credentials: Credentials = {
    keys: {
      sandbox: kept?.keys.sandbox ?? newApiKey("sandbox"),
      live: kept?.keys.live ?? newApiKey("live"),
      ...(app.contracts.has("platform") ? { operator: kept?.keys.operator ?? newApiKey("live") } : {}),
    },
    logins: {
      staff: { email: staffEmail, key: kept?.logins.staff.key ?? newApiKey("sandbox") },
      ...(customer === undefined ? {} : { customer }),
    },
    ...shared,
  };
  // Kept before they are granted: a key that no one knows any more is of no use.
  await writeDemoFile(data, { baseUrl: options.baseUrl, ...credentials });
  const grants = grantsOf(credentials, roles);
  if (!(await areGranted(app, grants))) await grantKeys(app, grants);
  return credentials;
};
