/**
 * The installation's directory: what every node must know of a row without knowing whose it is, such as a key by its hash. Rows of tables with a
 * `directory` rule publish entries, which are written in the same commit, and each change of an entry is told to all nodes by `pons_changed`.
 *
 *   pons_directory  kind, name → value; the name is unique within its kind for all tenants together. Of the installation's realm.
 *   pons_changed    which entries changed lately; every node reads what is new several times a second, and it is purged after some minutes.
 */
import type { DirectoryEntry } from "../define/resource.ts";
import { newIdentifier } from "../pipeline/identifier.ts";
import { type ChangedEntry, changedTable, directoryTable } from "../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Row, TableChanges } from "../store/store.ts";
import type { Entry } from "./working-set.ts";

const keyOf = ({ kind, name }: DirectoryEntry): string => `${kind} ${name}`;

const entriesOf = ({ table }: Entry, row: Row | undefined): readonly DirectoryEntry[] =>
  row === undefined || table.directory === undefined ? [] : table.directory(row);

/** What changed rows publish, as changes of the directory and what nodes are told of them. */
export class Publication {
  readonly #inserts = new Map<string, { readonly realm: number; readonly row: Row }>();
  readonly #updates: { readonly realm: number; readonly key: readonly string[]; readonly changes: Row }[] = [];
  readonly #deletes = new Map<string, { readonly realm: number; readonly key: readonly string[] }>();
  readonly changed: ChangedEntry[] = [];

  /** Takes the difference between what a row published and what it does now. */
  add(entry: Entry): void {
    const { realm: owner, original, current } = entry;
    const before = new Map(entriesOf(entry, original).map((published) => [keyOf(published), published]));
    for (const published of entriesOf(entry, current)) {
      const { kind, name, value } = published;
      const known = before.get(keyOf(published));
      before.delete(keyOf(published));
      if (known !== undefined && Bun.deepEquals(known.value, value, true)) continue;
      this.changed.push({ kind, name, owner });
      if (known !== undefined) this.#updates.push({ realm: installationRealm, key: [kind, name], changes: { value, owner } });
      else this.#inserts.set(keyOf(published), { realm: installationRealm, row: { kind, name, owner, value } });
    }
    for (const [key, { kind, name }] of before) {
      this.changed.push({ kind, name, owner });
      this.#deletes.set(key, { realm: installationRealm, key: [kind, name] });
    }
  }

  /** Statements' worth of changes, removals first: a name may go from one row to another. */
  changes(at: string): readonly TableChanges[] {
    if (this.changed.length === 0) return [];
    const none = { inserts: [], updates: [], deletes: [] };
    const inserts = this.changed.map(({ kind, name, owner }) => ({
      realm: installationRealm,
      row: { id: newIdentifier(), at, kind, name, owner },
    }));
    return [
      { ...none, table: directoryTable, deletes: [...this.#deletes.values()] },
      { ...none, table: directoryTable, inserts: [...this.#inserts.values()], updates: this.#updates },
      { ...none, table: changedTable, inserts },
    ];
  }
}
