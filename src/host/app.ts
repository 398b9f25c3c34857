/**
 * Puts services into service over an open store: contracts, writer, sources, pipeline. No listener, no configuration: what tests, the command
 * line and the server all start from.
 */
import { Audit, auditTables, refusedCall } from "../audit/index.ts";
import { AutomaticEvents, journalTable, Leases, Nonces, noncesTable, systemTables, usageTable, Writer } from "../batch/index.ts";
import { compile, type Contract } from "../contract/index.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { registerRelations } from "../pipeline/accept/query.ts";
import type { Call, Result } from "../pipeline/call.ts";
import { Directory } from "../pipeline/identity/directory.ts";
import { changedTable, directoryTable } from "../pipeline/identity/directory-tables.ts";
import { Identity, type IdentityOptions, type NonceStore, type TokenAuthority } from "../pipeline/identity/identity.ts";
import { keysTable } from "../pipeline/identity/keys-table.ts";
import { Secrets } from "../pipeline/identity/secrets.ts";
import { Outside, type OutsideOptions } from "../outbound/index.ts";
import { createPipeline } from "../pipeline/index.ts";
import { EventLog } from "../events/index.ts";
import type { Handover, Pipeline } from "../pipeline/pipeline.ts";
import { RecentCalls } from "../pipeline/recent-calls.ts";
import { Agendas, invariantsOf, Jobs, registerResources, Router, Sources } from "../sources/index.ts";
import { type OpenStore, realmOf } from "../store/index.ts";
import type { Table } from "../store/table.ts";
import { trafficTable } from "../manage/usage/index.ts";
import { checkCalls } from "./check-calls.ts";
import { checkRecords } from "./records.ts";
import { Signer } from "./forward.ts";
import { oauthTables } from "../oauth/index.ts";
import { ForwardClient } from "./forward-client.ts";
import type { Managed, ManagedParts } from "./managed.ts";
import { webhookStateTable } from "./webhooks/state-table.ts";

export interface AppOptions {
  readonly services: readonly ServiceDefinition[];
  /** The services compiled, where that was done already. */
  readonly contracts?: ReadonlyMap<string, Contract>;
  readonly store: OpenStore;
  /** The installation's secret: signs cursors, and calls between nodes. At least 32 characters. */
  readonly cursorSecret: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Told of errors that are ours; with the request id where one request is to blame. */
  readonly onError?: (error: unknown, operation: string, requestId?: string) => void;
  readonly onCall?: (call: Call, result: Result) => void;
  readonly queueMax?: number;
  /** Whom jobs may ask outside, besides public addresses. */
  readonly outside?: Omit<OutsideOptions, "clock">;
  /** Limits, policies and the record of usage; absent: calls are not limited nor counted. */
  readonly managed?: (parts: ManagedParts) => Managed;
  readonly identity?: Pick<IdentityOptions, "publicTenant" | "operatorTenant" | "onUse">;
  /** Verifies access tokens; absent: there are none. */
  readonly tokens?: (parts: TokenParts) => TokenAuthority;
}

/** What tokens are verified with. */
export interface TokenParts {
  readonly store: OpenStore;
  readonly directory: Directory;
  readonly nonces: NonceStore;
}

export interface App {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly store: OpenStore;
  readonly writer: Writer;
  /** Timed work; started where the app lives on. */
  readonly agenda: Agendas;
  readonly identity: Identity;
  /** What this node knows of keys, apps and plans; it hears of changes once it is started. */
  readonly directory: Directory;
  readonly secrets: Secrets;
  /** What is refused is told of at once; checkpoints are signed once it is started. Stopped before the store is closed. */
  readonly audit: Audit;
  readonly pipeline: Pipeline;
  /** What was committed, in order; stopped before the store is closed. */
  readonly events: EventLog;
  /** Work that nobody calls; started where the app lives on, once it has its leases, and stopped before they are given back. */
  readonly jobs: Jobs;
  /** Where other processes may write too: which of them writes what. Joined where the app can be reached. */
  readonly leases: Leases | undefined;
  /** Signs calls between nodes. */
  readonly signer: Signer;
  readonly takeOver: Handover["takeOver"];
  /** Started once the app lives on. */
  readonly managed: Managed | undefined;
}

/** Tables that every installation has, whatever its services. */
export const installationTables: readonly Table[] = [
  ...systemTables,
  ...auditTables,
  directoryTable,
  changedTable,
  noncesTable,
  ...oauthTables,
  keysTable,
  usageTable,
  trafficTable,
  webhookStateTable,
];

/** A table stands after those it refers to; in a circle the order of definition decides. */
export const inReferenceOrder = (tables: readonly Table[]): readonly Table[] => {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const ordered = new Set<Table>();
  const visit = (table: Table, path: ReadonlySet<Table>): void => {
    if (ordered.has(table) || path.has(table)) return;
    for (const reference of table.references) {
      const target = byName.get(reference.table);
      if (target !== undefined) visit(target, new Set([...path, table]));
    }
    ordered.add(table);
  };
  for (const table of tables) visit(table, new Set());
  return [...ordered];
};

/** Every table the services need: what `pons migrate` works towards. */
export const tablesOf = (contracts: Iterable<Contract>): readonly Table[] => [
  ...installationTables,
  ...inReferenceOrder([...contracts].flatMap((contract) => contract.tables)),
];

/** Compiles services. Throws `DefinitionError`. */
export const compileServices = (services: readonly ServiceDefinition[]): ReadonlyMap<string, Contract> => {
  const contracts = new Map<string, Contract>();
  for (const service of services) {
    if (contracts.has(service.name)) throw new TypeError(`two services are called ${service.name}`);
    contracts.set(service.name, compile(service));
  }
  return contracts;
};

/** The app over a store whose schema fits. */
export const createApp = (options: AppOptions): App => {
  const { store } = options;
  const clock = options.clock ?? Date.now;
  const now = (): string => new Date(clock()).toISOString();
  const contracts = options.contracts ?? compileServices(options.services);
  checkRecords(contracts.values(), installationTables);
  checkCalls(contracts);
  const sequences = new Map<string, readonly Table[]>();
  const inMemory = new Map<string, readonly Table[]>();
  for (const contract of contracts.values()) {
    registerRelations(contract.resources.values());
    registerResources(contract.resources.values());
    const counted = [...contract.resources.values()].filter((resource) => resource.set.sequence.length > 0);
    sequences.set(
      contract.service,
      counted.map((resource) => resource.table),
    );
    inMemory.set(
      contract.service,
      contract.tables.filter((table) => table.inMemory === true),
    );
  }
  const { onError, onCall } = options;
  const leases = store.engine === "postgres" ? new Leases(store, onError === undefined ? {} : { onError }) : undefined;
  const signer = new Signer(options.cursorSecret);
  const agenda = new Agendas({
    store,
    contracts: contracts.values(),
    sequences,
    inMemory,
    clock,
    ...(leases === undefined ? {} : { worksOn: (realm: number) => leases.worksOn(realm) }),
    ...(onError === undefined ? {} : { onError }),
  });
  const secrets = new Secrets(options.cursorSecret);
  const directory = new Directory(store, {
    clock,
    ...(onError === undefined ? {} : { onError: (error: unknown) => onError(error, "directory") }),
  });
  const writer = new Writer(store, {
    secrets,
    onPublished: (changed) => directory.notice(changed),
    order: tablesOf(contracts.values()),
    clock,
    agenda,
    invariants: invariantsOf(contracts.values()),
    automatic: new AutomaticEvents(contracts.values()),
    ...(leases === undefined ? {} : { leases }),
    ...(onError === undefined ? {} : { onError }),
    ...(options.queueMax === undefined ? {} : { queueMax: options.queueMax }),
  });
  const audit = new Audit(store, {
    secret: options.cursorSecret,
    journal: writer.journalHeads,
    clock,
    ...(onError === undefined ? {} : { onError }),
  });
  const nonces = new Nonces(store, { clock });
  const tokens = options.tokens?.({ store, directory, nonces });
  const identity = new Identity({
    directory,
    realmOf: (tenant, environment) => realmOf(store, tenant, environment),
    placeOf: (realm) => store.realms.at(realm),
    secrets,
    clock,
    nonces,
    ...(tokens === undefined ? {} : { tokens }),
    ...options.identity,
  });
  const recentCalls = new RecentCalls(now);
  const sources = new Sources(store, writer, {
    contracts,
    sequences,
    inMemory,
    now,
    secrets,
    recentCalls,
    realmOf: (tenant, environment) => realmOf(store, tenant, environment),
  });
  const managed = options.managed?.({
    store,
    writer,
    directory,
    contracts,
    clock,
    recentCalls,
    worksOn: (realm) => leases?.worksOn(realm) ?? true,
  });
  const events = new EventLog(store, {
    table: journalTable,
    ...(onError === undefined ? {} : { onError: (error: unknown, operation: string) => onError(error, operation) }),
  });
  writer.journalHeads.listen((heads) => events.moved(heads));
  const pipeline = createPipeline({
    events,
    contracts,
    identity,
    ...(managed === undefined ? {} : { gate: managed.gate }),
    executor: leases === undefined ? sources : new Router(sources, { leases, peers: new ForwardClient(signer) }),
    cursorSecret: options.cursorSecret,
    now,
    onRefused: (context, refusal) => {
      const told = refusedCall(context, refusal);
      if (told !== undefined) audit.refused(told);
    },
    ...(onError === undefined
      ? {}
      : { onError: (error: unknown, call: Call) => onError(error, call.operation.name, call.requestId) }),
    ...(onCall === undefined ? {} : { onCall }),
  });
  const jobs = new Jobs({
    store,
    writer,
    events,
    contracts,
    sequences,
    inMemory,
    secrets,
    run: (call) => pipeline.run(call),
    parties: new Outside({ ...options.outside, clock }),
    clock,
    worksOn: leases === undefined ? undefined : (realm) => leases.holds(realm),
    onError,
  });
  const { takeOver } = pipeline;
  return {
    contracts,
    store,
    writer,
    agenda,
    identity,
    directory,
    secrets,
    audit,
    pipeline,
    events,
    jobs,
    leases,
    signer,
    takeOver,
    managed,
  };
};
