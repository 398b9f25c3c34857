/**
 * Demo data. A tenant's environment that does not exist yet is filled under another name and renamed when it is whole: whoever stops the first
 * start halfway finds an empty environment at the next one, not half a bank. A service that joins later is filled in place, once.
 */
import { countersTable } from "../batch/system-tables.ts";
import type { Contract } from "../contract/index.ts";
import { type OpenStore, realmOf, StoreError } from "../store/index.ts";
import type { App } from "./app.ts";
import type { LoadedService } from "./load-services.ts";
import { createSeeder, type StaffCaller } from "./seeder.ts";

/** Told of rows done: `{ service: "bank", done: 500, total: 5500 }`. */
export type SeedProgress = (progress: { readonly service: string; readonly done: number; readonly total: number }) => void;

export interface SeedOptions {
  readonly app: App;
  readonly services: readonly LoadedService[];
  readonly tenant: string;
  readonly environment: string;
  /** Roles the seeder acts with. */
  readonly roles: readonly string[];
  readonly onProgress?: SeedProgress;
  readonly signal?: AbortSignal;
}

const appName = "seed";
const markerOf = (service: string): string => `seeded.${service}`;

const realmIfThere = async (store: OpenStore, tenant: string, environment: string): Promise<number | undefined> => {
  const rows = await store.admin.query("SELECT realm FROM pons_realms WHERE tenant = $1 AND environment = $2", [
    tenant,
    environment,
  ]);
  return rows.length === 0 ? undefined : Number(rows[0]?.["realm"]);
};

/** Marks a service as seeded. Returns false when it was before. */
const mark = async (app: App, realm: number, service: string): Promise<boolean> => {
  const name = markerOf(service);
  let isFirst = false;
  const origin = {
    operation: `${service}.seed`,
    channel: "seed",
    requestId: "seed",
    address: null,
    app: appName,
    user: null,
    subject: null,
  };
  const [outcome] = await app.writer.submit({
    steps: [
      {
        realm,
        origin,
        sequences: [],
        needs: [() => [{ by: "key", table: countersTable, key: [name] }]],
        evaluate(unit) {
          isFirst = unit.next(realm, name) === 1;
          return { ok: true, status: 204, data: () => undefined };
        },
      },
    ],
  });
  if (outcome?.ok !== true) throw new Error(`the seed of ${service} was not recorded`, { cause: outcome });
  return isFirst;
};

const isMarked = async (store: OpenStore, realm: number, service: string): Promise<boolean> => {
  const found = await store.read(markerShape, [{ realm, params: [markerOf(service)], limit: 1 }]);
  return (found[0]?.length ?? 0) > 0;
};

const markerShape = {
  kind: "rows",
  key: "pons_counters.seeded",
  table: countersTable,
  joins: [],
  links: [],
  params: [{ name: "name", type: "text" }],
  where: { op: "eq", left: { field: ["name"] }, right: { param: "name" } },
  select: ["name"],
  order: [{ path: ["name"], direction: "asc" }],
} as const;

/** Whether the service has no row in the realm. */
const isEmptyIn = async (store: OpenStore, contract: Contract, realm: number): Promise<boolean> => {
  for (const { table } of contract.resources.values()) {
    const first = table.key[0] ?? "id";
    const [rows] = await store.read(
      {
        kind: "rows",
        key: `${table.name}.any`,
        table,
        joins: [],
        links: [],
        params: [],
        select: [first],
        order: table.key.map((field) => ({ path: [field], direction: "asc" as const })),
      },
      [{ realm, params: [], limit: 1 }],
    );
    if ((rows?.length ?? 0) > 0) return false;
  }
  return true;
};

const fill = async (options: SeedOptions, service: LoadedService, realm: number): Promise<void> => {
  const { app, tenant, environment, roles, onProgress, signal } = options;
  const { name, seed } = service.definition;
  const contract = app.contracts.get(name);
  if (contract === undefined || seed === undefined || !(await mark(app, realm, name))) return;
  const caller: StaffCaller = {
    tenant,
    environment,
    realm,
    app: appName,
    user: null,
    subject: null,
    roles: [...roles].toSorted(),
  };
  for await (const { done, total } of seed(createSeeder(app, contract, caller))) {
    onProgress?.({ service: name, done, total });
    signal?.throwIfAborted();
  }
};

const fillAnew = async (options: SeedOptions, seeded: readonly LoadedService[]): Promise<void> => {
  const { app, tenant, environment } = options;
  const { store } = app;
  const realm = await realmOf(store, tenant, `${environment}.being-seeded.${crypto.randomUUID()}`);
  for (const service of seeded) await fill(options, service, realm);
  await app.writer.drained();
  try {
    await store.admin.query("UPDATE pons_realms SET environment = $1 WHERE realm = $2", [environment, realm]);
  } catch (error) {
    // Another process was faster: what it made is as good, and ours stays unused under its other name.
    if (!(error instanceof StoreError && error.kind === "unique")) throw error;
  }
};

/**
 * Seeds what was not seeded yet. Returns the names of the services that were. Throws when a row is refused, or when the signal aborts between two
 * batches.
 */
export const seedEnvironment = async (options: SeedOptions): Promise<readonly string[]> => {
  const { app, tenant, environment } = options;
  const { store } = app;
  const seeded = options.services.filter(({ definition }) => definition.seed !== undefined);
  const realm = await realmIfThere(store, tenant, environment);
  if (realm === undefined) {
    await fillAnew(options, seeded);
    return seeded.map(({ definition }) => definition.name);
  }
  const done: string[] = [];
  for (const service of seeded) {
    const { name } = service.definition;
    const contract = app.contracts.get(name);
    if (contract === undefined || (await isMarked(store, realm, name)) || !(await isEmptyIn(store, contract, realm))) continue;
    await fill(options, service, realm);
    done.push(name);
  }
  return done;
};
