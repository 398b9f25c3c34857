/**
 * The journal as an ordered stream of events per realm. Who follows it reads from the database what lies behind, and then from a tail in memory that one
 * reader per realm keeps: an event is read once, however many follow. This process's commits wake the reader; those of others are found by looking again.
 *
 * Bounds: a tail has so many events and so many bytes (`tail.ts`), a follower further behind reads from the database; `readMax` rows per statement.
 */
import type { OpenStore, RowsShape, Table } from "../store/index.ts";
import { type EventSource, isAfter, type Position, type StoredEvent } from "./event.ts";
import { Tail } from "./tail.ts";

const readMax = 500;
const pollMs = 60;
/** On SQLite it is looked every so many turns. */
const sqliteTurns = 16;
export interface EventLogOptions {
  /** The journal. */
  readonly table: Table;
  readonly onError?: (error: unknown, operation: string) => void;
  /** Milliseconds between two looks for commits of other processes. */
  readonly pollMs?: number;
}

interface EmittedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly depth?: number;
}

const eventsOf = (row: Readonly<Record<string, unknown>>): readonly StoredEvent[] => {
  const { events } = row;
  if (events === null || events === undefined) return [];
  const list = (typeof events === "string" ? JSON.parse(events) : events) as readonly EmittedEvent[];
  const operation = String(row["operation"]);
  const service = operation.slice(0, operation.indexOf("."));
  return list.map(({ type, data, depth }, index) => ({
    seq: Number(row["seq"]),
    index,
    at: String(row["at"]),
    service,
    type,
    data,
    requestId: String(row["requestId"]),
    ...(depth === undefined ? {} : { depth }),
  }));
};

export class EventLog implements EventSource {
  readonly #store: OpenStore;
  readonly #options: EventLogOptions;
  readonly #tails = new Map<number, Tail>();
  readonly #shape: RowsShape;
  readonly #headShape: RowsShape;
  #poll: ReturnType<typeof setInterval> | undefined;
  #isStopped = false;
  #turn = 0;

  constructor(store: OpenStore, options: EventLogOptions) {
    this.#store = store;
    this.#options = options;
    const shared = { kind: "rows" as const, table: options.table, joins: [], links: [] };
    this.#shape = {
      ...shared,
      key: `${options.table.name}:events`,
      params: [{ name: "seq", type: "integer" }],
      where: { op: "gte", left: { field: ["seq"] }, right: { param: "seq" } },
      select: ["seq", "at", "operation", "requestId", "events"],
      order: [{ path: ["seq"], direction: "asc" }],
    };
    this.#headShape = {
      ...shared,
      key: `${options.table.name}:head`,
      params: [],
      select: ["seq"],
      order: [{ path: ["seq"], direction: "desc" }],
    };
  }

  async head(realm: number): Promise<number> {
    const [rows = []] = await this.#store.read(this.#headShape, [{ realm, params: [], limit: 1 }]);
    return Number(rows[0]?.["seq"] ?? 0);
  }

  /** Events after a position, oldest first, of at most `limit` rows of the journal; and the position behind those rows. */
  async read(
    realm: number,
    after: Position,
    limit = readMax,
  ): Promise<{ readonly events: readonly StoredEvent[]; readonly through: Position; readonly isLast: boolean }> {
    const first = Number.isFinite(after.index) ? after.seq : after.seq + 1;
    const [rows = []] = await this.#store.read(this.#shape, [{ realm, params: [first], limit }]);
    const events = rows.flatMap(eventsOf).filter((event) => isAfter(event, after));
    const last = rows.at(-1);
    const through = last === undefined ? after : { seq: Number(last["seq"]), index: Number.POSITIVE_INFINITY };
    return { events, through, isLast: rows.length < limit };
  }

  async *follow(
    realm: number,
    { after, until, signal }: { readonly after: Position; readonly until?: Position | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    if (until !== undefined) return yield* this.#between(realm, { after, until, signal });
    const tail = this.#join(realm);
    let wake: (() => void) | undefined;
    const leave = (): void => wake?.();
    signal.addEventListener("abort", leave);
    try {
      let at = after;
      if (tail.through === -1) await this.#begin(realm, tail);
      while (!signal.aborted && !this.#isStopped) {
        if (at.seq < tail.from || (at.seq === tail.from && Number.isFinite(at.index))) {
          const { events, through } = await this.read(realm, at);
          at = through;
          if (events.length > 0) yield events;
          continue;
        }
        const events = tail.after(at);
        if (events.length > 0) {
          const last = events.at(-1) as StoredEvent;
          at = { seq: last.seq, index: last.index };
          yield events;
          continue;
        }
        const before = tail.through;
        const changed = Promise.withResolvers<void>();
        wake = () => changed.resolve();
        tail.wait(wake);
        await changed.promise;
        tail.forget(wake);
        if (tail.through === before && !signal.aborted) yield [];
      }
    } finally {
      signal.removeEventListener("abort", leave);
      this.#leave(realm, tail);
    }
  }

  /** Events after a position, up to and with another, as far as they are there. */
  async *#between(
    realm: number,
    { after, until, signal }: { readonly after: Position; readonly until: Position; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    for (let at = after; !signal.aborted && !this.#isStopped && isAfter(until, at);) {
      const rows = until.seq - at.seq + 1;
      const { events, through, isLast } = await this.read(realm, at, Math.min(readMax, rows));
      const within = events.filter((event) => !isAfter(event, until));
      if (within.length > 0) yield within;
      if (isLast) return;
      at = through;
    }
  }

  /** To be told of what this process has committed: realm → the last row. */
  moved(heads: ReadonlyMap<number, { readonly seq: number }>): void {
    if (this.#tails.size === 0) return;
    for (const [realm, { seq }] of heads) {
      const tail = this.#tails.get(realm);
      if (tail === undefined || tail.through === -1) continue;
      tail.known = Math.max(tail.known, seq);
      if (tail.through < tail.known) void this.#advance(realm, tail);
    }
  }

  /** Ends all that follow. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#poll);
    for (const tail of this.#tails.values()) tail.wake();
  }

  #join(realm: number): Tail {
    let tail = this.#tails.get(realm);
    if (tail === undefined) this.#tails.set(realm, (tail = new Tail()));
    tail.followers++;
    if (this.#poll === undefined && !this.#isStopped) {
      this.#poll = setInterval(() => this.#look(), this.#options.pollMs ?? pollMs);
      this.#poll.unref();
    }
    return tail;
  }

  #leave(realm: number, tail: Tail): void {
    tail.followers--;
    if (tail.followers > 0) return;
    this.#tails.delete(realm);
    if (this.#tails.size === 0) {
      clearInterval(this.#poll);
      this.#poll = undefined;
    }
  }

  /** The tail begins with what is committed now. */
  async #begin(realm: number, tail: Tail): Promise<void> {
    const begin = async (): Promise<void> => {
      const head = await this.head(realm);
      tail.from = head;
      tail.through = head;
      tail.known = Math.max(tail.known, head);
    };
    tail.reading ??= begin().finally(() => (tail.reading = undefined));
    await tail.reading;
  }

  /** Reads on until nothing more is known; one reader at a time. */
  async #advance(realm: number, tail: Tail): Promise<void> {
    if (tail.reading !== undefined) return;
    const advance = async (): Promise<void> => {
      try {
        let isLast = false;
        while (!isLast && !this.#isStopped && tail.followers > 0) {
          const found = await this.read(realm, { seq: tail.through, index: Number.POSITIVE_INFINITY });
          isLast = found.isLast && found.through.seq >= tail.known;
          // Nothing there although it is known to be: it is looked for at the next turn.
          if (found.through.seq === tail.through) break;
          tail.add(found.through.seq, found.events);
        }
      } catch (error) {
        this.#options.onError?.(error, "events");
      }
    };
    tail.reading = advance().finally(() => (tail.reading = undefined));
    await tail.reading;
  }

  #look(): void {
    const nowMs = performance.now();
    for (const tail of this.#tails.values()) tail.wakeIdle(nowMs);
    // Of SQLite this process is the only writer, but for tools.
    if (this.#store.engine === "sqlite" && ++this.#turn % sqliteTurns !== 0) return;
    for (const [realm, tail] of this.#tails) if (tail.through !== -1) void this.#advance(realm, tail);
  }
}
