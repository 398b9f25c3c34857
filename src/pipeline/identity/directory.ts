/**
 * The installation's directory as a node knows it: entries by kind and name, read once and kept until they change. Changes of this process are told
 * at the commit (`notice`); those of other processes are read from `pons_changed` several times a second, so that every node acts upon a change within
 * a second. While that cannot be read, nothing that is kept is trusted for longer than a second.
 */
import type { MaybePromise, Row, RowsShape, Store } from "../../store/store.ts";
import { andThen } from "../condition.ts";
import { type ChangedEntry, changedTable, directoryTable } from "./directory-tables.ts";
import { installationRealm } from "./realm.ts";
import { SharedLists } from "./shared-lists.ts";

/** What follows from entries, as long as they are as they were read. */
export interface Dependent {
  readonly deps: readonly DirectoryRecord[];
  /** Number of the last change of any entry that was looked at; -1 at first. */
  checked: number;
}

/** An entry as it was read. */
export interface DirectoryRecord {
  readonly value: Readonly<Record<string, unknown>>;
  /** Realm of the row that publishes it. */
  readonly owner: number;
  /** When it was read last, milliseconds by the directory's clock. */
  readMs: number;
  /** There is no such entry. */
  readonly isAbsent: boolean;
  /** It has changed since, or is no longer kept. */
  isStale: boolean;
}

const entryShape: RowsShape = {
  kind: "rows",
  key: "pons_directory.byName",
  table: directoryTable,
  joins: [],
  links: [],
  params: [
    { name: "kind", type: "text" },
    { name: "name", type: "text" },
  ],
  where: {
    op: "and",
    of: [
      { op: "eq", left: { field: ["kind"] }, right: { param: "kind" } },
      { op: "eq", left: { field: ["name"] }, right: { param: "name" } },
    ],
  },
  select: ["kind", "name", "owner", "value"],
  order: [
    { path: ["kind"], direction: "asc" },
    { path: ["name"], direction: "asc" },
  ],
};

const changedShape: RowsShape = {
  kind: "rows",
  key: "pons_changed.since",
  table: changedTable,
  joins: [],
  links: [],
  params: [{ name: "since", type: "timestamp" }],
  where: { op: "gte", left: { field: ["at"] }, right: { param: "since" } },
  select: ["id", "kind", "name", "owner"],
  order: [
    { path: ["at"], direction: "desc" },
    { path: ["id"], direction: "desc" },
  ],
};

/** How often what others changed is read, and how old the last reading may be for kept entries to count, in milliseconds. */
const everyMs = 200;
const trustedMsMax = 1_000;
/** How far back is read each time: clocks of nodes may differ, and a transaction may commit after a later one. */
const overlapMs = 30_000;
const changesMax = 5_000;
const recordsMaxDefault = 1_200_000;
const absentMax = 50_000;
const lateReadsMax = 5;
/** Notices remembered for readings that were under way. */
const recentMax = 10_000;

export interface DirectoryOptions {
  readonly clock?: () => number;
  readonly recordsMax?: number;
  readonly onError?: (error: unknown) => void;
}

const keyOf = (kind: string, name: string): string => `${kind} ${name}`;

export class Directory {
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #recordsMax: number;
  readonly #onError: (error: unknown) => void;
  readonly #records = new Map<string, DirectoryRecord>();
  readonly #lists = new SharedLists();
  /** Counts whenever something that was kept is no longer. */
  #changes = 0;
  /** What is known not to be there. */
  readonly #absent = new Map<string, DirectoryRecord>();
  readonly #listeners = new Set<(changed: readonly ChangedEntry[]) => void>();
  /** Key → number of the notice that told of it last. */
  #recent = new Map<string, number>();
  #notices = 0;
  #seen = new Set<string>();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(store: Store, options: DirectoryOptions = {}) {
    this.#store = store;
    this.#clock = options.clock ?? Date.now;
    this.#recordsMax = options.recordsMax ?? recordsMaxDefault;
    this.#onError = options.onError ?? (() => undefined);
  }

  /** The entry of a name; `undefined` when there is none. At once when it is known. Throws `StoreError`. */
  get(kind: string, name: string): MaybePromise<DirectoryRecord | undefined> {
    return andThen(this.look(kind, name), (record) => (record.isAbsent ? undefined : record));
  }

  /** The same, with a record of its absence where there is none: who acts upon that hears of an entry that comes. */
  look(kind: string, name: string): MaybePromise<DirectoryRecord> {
    const key = keyOf(kind, name);
    const known = this.#records.get(key) ?? this.#absent.get(key);
    if (known !== undefined && this.isCurrent(known)) return known;
    return this.#read(kind, name, 0);
  }

  /** Whether changes of other nodes were read lately. */
  isLive(): boolean {
    return performance.now() - this.#readAtMs < trustedMsMax;
  }

  /** Whether an entry may still be acted upon. */
  isCurrent(record: DirectoryRecord): boolean {
    if (record.isStale) return false;
    return this.isLive() || this.#isFresh(record);
  }

  /** Whether what follows from entries still does. The entries are looked at only where any has changed since they last were. */
  areCurrent(dependent: Dependent): boolean {
    const { deps } = dependent;
    if (dependent.checked !== this.#changes) {
      for (const record of deps) if (record.isStale) return false;
      dependent.checked = this.#changes;
    }
    return deps.length === 0 || this.isLive() || deps.every((record) => this.#isFresh(record));
  }

  #isFresh({ readMs }: DirectoryRecord): boolean {
    return Math.abs(this.#clock() - readMs) < trustedMsMax;
  }

  #read(kind: string, name: string, attempt: number): MaybePromise<DirectoryRecord> {
    const noticed = this.#notices;
    const readMs = this.#clock();
    const call = { realm: installationRealm, params: [kind, name], limit: 1 };
    return andThen(this.#store.read(entryShape, [call]), (lists) => {
      const key = keyOf(kind, name);
      // What was told while it was being read may be newer than what was read.
      if ((this.#recent.get(key) ?? 0) > noticed && attempt < lateReadsMax) return this.#read(kind, name, attempt + 1);
      return this.#keep(key, lists[0]?.[0], readMs);
    });
  }

  #keep(key: string, row: Row | undefined, readMs: number): DirectoryRecord {
    const same = this.#sameAs(key, row);
    if (same !== undefined) {
      same.readMs = readMs;
      return same;
    }
    this.#drop(key);
    if (row === undefined) {
      const absence: DirectoryRecord = { value: {}, owner: installationRealm, readMs, isAbsent: true, isStale: false };
      if (this.#absent.size >= absentMax) this.#forgetAll(this.#absent);
      this.#absent.set(key, absence);
      return absence;
    }
    const record: DirectoryRecord = {
      value: this.#lists.in(row["value"] as Record<string, unknown>),
      owner: row["owner"] as number,
      readMs,
      isAbsent: false,
      isStale: false,
    };
    if (this.#records.size >= this.#recordsMax) this.#forgetOldest();
    this.#records.set(key, record);
    return record;
  }

  /** What is kept, where it was read again and is as it was: what follows from it goes on to count. */
  #sameAs(key: string, row: Row | undefined): DirectoryRecord | undefined {
    if (row === undefined) return this.#absent.get(key);
    const known = this.#records.get(key);
    if (known === undefined || known.owner !== row["owner"]) return undefined;
    return Bun.deepEquals(known.value, row["value"], true) ? known : undefined;
  }

  /** Makes room: a tenth of what is kept, the oldest first. */
  #forgetOldest(): void {
    this.#changes++;
    let count = Math.ceil(this.#recordsMax / 10);
    for (const [key, record] of this.#records) {
      record.isStale = true;
      this.#records.delete(key);
      if (--count <= 0) return;
    }
  }

  /** Entries that have changed: what is kept of them no longer counts. */
  notice(changed: readonly ChangedEntry[]): void {
    this.#notices++;
    if (this.#recent.size > recentMax) this.#recent = new Map();
    for (const { kind, name } of changed) {
      const key = keyOf(kind, name);
      this.#recent.set(key, this.#notices);
      this.#drop(key);
    }
    for (const listener of this.#listeners) listener(changed);
  }

  /** Nothing that is kept counts any more. */
  forget(): void {
    this.#notices++;
    this.#forgetAll(this.#records);
    this.#forgetAll(this.#absent);
  }

  #forgetAll(kept: Map<string, DirectoryRecord>): void {
    this.#changes++;
    for (const record of kept.values()) record.isStale = true;
    kept.clear();
  }

  #drop(key: string): void {
    for (const kept of [this.#records, this.#absent]) {
      const record = kept.get(key);
      if (record === undefined) continue;
      this.#changes++;
      record.isStale = true;
      kept.delete(key);
    }
  }

  /** Calls the listener with what has changed, here or on other nodes, until the returned function is called. */
  onChange(listener: (changed: readonly ChangedEntry[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Reads what others changed. */
  async refresh(): Promise<void> {
    const began = performance.now();
    const since = new Date(this.#clock() - overlapMs).toISOString();
    const [rows = []] = await this.#store.read(changedShape, [{ realm: installationRealm, params: [since], limit: changesMax }]);
    const isFirst = this.#readAtMs === Number.NEGATIVE_INFINITY;
    const isGap = began - this.#readAtMs > overlapMs || rows.length >= changesMax;
    const fresh = rows.filter((row) => !this.#seen.has(row["id"] as string));
    this.#seen = new Set(rows.map((row) => row["id"] as string));
    if (isGap && !isFirst) this.forget();
    if (fresh.length > 0) {
      this.notice(
        fresh.map((row) => ({ kind: row["kind"] as string, name: row["name"] as string, owner: row["owner"] as number })),
      );
    }
    this.#readAtMs = began;
  }

  /** Begins to read what others change. */
  start(): void {
    this.#isStopped = false;
    const turn = async (): Promise<void> => {
      try {
        await this.refresh();
      } catch (error) {
        this.#onError(error);
      }
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => void turn(), everyMs);
      this.#timer.unref();
    };
    void turn();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Entries kept now. */
  get size(): number {
    return this.#records.size;
  }
}
