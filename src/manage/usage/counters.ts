/**
 * What a node counts of its calls until it is written: usage of what the writer has not recorded with a command, and traffic of everything. Kept in memory,
 * one counter for all calls that differ in nothing that is told. Bounded: calls that find no counter are counted under no app and the operation `*` of
 * their realm.
 */
import { rawGrain } from "../../batch/index.ts";
import { bucketOf, latencyBuckets } from "../../define/latency.ts";
import type { Operation } from "../../contract/contract.ts";
import type { CallContext, RunOutcome } from "../../pipeline/context.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import { installationRealm } from "../../pipeline/identity/realm.ts";
import { unitsAsked, unitsOf } from "../../pipeline/metering.ts";
import type { Call } from "../../pipeline/call.ts";
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

/** A caller's address is asked for again after so long: that costs as much as a quarter of a read, and few have another one in the next moment. */
const addressMs = 20;

/** Counters of calls alike by one caller, found without making a text of all they differ in. */
interface Slot {
  readonly operation: Operation;
  readonly version: string;
  readonly statusClass: number;
  readonly at: string;
  readonly channel: string;
  readonly country: string | null;
  readonly traffic: TrafficCounter;
  usage: UsageCounter | undefined;
}

/** What is remembered of a caller between two flushes. */
interface Seen {
  readonly slots: Slot[];
  country: string | null;
  askedMs: number;
}

/** Slots of a caller; of more kinds of calls the one found last makes room. */
const slotsMax = 8;

export class Counters {
  readonly #max: number;
  readonly #countries = new Countries();
  #usage = new Map<string, UsageCounter>();
  #traffic = new Map<string, TrafficCounter>();
  /** By caller, who is the same object as long as he is who he was. */
  #seen = new Map<Caller, Seen>();

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
    const status = outcome.ok ? outcome.status : outcome.refusal.status;
    const slot = this.#slotOf(context, caller, { status, call });
    if (caller !== undefined && context.metering?.isRecorded !== true) {
      // What was refused before it was run costs nothing.
      const units = context.hasRun
        ? unitsOf({ units: unitsAsked(context) }, { status, isReplayed: outcome.replayed === true })
        : 0;
      slot.usage ??= this.#usageOf(caller, slot.at, whatOf(slot));
      slot.usage.calls++;
      slot.usage.units += units;
    }
    const { traffic } = slot;
    traffic.calls++;
    if (status >= 400) traffic.errors++;
    const bucket = bucketOf(call.elapsedMs);
    traffic.buckets[bucket] = (traffic.buckets[bucket] ?? 0) + 1;
  }

  /** The counters of a call. */
  #slotOf(
    { call, operation, startedMs }: CallContext,
    caller: Caller | undefined,
    {
      status,
      call: { elapsedMs, at, newest },
    }: { readonly status: number; readonly call: { readonly elapsedMs: number; readonly at: string; readonly newest: string } },
  ): Slot {
    const version = call.version ?? newest;
    const statusClass = Math.floor(status / 100);
    const { channel } = call;
    const seen = caller === undefined ? undefined : this.#seenOf(caller);
    const country = this.#countryOf(call, seen, startedMs + elapsedMs);
    for (const slot of seen?.slots ?? []) {
      if (
        slot.operation === operation &&
        slot.at === at &&
        slot.statusClass === statusClass &&
        slot.version === version &&
        slot.channel === channel &&
        slot.country === country
      )
        return slot;
    }
    const part = { operation, version, statusClass, at, channel, country };
    const slot: Slot = { ...part, traffic: this.#trafficOf(caller, part), usage: undefined };
    if (seen !== undefined && seen.slots.length >= slotsMax) seen.slots.shift();
    seen?.slots.push(slot);
    return slot;
  }

  #seenOf(caller: Caller): Seen {
    let seen = this.#seen.get(caller);
    if (seen === undefined) {
      seen = { slots: [], country: null, askedMs: Number.NEGATIVE_INFINITY };
      if (this.#seen.size >= this.#max) this.#seen.clear();
      this.#seen.set(caller, seen);
    }
    return seen;
  }

  /** The country of a call. An address that has to be asked for stands for the caller's next calls too, for `addressMs`. */
  #countryOf(call: Call, seen: Seen | undefined, nowMs: number): string | null {
    if (call.address !== undefined) return this.#countries.of(call.address);
    if (call.peer === undefined) return null;
    if (seen === undefined) return this.#countries.of(call.peer.address);
    if (nowMs - seen.askedMs >= addressMs) {
      seen.country = this.#countries.of(call.peer.address);
      seen.askedMs = nowMs;
    }
    return seen.country;
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
    this.#seen = new Map();
    return { usage, traffic };
  }

  #usageOf(caller: Caller, at: string, what: What): UsageCounter {
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
    return counter;
  }

  #trafficOf(caller: Caller | undefined, part: Omit<Slot, "traffic" | "usage">): TrafficCounter {
    const { at, channel, country } = part;
    const what = whatOf(part);
    const realm = caller?.realm ?? installationRealm;
    const environment = caller?.environment ?? null;
    const app = caller?.app ?? null;
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
    return counter;
  }
}

export interface Sealed {
  readonly realm: number;
  readonly row: Row;
}

const whatOf = ({ operation: { service, name }, version, statusClass }: Omit<Slot, "traffic" | "usage">): What => ({
  service,
  operation: name,
  version,
  statusClass,
});

const textOf = ({ service, operation, version, statusClass }: What): string =>
  `${service}\n${operation}\n${version}\n${statusClass}`;
