/**
 * What a node counts of its calls until it is written: usage of what the writer has not recorded with a command, and traffic of everything. Kept in memory,
 * one counter for all calls that differ in nothing that is told. Bounded: calls that find no counter are counted under no app and the operation `*` of
 * their realm.
 */
import { rawGrain } from "../../batch/index.ts";
import { bucketOf, latencyBuckets } from "../../define/latency.ts";
import type { CallContext, RunOutcome } from "../../pipeline/context.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import { installationRealm } from "../../pipeline/identity/realm.ts";
import { meteringOf, unitsOf } from "../../pipeline/metering.ts";
import type { Row } from "../../store/store.ts";
import { Countries } from "./country.ts";

/** A row that has no id yet, and its realm. */
interface Counted {
  readonly realm: number;
  readonly dimensions: Row;
  calls: number;
}

export interface UsageCounter extends Counted {
  units: number;
}

interface TrafficCounter extends Counted {
  errors: number;
  readonly buckets: Uint32Array;
}

/** Operation of what found no counter of its own. */
export const otherOperation = "*";

/** What was called and what came of it. */
interface What {
  readonly service: string;
  readonly operation: string;
  readonly version: string;
  readonly statusClass: number;
}

const noBuckets = latencyBuckets.length;

export class Counters {
  readonly #max: number;
  readonly #countries = new Countries();
  #usage = new Map<string, UsageCounter>();
  #traffic = new Map<string, TrafficCounter>();

  /** `max`: counters of each kind. */
  constructor(max: number) {
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#usage.size === 0 && this.#traffic.size === 0;
  }

  get isFull(): boolean {
    return this.#usage.size >= this.#max || this.#traffic.size >= this.#max;
  }

  /** Counters of usage, for who asks what was used. */
  usage(): Iterable<UsageCounter> {
    return this.#usage.values();
  }

  /** `newest`: the version of the service as it is served; `at`: its minute, RFC 3339. */
  count(
    context: CallContext,
    outcome: RunOutcome,
    call: { readonly elapsedMs: number; readonly at: string; readonly newest: string },
  ): void {
    const caller = context.caller ?? context.call.principal;
    const { service, name: operation } = context.operation;
    const status = outcome.ok ? outcome.status : outcome.refusal.status;
    const version = context.call.version ?? call.newest;
    const { at } = call;
    const what: What = { service, operation, version, statusClass: Math.floor(status / 100) };
    if (caller !== undefined && context.metering?.isRecorded !== true) {
      // What was refused before it was run costs nothing.
      const isCosting = context.hasRun;
      const metering = meteringOf(context, caller, call.newest);
      const units = isCosting ? unitsOf(metering, { status, isReplayed: outcome.replayed === true }) : 0;
      this.#countUsage(caller, { at, what, units });
    }
    this.#countTraffic(context, caller, { at, what, elapsedMs: call.elapsedMs });
  }

  /** Takes the rows of usage and traffic that were counted; counting begins anew. */
  take(): { readonly usage: readonly Sealed[]; readonly traffic: readonly Sealed[] } {
    const usage = [...this.#usage.values()].map(({ realm, dimensions, calls, units }) => ({
      realm,
      row: { ...dimensions, grain: rawGrain, calls, units },
    }));
    const traffic = [...this.#traffic.values()].map(({ realm, dimensions, calls, errors, buckets }) => ({
      realm,
      row: {
        ...dimensions,
        grain: rawGrain,
        calls,
        errors,
        ...Object.fromEntries(latencyBuckets.map((name, at) => [name, buckets[at] ?? 0])),
      },
    }));
    this.#usage = new Map();
    this.#traffic = new Map();
    return { usage, traffic };
  }

  #countUsage(caller: Caller, { at, what, units }: { readonly at: string; readonly what: What; readonly units: number }): void {
    const { realm, environment, app, user, key = null, plan = null } = caller;
    const text = `${at}\n${realm}\n${environment}\n${app}\n${user}\n${key}\n${plan}\n${textOf(what)}`;
    let counter = this.#usage.get(text);
    if (counter === undefined) {
      const isOver = this.#usage.size >= this.#max;
      const dimensions = isOver
        ? {
            at,
            environment,
            app: null,
            user: null,
            key: null,
            plan: null,
            ...what,
            operation: otherOperation,
            version: otherOperation,
          }
        : { at, environment, app, user, key, plan, ...what };
      const place = isOver ? `${at}\n${realm}\n${environment}\n${what.service}\n${what.statusClass}` : text;
      counter = this.#usage.get(place) ?? { realm, dimensions, calls: 0, units: 0 };
      this.#usage.set(place, counter);
    }
    counter.calls++;
    counter.units += units;
  }

  #countTraffic(
    { call }: CallContext,
    caller: Caller | undefined,
    { at, what, elapsedMs }: { readonly at: string; readonly what: What; readonly elapsedMs: number },
  ): void {
    const realm = caller?.realm ?? installationRealm;
    const environment = caller?.environment ?? null;
    const app = caller?.app ?? null;
    const { channel } = call;
    const address = call.address ?? call.peer?.address;
    const country = address === undefined ? null : this.#countries.of(address);
    const text = `${at}\n${realm}\n${environment}\n${app}\n${channel}\n${country}\n${textOf(what)}`;
    let counter = this.#traffic.get(text);
    if (counter === undefined) {
      const isOver = this.#traffic.size >= this.#max;
      const dimensions = isOver
        ? { at, environment, app: null, channel, country: null, ...what, operation: otherOperation, version: otherOperation }
        : { at, environment, app, channel, country, ...what };
      const place = isOver ? `${at}\n${realm}\n${environment}\n${channel}\n${what.service}\n${what.statusClass}` : text;
      counter = this.#traffic.get(place) ?? { realm, dimensions, calls: 0, errors: 0, buckets: new Uint32Array(noBuckets) };
      this.#traffic.set(place, counter);
    }
    counter.calls++;
    if (what.statusClass >= 4) counter.errors++;
    const bucket = bucketOf(elapsedMs);
    counter.buckets[bucket] = (counter.buckets[bucket] ?? 0) + 1;
  }
}

export interface Sealed {
  readonly realm: number;
  readonly row: Row;
}

const textOf = ({ service, operation, version, statusClass }: What): string =>
  `${service}\n${operation}\n${version}\n${statusClass}`;
