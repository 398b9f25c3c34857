/**
 * Tenants, their keys and their accounts, put into a database before a server opens it: in the directory everything that the control plane would have
 * published of them, and policies as it keeps them.
 *
 * Each tenant has an app with a subscription (product and plan), policies, one customer and his accounts; keys and accounts are dealt out in turn. Every
 * database holds as many accounts, whatever the number of tenants.
 */
import platform from "../../services/platform/index.ts";
import type { Contract } from "../../src/contract/index.ts";
import type { Policy } from "../../src/define/policy.ts";
import { compileServices, tablesOf } from "../../src/host/app.ts";
import { hashOfKey, newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { directoryTable } from "../../src/pipeline/identity/directory-tables.ts";
import type { AppEntry, KeyEntry, PlanEntry, PlanLimit, ProductEntry, TenantEntry } from "../../src/pipeline/identity/entries.ts";
import { installationRealm } from "../../src/pipeline/identity/realm.ts";
import { applyMigration, type OpenStore, openStore, planMigration, type Row } from "../../src/store/index.ts";
import type { Table } from "../../src/store/table.ts";
import { accountCount, accountId } from "../peers/bank.ts";
import { desk } from "./desk.ts";

export const environment = "live";
export const tenantName = (tenant: number): string => `tenant-${tenant}`;
export const customerOf = (tenant: number): string => `cus_${String(tenant).padStart(26, "0")}`;
const idOf = (prefix: string, number: number): string => `${prefix}_${String(number).padStart(26, "0")}`;

/** So much that nothing is refused by it. */
const ample = 1_000_000_000;
const rowsPerWrite = 5_000;
const realmsPerStatement = 500;

export interface Scale {
  readonly keys: number;
  readonly tenants: number;
}

export interface Filled {
  /** A key and the address of an account that it may see, a line each: every key where there are more keys than accounts, else every account. */
  readonly requestsFile: string;
  /** A key of the first tenant, limited in every way. */
  readonly key: string;
  /** One of the same tenant that is limited in none: no app, no scopes, every row. */
  readonly plainKey: string;
  /** Addresses of the first tenant's accounts. */
  readonly paths: readonly string[];
}

export const accountPath = (id: string): string => `/desk/v1/accounts/${id}`;

const limit = (name: string, kind: PlanLimit["kind"], more: Partial<PlanLimit>): PlanLimit => ({
  name,
  kind,
  limit: ample,
  windowSeconds: 0,
  period: null,
  per: "app",
  operations: null,
  each: false,
  ...more,
});

/** Three limits and a quota. */
const plan: PlanEntry = {
  name: "business",
  priority: 5,
  limits: [
    limit("burst", "burst", { windowSeconds: 1 }),
    limit("minute", "rate", { windowSeconds: 60 }),
    limit("atOnce", "concurrency", { limit: 10_000, per: "tenant" }),
    limit("month", "quota", { period: "month" }),
  ],
  costs: { "desk.accounts.create": 2 },
  unitPrice: 0,
};

const policy = <K extends Policy["kind"]>(kind: K, more: Pick<Policy<K>, "settings"> & Partial<Policy<K>>) => ({
  kind,
  scope: {},
  order: 0,
  ...more,
});

/** Two that the calls meet and pass, and two that are for other calls. */
const policies = [
  policy("authenticationStrength", { settings: { accepted: ["key", "signature", "token"] } }),
  policy("size", { settings: { requestBytesMax: 1_000_000 }, scope: { operations: ["desk.*"] } }),
  policy("operationSwitch", { settings: { isOn: false }, scope: { operations: ["desk.audit"], roles: ["clerk"] } }),
  policy("redaction", { settings: { fields: ["desk.accounts.iban"], mask: "last4" }, scope: { roles: ["clerk"] } }),
];

type Entry = readonly [kind: string, name: string, value: object];

const tenantEntries = (tenant: number): readonly Entry[] => [
  ["tenant", tenantName(tenant), { id: idOf("ten", tenant), status: "active" } satisfies TenantEntry],
  ["plan", idOf("pln", tenant), plan],
  [
    "product",
    idOf("prd", tenant),
    { status: "active", services: [{ service: "desk", roles: ["customer"] }] } satisfies ProductEntry,
  ],
  [
    "app",
    idOf("app", tenant),
    {
      name: "shop",
      owner: null,
      status: "active",
      subscriptions: [{ product: idOf("prd", tenant), plan: idOf("pln", tenant), environment }],
      signers: [],
      secrets: [],
      roles: [],
      redirectUris: [],
      grantTypes: [],
      scopes: null,
      isConfidential: true,
    } satisfies AppEntry,
  ],
];

const keyEntry = (secret: string, index: number, tenant: number): Entry => [
  "key",
  hashOfKey(secret),
  {
    id: idOf("key", index),
    tenant: tenantName(tenant),
    environment,
    app: idOf("app", tenant),
    user: null,
    subject: customerOf(tenant),
    roles: [],
    scopes: ["desk.accounts:read", "desk.accounts:write", "desk.ping"],
    ips: null,
    operations: ["desk.*"],
    expiresAt: "2100-01-01T00:00:00.000Z",
  } satisfies KeyEntry,
];

const plainEntry = (secret: string): Entry => [
  "key",
  hashOfKey(secret),
  {
    id: hashOfKey(secret).slice(0, 12),
    tenant: tenantName(0),
    environment,
    app: null,
    user: null,
    subject: null,
    roles: ["clerk"],
    scopes: null,
    ips: null,
    operations: null,
    expiresAt: null,
  } satisfies KeyEntry,
];

const account = (index: number, tenant: number): Row => ({
  id: accountId(index),
  customer: customerOf(tenant),
  kind: "customer",
  name: `Account ${String(index).padStart(9, "0")}`,
  currency: "EUR",
  debitsPosted: 0n,
  creditsPosted: BigInt(index) * 137n,
  debitsPending: 0n,
  creditsPending: 0n,
  balance: BigInt(index) * 137n,
  overdraftLimit: 0n,
  maxBalance: null,
  status: index % 5 === 0 ? "frozen" : "active",
  frozenReason: null,
  iban: `BG80BNBA9661${String(index).padStart(10, "0")}`,
  version: 1,
  createdAt: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
});

type Insert = { readonly realm: number; readonly row: Row };

/** Writes rows a few thousand at a time: a million keys are never rows in memory at once. */
async function insert(store: OpenStore, table: Table, rows: Iterable<Insert>): Promise<void> {
  let waiting: Insert[] = [];
  const write = async () => {
    const inserts = waiting;
    waiting = [];
    if (inserts.length > 0) await store.write((tx) => tx.apply([{ table, inserts, updates: [], deletes: [] }]));
  };
  for (const row of rows) if (waiting.push(row) === rowsPerWrite) await write();
  await write();
}

/** Realms by tenant: of the live environment, and of what belongs to the tenant as a whole. */
async function makeRealms(
  store: OpenStore,
  tenants: number,
): Promise<readonly { readonly live: number; readonly whole: number }[]> {
  const places = Array.from({ length: tenants }, (_, tenant) => tenantName(tenant)).flatMap((name) => [
    [name, environment],
    [name, "tenant"],
  ]);
  for (let at = 0; at < places.length; at += realmsPerStatement) {
    const part = places.slice(at, at + realmsPerStatement);
    const values = part.map((_, index) => `($${index * 2 + 1}, $${index * 2 + 2})`);
    await store.admin.query(`INSERT INTO pons_realms (tenant, environment) VALUES ${values.join(", ")}`, part.flat());
  }
  const rows = await store.admin.query("SELECT realm, tenant, environment FROM pons_realms", []);
  const realms = new Map(rows.map((row) => [`${String(row["tenant"])} ${String(row["environment"])}`, Number(row["realm"])]));
  return Array.from({ length: tenants }, (_, tenant) => ({
    live: realms.get(`${tenantName(tenant)} ${environment}`) ?? 0,
    whole: realms.get(`${tenantName(tenant)} tenant`) ?? 0,
  }));
}

/** In the order of their hashes, in which they lie in the database: a million are put in at its end rather than all over it. */
const newKeys = (count: number): readonly string[] =>
  Array.from({ length: count }, () => newApiKey(environment))
    .map((secret) => ({ secret, hash: hashOfKey(secret) }))
    .toSorted((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ secret }) => secret);

const tableOf = (contracts: ReadonlyMap<string, Contract>, service: string, resource: string): Table => {
  const found = contracts.get(service)?.resources.get(resource)?.table;
  if (found === undefined) throw new Error(`${service} has no ${resource}`);
  return found;
};

export const services = [platform, desk];

/** Fills an empty database; `requestsFile` is written. */
export async function fill(
  databaseUrl: string,
  { keys, tenants, requestsFile }: Scale & { readonly requestsFile: string },
): Promise<Filled> {
  const contracts = compileServices(services);
  const store = await openStore(databaseUrl);
  try {
    await applyMigration(store, await planMigration(store, tablesOf(contracts.values())), { destructive: false });
    const realms = await makeRealms(store, tenants);
    const published = ([kind, name, value]: Entry, tenant: number): Insert => ({
      realm: installationRealm,
      row: { kind, name, owner: realms[tenant]?.whole ?? 0, value: value as Row[string] },
    });
    const secrets = newKeys(keys);
    const plainKey = newApiKey(environment);
    await insert(
      store,
      directoryTable,
      (function* () {
        yield published(plainEntry(plainKey), 0);
        for (let tenant = 0; tenant < tenants; tenant++)
          for (const entry of tenantEntries(tenant)) yield published(entry, tenant);
        for (const [index, secret] of secrets.entries())
          yield published(keyEntry(secret, index, index % tenants), index % tenants);
      })(),
    );
    const at = new Date().toISOString();
    const fixed = {
      doc: null,
      enabled: true,
      environment: null,
      revision: 1,
      changedBy: "benchmark",
      createdAt: at,
      updatedAt: at,
    };
    await insert(
      store,
      tableOf(contracts, "platform", "policies"),
      realms.flatMap(({ whole }, tenant) =>
        policies.map((each, index) => ({
          realm: whole,
          row: {
            ...fixed,
            ...each,
            id: idOf("pol", tenant * policies.length + index),
            name: `${each.kind}-${index}`,
          } as unknown as Row,
        })),
      ),
    );
    await insert(
      store,
      tableOf(contracts, "desk", "accounts"),
      Array.from({ length: accountCount }, (_, index) => ({
        realm: realms[index % tenants]?.live ?? 0,
        row: account(index, index % tenants),
      })),
    );
    if (store.engine === "postgres") await store.admin.query("ANALYZE", []);
    // Tenants are no more than keys and accounts, and divide both: what belongs to the same tenant has the same remainder.
    const lines = Array.from(
      { length: Math.max(keys, accountCount) },
      (_, index) => `${secrets[index % keys] ?? ""} ${accountPath(accountId(index % accountCount))}\n`,
    );
    await Bun.write(requestsFile, lines);
    return {
      requestsFile,
      key: secrets[0] ?? "",
      plainKey,
      paths: Array.from({ length: Math.ceil(accountCount / tenants) }, (_, index) => accountPath(accountId(index * tenants))),
    };
  } finally {
    await store.close();
  }
}
