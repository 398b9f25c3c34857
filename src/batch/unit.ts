/**
 * What a command may touch while its batch runs: rows of the working set, the open transaction behind it, the moment, and events.
 * One unit serves a whole batch; `begin` tells it whose turn it is.
 */
import type { Secrets } from "../pipeline/identity/secrets.ts";
import type { Key, MaybePromise, ReadCall, Row, Shape, TableChanges, WriteTransaction } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import type { DueMoment, Need } from "./command.ts";
import type { InMemory } from "./in-memory.ts";
import { countersTable, memoryCounter } from "./system-tables.ts";
import { type Entry, type Ranks, textOf, uniqueText, WorkingSet } from "./working-set.ts";

export interface EmittedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** How many jobs, one because of the other, came before it. */
  readonly depth?: number;
}

/** Name of the counter behind a table's sequence. */
export const sequenceName = (table: Table): string => `sequence.${table.name}`;

/** Keys of one table that are to be fetched, each once. */
class WantedKeys {
  readonly list: Key[] = [];
  readonly #seen = new Map<number, Set<string>>();

  add(realm: number, key: Key["key"]): void {
    let seen = this.#seen.get(realm);
    if (seen === undefined) this.#seen.set(realm, (seen = new Set()));
    const text = textOf(key);
    if (seen.has(text)) return;
    seen.add(text);
    this.list.push({ realm, key });
  }
}

export class Unit {
  readonly rows = new WorkingSet();
  /** What those who work with the unit keep for its time, by whatever they find it again by. */
  readonly kept = new Map<object, unknown>();
  /** The moment of the batch, RFC 3339 in UTC. */
  readonly now: string;
  readonly secrets: Secrets | undefined;
  readonly #tx: WriteTransaction;
  readonly #ranks: Ranks;
  readonly #memory: InMemory;
  #events: EmittedEvent[] = [];

  constructor(
    tx: WriteTransaction,
    options: {
      readonly now: string;
      readonly ranks: Ranks;
      readonly memory: InMemory;
      readonly secrets?: Secrets | undefined;
    },
  ) {
    this.secrets = options.secrets;
    this.#tx = tx;
    this.now = options.now;
    this.#ranks = options.ranks;
    this.#memory = options.memory;
  }

  /** Fetches what is needed and not yet known, one statement per table or unique index. */
  async fetch(realmNeeds: Iterable<{ readonly realm: number; readonly need: Need }>): Promise<void> {
    const keys = new Map<Table, WantedKeys>();
    const lookups = new Map<
      readonly string[],
      { table: Table; wanted: Map<string, { realm: number; values: readonly never[] }> }
    >();
    for (const { realm, need } of realmNeeds) {
      if (need.by === "key") {
        if (this.rows.entry(need.table, realm, need.key) !== undefined) continue;
        let wanted = keys.get(need.table);
        if (wanted === undefined) keys.set(need.table, (wanted = new WantedKeys()));
        wanted.add(realm, need.key);
      } else {
        let lookup = lookups.get(need.fields);
        if (lookup === undefined) lookups.set(need.fields, (lookup = { table: need.table, wanted: new Map() }));
        lookup.wanted.set(`${realm} ${textOf(need.values.map(String))}`, { realm, values: need.values as readonly never[] });
      }
    }
    // Asked for all at once: a database that is far away answers them in one turn.
    const byKey = [...keys].map(([table, { list }]) => ({ table, list, found: this.#tx.load(table, list) }));
    const byValue = [...lookups].map(([fields, { table, wanted }]) => {
      const list = [...wanted.values()];
      return { table, list, found: this.#tx.find(table, fields, list) };
    });
    const waiting = [...byKey, ...byValue].map(({ found }) => found).filter((found) => found instanceof Promise);
    if (waiting.length > 0) await Promise.all(waiting);
    for (const { table, list, found } of byKey) {
      const rows = found instanceof Promise ? await found : found;
      for (let at = 0; at < list.length; at++) {
        const { realm, key } = list[at] as Key;
        this.rows.adopt(table, realm, key, rows[at]);
      }
    }
    for (const { table, list, found } of byValue) {
      const rows = found instanceof Promise ? await found : found;
      for (const [position, { realm }] of list.entries()) {
        const row = rows[position];
        if (row !== undefined)
          this.rows.adopt(
            table,
            realm,
            table.key.map((field) => row[field] as string),
            row,
          );
      }
    }
  }

  /** A row by key; fetched (and locked) if the batch has not seen it. */
  get(table: Table, realm: number, key: Entry["key"]): MaybePromise<Row | undefined> {
    const entry = this.rows.entry(table, realm, key);
    if (entry !== undefined) return entry.current;
    const loading = this.#tx.load(table, [{ realm, key }]);
    const adopt = (found: readonly (Row | undefined)[]): Row | undefined => this.rows.adopt(table, realm, key, found[0]).current;
    return loading instanceof Promise ? loading.then(adopt) : adopt(loading);
  }

  /** The holder of a unique value that stands in the way of `row`, if the batch knows one. */
  conflict(table: Table, realm: number, row: Row, own: Entry | undefined): readonly string[] | undefined {
    for (const index of table.indexes) {
      if (!index.unique) continue;
      const text = uniqueText(realm, row, index.fields);
      if (text === undefined) continue;
      const holder = this.rows.holder(table, index.fields, text);
      if (holder !== undefined && holder !== own) return index.fields;
    }
    return undefined;
  }

  insert(table: Table, realm: number, row: Row): Entry {
    const key = table.key.map((field) => row[field] as string);
    const entry = this.rows.entry(table, realm, key) ?? this.rows.adopt(table, realm, key, undefined);
    if (entry.current !== undefined) throw new Error(`${table.name}: a row ${key.join(" ")} is there already`);
    this.rows.set(entry, row);
    return entry;
  }

  /** The last value of a sequence; 0 before the first. Its counter was fetched with the batch. */
  counter(realm: number, name: string): number {
    const known = this.rows.entry(countersTable, realm, [name]);
    if (known === undefined) throw new Error(`counter ${name} was not fetched`);
    return (known.current?.["value"] as number | undefined) ?? 0;
  }

  /** Makes sure that tables kept in memory are there; their realm's counter was fetched. */
  keep(realm: number, tables: readonly Table[]): MaybePromise<void> {
    const version = this.counter(realm, memoryCounter);
    if (this.#memory.knows(realm, version, tables)) return undefined;
    return this.#memory.ensure(realm, version, tables, async (shape, call) => (await this.#tx.read(shape, [call]))[0] ?? []);
  }

  /** All rows of a table kept in memory, by key, with the changes of this batch. */
  all(table: Table, realm: number): readonly Row[] {
    if (table.inMemory !== true) throw new Error(`${table.name} is not kept in memory`);
    const known = this.#memory.rows(realm, table);
    const entries = this.rows.entriesOf(table, realm);
    const changed = entries.length === 0 ? entries : entries.filter(({ current, first }) => current !== first);
    if (changed.length === 0) return known;
    const rows = new Map(known.map((row) => [textOf(table.key.map((field) => row[field] as string)), row]));
    for (const { key, current } of changed) {
      if (current === undefined) rows.delete(textOf(key));
      else rows.set(textOf(key), current);
    }
    return [...rows.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  /** Moments that the changed rows name. */
  dueMoments(): readonly DueMoment[] {
    return this.rows
      .changedEntries((table) => table.dueAt !== undefined)
      .flatMap(({ table, realm, current }) => {
        const at = current?.[table.dueAt as string];
        return typeof at === "string" ? [{ table, realm, at: Date.parse(at) }] : [];
      });
  }

  /** Counts the changes of tables kept in memory, so that nobody keeps what is old. */
  countMemory(): void {
    for (const realm of new Set(this.rows.changedEntries((table) => table.inMemory === true).map(({ realm }) => realm)))
      this.next(realm, memoryCounter);
  }

  /** Counts a sequence up and returns its new value. Its counter was fetched with the batch. */
  next(realm: number, name: string, by = 1): number {
    const known = this.rows.entry(countersTable, realm, [name]);
    if (known === undefined) throw new Error(`counter ${name} was not fetched`);
    const value = ((known.current?.["value"] as number | undefined) ?? 0) + by;
    this.rows.set(known, { name, value });
    return value;
  }

  /**
   * Reads with a shape, seeing the batch's changes so far: when they touch the shape's tables they are applied under a savepoint, which is taken
   * back after the read, so that the working set stays the only truth.
   */
  async read(shape: Shape, call: ReadCall): Promise<Row[]> {
    const tables = new Set([
      shape.table.name,
      ...shape.joins.map((join) => join.table.name),
      ...shape.links.map((link) => link.table.name),
    ]);
    if (!this.rows.touches(tables)) return (await this.#tx.read(shape, [call]))[0] ?? [];
    const savepoint = await this.#tx.savepoint();
    try {
      await this.#tx.apply(this.rows.changes(this.#ranks, { now: this.now }));
      return (await this.#tx.read(shape, [call]))[0] ?? [];
    } finally {
      await savepoint.rollback();
    }
  }

  emit(event: EmittedEvent): void {
    this.#events.push(event);
  }

  /** Takes the events emitted since the last call. */
  takeEvents(): readonly EmittedEvent[] {
    const events = this.#events;
    // What was taken is never emitted into again.
    this.#events = [];
    return events;
  }

  /** Writes the changes since `mark` now, so that the database checks them before the next ones. */
  async settle(mark: number): Promise<void> {
    await this.#tx.apply(this.rows.changes(this.#ranks, { since: mark, now: this.now }));
    this.rows.settle(mark);
  }

  /** Writes the difference between what was loaded and what is now, and rows that were never in the working set. */
  apply(further: readonly TableChanges[] = []): MaybePromise<void> {
    return this.#tx.apply([...this.rows.changes(this.#ranks, { now: this.now }), ...further]);
  }
}
