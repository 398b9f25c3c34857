/**
 * The rows a batch works on, in memory. Commands change rows here; the difference to what was loaded becomes a constant number of
 * statements at the end.
 *
 * Rows are never changed in place: an update puts a new object in the place of the old one, so that undoing is putting the old one back.
 * Every change is noted in the undo log; `mark` and `rollback` frame one command.
 */
import type { Value } from "../define/expression.ts";
import type { ChangedEntry } from "../pipeline/identity/directory-tables.ts";
import type { Key, Row, TableChanges } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import { Publication } from "./directory.ts";

/** One row by key: as the database (or the open transaction) has it, and as it is now (`undefined`: not there). */
export interface Entry {
  readonly table: Table;
  readonly realm: number;
  readonly key: Key["key"];
  /** As it was when the batch first saw it. */
  readonly first: Row | undefined;
  original: Row | undefined;
  current: Row | undefined;
}

interface Undo {
  readonly entry: Entry;
  readonly previous: Row | undefined;
}

/** A change by one command: the row before it and after it. */
export interface Change {
  readonly entry: Entry;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

class TableRows {
  readonly table: Table;
  /** By realm and key. A key's text is looked up as it is: its hash is reckoned once. */
  readonly realms = new Map<number, Map<string, Entry>>();
  /** Per unique index: value → entry that holds it now, for rows changed in this batch. */
  readonly unique: readonly { readonly fields: readonly string[]; readonly holders: Map<string, Entry> }[];

  constructor(table: Table) {
    this.table = table;
    this.unique = table.indexes.filter((index) => index.unique).map((index) => ({ fields: index.fields, holders: new Map() }));
  }
}

/** Text of a key within a table and realm. */
export const textOf = (key: Key["key"]): string => {
  const [first] = key;
  if (key.length > 1) return JSON.stringify(key);
  return typeof first === "string" ? first : String(first);
};

/** Text of the values of a unique index; `undefined` when one is null (null never collides). */
export const uniqueText = (realm: number, row: Row, fields: readonly string[]): string | undefined => {
  let text = String(realm);
  for (const field of fields) {
    const value = row[field];
    if (value === null || value === undefined) return undefined;
    text += typeof value === "bigint" || typeof value === "number" ? ` ${value}` : ` ${JSON.stringify(value)}`;
  }
  return text;
};

/** Whether a unique value stays where it is. */
const sameIn = (fields: readonly string[], before: Row | undefined, after: Row | undefined): boolean =>
  before !== undefined && after !== undefined && fields.every((field) => before[field] === after[field]);

const none: readonly Entry[] = [];

/** Name of a table → its place in the order in which changes are written. */
export type Ranks = ReadonlyMap<string, number>;

/** The tables in an order in which each stands after those it refers to. */
export const ranksOf = (order: readonly Table[]): Ranks => new Map(order.map(({ name }, place) => [name, place]));

export class WorkingSet {
  readonly #tables = new Map<string, TableRows>();
  readonly #undo: Undo[] = [];
  /** Entries of the directory that what was written so far has changed. */
  readonly told: ChangedEntry[] = [];

  #rows(table: Table): TableRows {
    let rows = this.#tables.get(table.name);
    if (rows === undefined) {
      rows = new TableRows(table);
      this.#tables.set(table.name, rows);
    }
    return rows;
  }

  /** The entry of a key, if it was loaded or inserted. */
  entry(table: Table, realm: number, key: Key["key"]): Entry | undefined {
    return this.#tables.get(table.name)?.realms.get(realm)?.get(textOf(key));
  }

  /** Takes in a row as the database has it; a row already known stays as it is. */
  adopt(table: Table, realm: number, key: Key["key"], original: Row | undefined): Entry {
    const { realms } = this.#rows(table);
    let entries = realms.get(realm);
    if (entries === undefined) realms.set(realm, (entries = new Map()));
    const text = textOf(key);
    const known = entries.get(text);
    if (known !== undefined) return known;
    const entry: Entry = { table, realm, key, first: original, original, current: undefined };
    entries.set(text, entry);
    this.#index(entry, original);
    return entry;
  }

  /** Puts a row (or its absence) in place. */
  set(entry: Entry, row: Row | undefined): void {
    this.#undo.push({ entry, previous: entry.current });
    this.#index(entry, row);
  }

  #index(entry: Entry, row: Row | undefined): void {
    for (const { fields, holders } of this.#rows(entry.table).unique) {
      if (sameIn(fields, entry.current, row)) continue;
      const old = entry.current === undefined ? undefined : uniqueText(entry.realm, entry.current, fields);
      if (old !== undefined && holders.get(old) === entry) holders.delete(old);
      const text = row === undefined ? undefined : uniqueText(entry.realm, row, fields);
      if (text !== undefined) holders.set(text, entry);
    }
    entry.current = row;
  }

  /** The entry that holds a unique value now, among the rows this batch has seen. */
  holder(table: Table, fields: readonly string[], text: string): Entry | undefined {
    return this.#tables
      .get(table.name)
      ?.unique.find((index) => index.fields === fields)
      ?.holders.get(text);
  }

  /** The entries of a table in one realm. */
  entriesOf(table: Table, realm: number): readonly Entry[] {
    const entries = this.#tables.get(table.name)?.realms.get(realm);
    return entries === undefined ? none : [...entries.values()];
  }

  /** The changed entries of the tables that `chosen` names. */
  changedEntries(chosen: (table: Table) => boolean): readonly Entry[] {
    const found: Entry[] = [];
    for (const { table, realms } of this.#tables.values()) {
      if (!chosen(table)) continue;
      for (const entries of realms.values())
        for (const entry of entries.values()) if (entry.first !== entry.current) found.push(entry);
    }
    return found;
  }

  /** Start of a command. */
  mark(): number {
    return this.#undo.length;
  }

  /** Takes back everything since `mark`. */
  rollback(mark: number): void {
    while (this.#undo.length > mark) {
      const undo = this.#undo.pop();
      if (undo !== undefined) this.#index(undo.entry, undo.previous);
    }
  }

  /** What has changed since `mark`, one entry per row, in order of first touch. */
  changesSince(mark: number): readonly Change[] {
    const seen = new Set<Entry>();
    const changes: Change[] = [];
    for (let position = mark; position < this.#undo.length; position++) {
      const undo = this.#undo[position];
      if (undo === undefined || seen.has(undo.entry)) continue;
      seen.add(undo.entry);
      if (undo.previous !== undo.entry.current)
        changes.push({ entry: undo.entry, before: undo.previous, after: undo.entry.current });
    }
    return changes;
  }

  /**
   * Statements' worth of changes against the database. Rows are inserted and updated in the order of the tables' ranks and deleted in the
   * reverse, deletes last. A delete that gives up a unique value another row takes comes first, and with it the deletes
   * of all tables behind its own, whose rows may refer to it.
   */
  changes(ranks: Ranks, { since = 0, now }: { readonly since?: number; readonly now: string }): TableChanges[] {
    const byTable = new Map<string, Set<Entry>>();
    for (const { entry } of since === 0 ? this.#undo : this.#undo.slice(since)) {
      const entries = byTable.get(entry.table.name);
      if (entries === undefined) byTable.set(entry.table.name, new Set([entry]));
      else entries.add(entry);
    }
    const published = publicationOf(byTable.values());
    const rankOf = (name: string): number => ranks.get(name) ?? ranks.size;
    const names = [...byTable.keys()].toSorted((a, b) => rankOf(a) - rankOf(b));
    const writes: TableChanges[] = [];
    const removals: TableChanges[] = [];
    /** How many tables' deletes can wait: those of tables before the first one with a value that changes hands. */
    let late: number | undefined;
    for (const name of names) {
      const entries = byTable.get(name) ?? [];
      const { table, inserts, updates, deletes } = differences(entries);
      if (table === undefined) continue;
      if (inserts.length + updates.length > 0) writes.push({ table, inserts, updates, deletes: [] });
      if (deletes.length === 0) continue;
      if (late === undefined && inserts.length + updates.length > 0 && this.#changesHands(entries)) late = removals.length;
      removals.unshift({ table, inserts: [], updates: [], deletes });
    }
    const told = published?.changes(now) ?? [];
    if (published !== undefined) this.told.push(...published.changed);
    if (late === undefined) return [...writes, ...removals, ...told];
    const early = removals.length - late;
    return [...removals.slice(0, early), ...writes, ...removals.slice(early), ...told];
  }

  /** Whether a row of one table that is gone had a unique value that another row of it has now. */
  #changesHands(entries: Iterable<Entry>): boolean {
    for (const { table, realm, original, current } of entries) {
      if (original === undefined || current !== undefined) continue;
      for (const { fields, holders } of this.#rows(table).unique) {
        const text = uniqueText(realm, original, fields);
        if (text !== undefined && holders.has(text)) return true;
      }
    }
    return false;
  }

  /** Notes that the changes since `mark` were written. */
  settle(mark: number): void {
    for (const { entry } of this.#undo.slice(mark)) entry.original = entry.current;
  }

  /** Whether a row of one of the tables was changed and not yet written. */
  touches(names: ReadonlySet<string>): boolean {
    return this.#undo.some(({ entry }) => names.has(entry.table.name) && entry.original !== entry.current);
  }
}

/** What the changed rows publish in the directory; `undefined` where none of the tables does. */
const publicationOf = (tables: Iterable<ReadonlySet<Entry>>): Publication | undefined => {
  let publication: Publication | undefined;
  for (const entries of tables) {
    for (const entry of entries) {
      if (entry.table.directory === undefined) break;
      if (entry.original !== entry.current) (publication ??= new Publication()).add(entry);
    }
  }
  return publication;
};

interface Differences {
  table: Table | undefined;
  readonly inserts: { realm: number; row: Row }[];
  readonly updates: { realm: number; key: Key["key"]; changes: Row }[];
  readonly deletes: Key[];
}

const differences = (entries: Iterable<Entry>): Differences => {
  const found: Differences = { table: undefined, inserts: [], updates: [], deletes: [] };
  for (const { table, realm, key, original, current } of entries) {
    if (original === current) continue;
    if (original === undefined) found.inserts.push({ realm, row: current as Row });
    else if (current === undefined) found.deletes.push({ realm, key });
    else {
      const changed = changedFields(original, current);
      if (changed === undefined) continue;
      found.updates.push({ realm, key, changes: changed });
    }
    found.table = table;
  }
  return found;
};

const same = (a: Value | undefined, b: Value | undefined): boolean => {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return Bun.deepEquals(a, b, true);
};

/** Fields whose value differs; `undefined` when none does. */
export const changedFields = (before: Row, after: Row): Row | undefined => {
  let changed: Row | undefined;
  for (const field in after) {
    const value = after[field];
    if (value === undefined || same(before[field], value)) continue;
    changed ??= {};
    changed[field] = value;
  }
  return changed;
};
