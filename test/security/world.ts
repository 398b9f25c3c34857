/**
 * All shipped services with a row of every resource in one tenant, and a key for every role in every tenant: what the matrix of operation, role and tenant
 * is walked over. Texts of the rows hold a word that is theirs alone.
 */
import { compileValue } from "../../src/contract/values/fields.ts";
import type { Contract, Operation, ResourceContract } from "../../src/contract/contract.ts";
import { exampleOf } from "../../src/contract/example.ts";
import type { Field } from "../../src/define/field.ts";
import { inReferenceOrder } from "../../src/host/app.ts";
import { loadServices } from "../../src/host/load-services.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { absentValue } from "../../src/sources/table/default.ts";
import { realmOf } from "../../src/store/index.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";

/** The word in the rows of the tenant that has some. */
export const canary = "NORTHERNSECRET";

/** Tenant and environment that a key is of. */
export interface Home {
  readonly name: string;
  readonly tenant: string;
  readonly environment: string;
}

/** Has rows. */
export const north: Home = { name: "north", tenant: "north", environment: "sandbox" };
/** Has none. */
export const south: Home = { name: "south", tenant: "south", environment: "sandbox" };
/** Another environment of the tenant that has rows: its own but for what is the tenant's as a whole. */
export const northLive: Home = { name: "northLive", tenant: "north", environment: "live" };

/** Roles that nobody is granted. */
const ungranted: ReadonlySet<string> = new Set(["anyone", "system"]);

export interface Who {
  readonly home: Home;
  readonly service: string;
  /** Undefined: without credentials. */
  readonly role: string | undefined;
  readonly key: string | undefined;
}

export interface World extends AsyncDisposable {
  readonly nodes: Nodes;
  readonly contracts: ReadonlyMap<string, Contract>;
  /** Callers of a service in a home: one of each role that can be granted. */
  callers(home: Home, service: string): readonly Who[];
  /** Id of the row of a resource in the north. */
  idOf(resource: ResourceContract): string | undefined;
  /** Resources whose example row the service does not let stand. */
  readonly without: readonly string[];
  /** Number of rows of the journal, and all rows of every resource, of the north. */
  snapshot(): Promise<string>;
}

export const missingIdOf = ({ prefix }: ResourceContract): string => `${prefix}_00000000000000000000000000`;

const decoded = (field: Field, wire: unknown): unknown => {
  const value = compileValue(field)(wire, false);
  if (!value.ok) throw new Error(`${field.kind}: ${value.issue.code}`);
  return value.value;
};

const isWord = ({ kind, options }: Field): boolean => {
  const { pattern, maxLength = 1_000 } = options as { pattern?: string; maxLength?: number };
  return (kind === "string" || kind === "text") && pattern === undefined && maxLength >= canary.length;
};

/** A value of a field, as a row holds it. */
const valueOf = (resource: ResourceContract, name: string, field: Field, ids: ReadonlyMap<string, string>): unknown => {
  const { options } = field;
  if (field.kind === "ref") return ids.get(field.target ?? "") ?? null;
  if (isWord(field)) return canary;
  if (options.default !== undefined || options.optional === true) return absentValue(resource, name);
  if (field.kind === "integer" || field.kind === "money") {
    const zero = field.kind === "money" ? 0n : 0;
    const { min } = options as { min?: number | bigint };
    return min !== undefined && min > zero ? min : zero;
  }
  return decoded(field, exampleOf(field, { name }));
};

/** Shipped services, and those of the tests of credentials. */
export const openWorld = async (database: TestDatabase): Promise<World> => {
  const shipped = (await loadServices([])).map(({ definition }) => definition);
  const nodes = await openNodes(database, { services: [...shipped, registry, archive] });
  const { app, store } = nodes.running;
  const { contracts } = app;
  const rows = new Map<ResourceContract, string>();
  const without: string[] = [];
  const realmIn = async ({ tenant, environment }: Home, { definition }: Contract): Promise<number> =>
    realmOf(store, tenant, definition.rowsOf === "tenant" ? "tenant" : environment);

  for (const contract of contracts.values()) {
    const ids = new Map<string, string>();
    const realm = await realmIn(north, contract);
    const seeder = createSeeder(app, contract, nodes.running.caller("none", { tenant: north.tenant, realm }));
    const byTable = new Map([...contract.resources.values()].map((resource) => [resource.table, resource]));
    // Records of the installation itself, such as usage, are rows of a realm too.
    for (const table of inReferenceOrder([...new Set([...contract.tables, ...byTable.keys()])])) {
      const resource = byTable.get(table);
      if (resource === undefined) continue;
      const id = `${resource.prefix}_${newIdentifier()}`;
      const moment = new Date().toISOString();
      const set = new Map<string, unknown>([
        ...[...resource.set.created, ...resource.set.updated].map((name) => [name, moment] as const),
        ...[...resource.set.version, ...resource.set.sequence].map((name) => [name, 1] as const),
        ["id", id],
      ]);
      const row = Object.fromEntries(
        Object.entries(resource.fields).map(([name, field]) => [name, set.get(name) ?? valueOf(resource, name, field, ids)]),
      );
      try {
        await seeder.insert(resource.definition as never, [row]);
        ids.set(resource.name, id);
        rows.set(resource, id);
      } catch {
        without.push(`${contract.service}.${resource.name}`);
      }
    }
  }
  nodes.errors.length = 0;
  for (const { tenant } of [north, south]) await nodes.publish("tenant", tenant, { id: tenant, status: "active" });

  const keys = new Map<string, readonly Who[]>();
  for (const home of [north, south, northLive]) {
    for (const contract of contracts.values()) {
      const { service, roles, definition } = contract;
      const granted = Object.keys(roles).filter((role) => !ungranted.has(role));
      const whos = await Promise.all(
        granted.map(async (role): Promise<Who> => {
          const { tenant, environment } = home;
          // Whoever acts for a row of the own tenant stands for none of the north's.
          const subject = definition.singletons.length > 0 ? `own_${home.name}` : null;
          const key = await nodes.grant({ tenant, environment, subject, roles: [`${service}:${role}`] });
          return { home, service, role, key };
        }),
      );
      // The names of roles that nobody is granted open nothing.
      const { tenant, environment } = home;
      const usurped = [...ungranted, ...[...ungranted].map((role) => `${service}:${role}`)];
      const usurper = await nodes.grant({ tenant, environment, roles: usurped });
      keys.set(`${home.name} ${service}`, [...whos, { home, service, role: "usurper", key: usurper }]);
    }
  }
  return {
    nodes,
    contracts,
    callers: (home, service) => keys.get(`${home.name} ${service}`) ?? [],
    idOf: (resource) => rows.get(resource),
    without,
    async snapshot() {
      const realms = await Promise.all([...contracts.values()].map((contract) => realmIn(north, contract)));
      const tables = [...contracts.values()].flatMap((contract, at) =>
        [...contract.resources.values()].map(({ table }) => [table.name, realms[at]] as const),
      );
      const contents = await Promise.all(
        [...tables, ...realms.map((realm) => ["pons_journal", realm] as const)].map(async ([name, realm]) =>
          store.admin.query(`SELECT * FROM "${name}" WHERE realm = ${realm}`, []),
        ),
      );
      return JSON.stringify(contents, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    },
    [Symbol.asyncDispose]: () => nodes[Symbol.asyncDispose](),
  };
};

/** Whether an operation is open to a role. */
export const isOpenTo = ({ roles }: Operation, role: string | undefined): boolean =>
  roles.has("anyone") || (role !== undefined && roles.has(role));
