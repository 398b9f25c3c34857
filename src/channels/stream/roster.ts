/**
 * All connections of the channel: how many there are and whose, and what is looked after while they are quiet.
 *
 * Twice a second each connection has its tick (signs of life, who is gone, who is too slow), and each caller is asked once whether he may still call, however many
 * connections he has. A caller who is known costs a look-up in memory; nothing of it counts as a call.
 */
import type { Call } from "../../pipeline/call.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import type { StreamLimits } from "./limits.ts";
import type { Seat } from "./seat.ts";

/** A connection, as the roster sees it. */
export interface Member {
  readonly seat: Seat;
  /** Milliseconds of `performance.now()`. */
  tick(nowMs: number): void;
  /** The caller may no longer call. */
  revoke(refusal: Refusal): void;
  /** The server stops: what is under way is finished. */
  leave(): void;
  /** The server stops now. */
  cut(): void;
}

export interface RosterOptions {
  readonly limits: StreamLimits;
  /** Whether the caller may still call. */
  readonly ask: (question: Call) => MaybePromise<Caller | Refusal>;
  readonly onError: (error: unknown) => void;
}

/** Callers that are asked in a row before others have their turn. */
const askedInARow = 200;
/** How long connections may take to finish what is under way when the server stops, in milliseconds. */
const leaveMsMax = 5_000;

interface Group {
  readonly key: string;
  readonly owner: string;
  readonly members: Set<Member>;
}

const isRefusal = (value: Caller | Refusal): value is Refusal => "status" in value;

export class Roster {
  readonly #options: RosterOptions;
  readonly #groups = new Map<string, Group>();
  readonly #owners = new Map<string, number>();
  readonly #groupOf = new Map<Member, Group>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAsking = false;
  #isClosing = false;
  #emptied: (() => void) | undefined;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#groupOf.size;
  }

  /** Whether a connection of this seat may come in. Refuses 429 where its caller has too many, 503 where all together are. */
  admits(seat: Seat): Refusal | undefined {
    const { connectionsMax, connectionsPerCallerMax, connectionsPerStrangerMax } = this.#options.limits;
    if (this.#isClosing) return refuse("unavailable", { retryAfter: 1 });
    if (this.#groupOf.size >= connectionsMax) return refuse("overloaded", { retryAfter: 1, details: { limit: "connections" } });
    const quota = seat.isKnown ? connectionsPerCallerMax : connectionsPerStrangerMax;
    if ((this.#owners.get(seat.owner) ?? 0) < quota) return undefined;
    return refuse("concurrency_exceeded", { retryAfter: 1, details: { limit: "connections", quota } });
  }

  enter(member: Member): void {
    const { standing: key, owner } = member.seat;
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = { key, owner, members: new Set() }));
    group.members.add(member);
    this.#groupOf.set(member, group);
    this.#owners.set(group.owner, (this.#owners.get(group.owner) ?? 0) + 1);
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#tick(), this.#options.limits.tickMs);
      this.#timer.unref();
    }
  }

  leave(member: Member): void {
    const group = this.#groupOf.get(member);
    if (group === undefined) return;
    this.#groupOf.delete(member);
    group.members.delete(member);
    if (group.members.size === 0) this.#groups.delete(group.key);
    const count = (this.#owners.get(group.owner) ?? 1) - 1;
    if (count === 0) this.#owners.delete(group.owner);
    else this.#owners.set(group.owner, count);
    if (this.#groupOf.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#emptied?.();
  }

  /** Lets nobody in any more; every connection finishes what is under way, and what takes too long is cut. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    for (const member of this.#groupOf.keys()) member.leave();
    if (this.#groupOf.size === 0) return;
    const timer = setTimeout(resolve, leaveMsMax);
    await promise;
    clearTimeout(timer);
    for (const member of this.#groupOf.keys()) member.cut();
  }

  #tick(): void {
    const nowMs = performance.now();
    for (const member of this.#groupOf.keys()) member.tick(nowMs);
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#askAll()
      .catch(this.#options.onError)
      .finally(() => (this.#isAsking = false));
  }

  async #askAll(): Promise<void> {
    let asked = 0;
    for (const group of this.#groups.values()) {
      const [first] = group.members;
      if (first?.seat.isKnown !== true) continue;
      if (++asked % askedInARow === 0) await Bun.sleep(0);
      let found: MaybePromise<Caller | Refusal>;
      try {
        found = this.#options.ask(first.seat.question());
        if (found instanceof Promise) found = await found;
      } catch (error) {
        // A database that is away is no answer: nobody may call while it is, and everybody is asked again.
        this.#options.onError(error);
        return;
      }
      // Who may not use the one operation that is asked about may use others.
      if (isRefusal(found) && found.status === 401) for (const member of group.members) member.revoke(found);
    }
  }
}
