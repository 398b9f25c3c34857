/**
 * What makes calls managed: limits by plan, policies of tenants, shedding of load, the record. Put together from an app's parts; started once the app
 * lives on, and stopped before its store is closed.
 */
import { ManagedGate, type Recorder } from "../manage/gate.ts";
import { loadUsedFrom, type Retention, Usage } from "../manage/usage/index.ts";
import { Origins } from "../manage/policies/origins.ts";
import { Policies } from "../manage/policies/policies.ts";
import { PolicySets } from "../manage/policies/set.ts";
import { RecentRecorder } from "../manage/recent.ts";
import { EventLoopLag, type Limiter, type LoadUsed, Shedder } from "../limits/index.ts";
import type { Gate } from "../pipeline/gate.ts";
import type { Writer } from "../batch/index.ts";
import type { Contract } from "../contract/index.ts";
import type { Directory } from "../pipeline/identity/directory.ts";
import type { RecentCalls } from "../pipeline/recent-calls.ts";
import { type OpenStore, realmOf } from "../store/index.ts";

/** The parts of an app that it is made of. */
export interface ManagedParts {
  readonly store: OpenStore;
  readonly writer: Writer;
  readonly directory: Directory;
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly clock: () => number;
  /** To be told of every call, so that a draft of a policy can be tried on them. */
  readonly recentCalls: RecentCalls;
  /** Whether a realm's timed work is for this process to do. */
  readonly worksOn: (realm: number) => boolean;
}

export interface ManagedOptions {
  /** The limiter, or how one is made that asks what was used of quotas before it counts. */
  readonly limiter: Limiter | ((load: LoadUsed) => Limiter);
  /** How long usage and traffic stay as fine as they are. */
  readonly retention?: Partial<Retention>;
  /** Calls under way at the same time before the first is shed. */
  readonly inFlightMax?: number;
  readonly recorders?: readonly Recorder[];
  readonly onError?: (error: unknown, operation: string, requestId?: string) => void;
}

export interface Managed {
  readonly gate: Gate;
  readonly usage: Usage;
  /** What pages of other origins may do; absent without a control plane. */
  readonly origins: Origins | undefined;
  /** Reads what has to be there before the first call. */
  start(): Promise<void>;
  /** Writes what is counted and not yet written. Before the store is closed, behind the last call. */
  stop(): Promise<void>;
}

const inFlightDefault = 20_000;
/** How late timers may fire, one after the other, before all plans but the highest are shed; the lowest are at three quarters of it. */
const lagMsMax = 2_000;

/** Enabled CORS policies of all tenants: a preflight names no tenant. */
const readCors = async (parts: ManagedParts, table: string): Promise<readonly { id: string; settings: unknown }[]> => {
  const rows = await parts.store.admin.query(`SELECT id, settings FROM "${table}" WHERE kind = 'cors' AND enabled`, []);
  return rows.map(({ id, settings }) => ({
    id: String(id),
    settings: typeof settings === "string" ? (JSON.parse(settings) as unknown) : settings,
  }));
};

/** Puts the managed part of an app together. */
export const createManaged = (parts: ManagedParts, options: ManagedOptions): Managed => {
  const { directory, contracts, clock, store, recentCalls } = parts;
  const { onError = () => undefined } = options;
  const resource = contracts.get("platform")?.resources.get("policies");
  const sets =
    resource === undefined
      ? undefined
      : new PolicySets(store, { directory, policies: resource, onError: (error) => onError(error, "policies") });
  const policies =
    sets === undefined
      ? undefined
      : new Policies({
          sets,
          contracts,
          realmOf: (tenant, environment) => realmOf(store, tenant, environment),
          clock,
          onFlaw: (operation, flaws, requestId) =>
            onError(
              new Error(`the answer does not fit: ${flaws.join("; ")}`),
              `${operation.service}.${operation.name}`,
              requestId,
            ),
        });
  const origins =
    resource === undefined
      ? undefined
      : new Origins({
          directory,
          read: () => readCors(parts, resource.table.name),
          onError: (error) => onError(error, "policies"),
        });
  const { limiter } = options;
  const usage = new Usage({
    store,
    contracts,
    clock,
    onError,
    worksOn: parts.worksOn,
    ...(options.retention === undefined ? {} : { retention: options.retention }),
  });
  const lag = new EventLoopLag();
  const gate = new ManagedGate({
    directory,
    contracts,
    clock,
    limiter: typeof limiter === "function" ? limiter(loadUsedFrom(usage, directory)) : limiter,
    shedder: new Shedder({ inFlightMax: options.inFlightMax ?? inFlightDefault, lag: { now: () => lag.ms, maxMs: lagMsMax } }),
    recorders: [new RecentRecorder(recentCalls), usage, ...(options.recorders ?? [])],
    ...(policies === undefined ? {} : { policies }),
  });
  return {
    gate,
    usage,
    origins,
    async start() {
      await origins?.load();
      usage.start();
    },
    async stop() {
      origins?.stop();
      lag[Symbol.dispose]();
      await usage.stop();
    },
  };
};
