/**
 * One step between two neighbouring versions: what the declared changes do to the fields of each resource.
 *
 * Changes are listed in the order in which they happened, so they are undone from the last to the first. A `down` or `value` sees the row as the
 * newer of the two versions answers it.
 *
 *   changes: [renamed("accounts", { from: "title", to: "name" }), added("accounts", "iban")]
 *   hop of accounts: older fields { id, title }, toOlder { name → title, iban → – }, toNewer { title → name }
 */
import type { Field, FieldOptions, Fields } from "../../define/field.ts";
import type { VersionChange } from "../../define/version.ts";

type Row = Readonly<Record<string, unknown>>;
type Down = (current: unknown, row: Row) => unknown;
type Up = (old: unknown) => unknown;

/** A field as the older version has it. */
export interface OlderField {
  readonly name: string;
  readonly field: Field;
  /** Its name in the newer version; absent when the newer one has no such field. */
  readonly newer?: string;
  /** Older value → newer value, in this order; empty when the type is the same. */
  readonly ups: readonly Up[];
  readonly downs: readonly Down[];
  /** Makes the value of a field that the newer version dropped. */
  readonly value?: (row: Row) => unknown;
}

/** What happened to one resource between the two versions. */
export interface ResourceHop {
  /** Every field of the older version, in order. */
  readonly older: readonly OlderField[];
  readonly byOlder: ReadonlyMap<string, OlderField>;
  readonly byNewer: ReadonlyMap<string, OlderField>;
  /** Fields that only the newer version has, with the value creates by older clients give them. */
  readonly added: ReadonlyMap<string, { readonly default?: unknown }>;
}

type Entry = { -readonly [K in keyof OlderField]: OlderField[K] };

/** Options of the field that hold whatever its type is: who reads, who writes. */
const heldOptions = ({ optional, write, read, unique, index, filter, set }: FieldOptions): FieldOptions => {
  const held = { optional, write, read, unique, index, filter, set };
  return Object.fromEntries(Object.entries(held).filter(([, value]) => value !== undefined));
};

const retype = (current: Field, as: Field): Field => ({ ...as, options: { ...heldOptions(current.options), ...as.options } });

/** A dropped field can be read, but there is no column to filter or sort by. */
const withoutColumn = (as: Field): Field => ({ ...as, options: { optional: true, ...as.options, filter: false } });

/** Undoes `changes` (all of one resource) on the newer version's `fields`. Changes that do not fit are left out: `checkVersions` names them. */
export const hopOf = (fields: Fields, changes: readonly VersionChange[]): ResourceHop => {
  let entries: Entry[] = Object.entries(fields).map(([name, field]) => ({ name, field, newer: name, ups: [], downs: [] }));
  const added = new Map<string, { readonly default?: unknown }>();
  for (const change of changes.toReversed()) {
    const named = (name: string): Entry | undefined => entries.find((entry) => entry.name === name);
    switch (change.change) {
      case "renamed": {
        const entry = named(change.to);
        if (entry !== undefined && named(change.from) === undefined) entry.name = change.from;
        break;
      }
      case "added": {
        const entry = named(change.field);
        if (entry?.newer !== undefined) added.set(entry.newer, "default" in change ? { default: change.default } : {});
        entries = entries.filter((other) => other !== entry);
        break;
      }
      case "removed":
        if (named(change.field) === undefined) {
          entries.push({ name: change.field, field: withoutColumn(change.as), ups: [], downs: [], value: change.value });
        }
        break;
      case "retyped": {
        const entry = named(change.field);
        if (entry === undefined) break;
        entry.field = retype(entry.field, change.as);
        entry.downs = [...entry.downs, change.down as Down];
        entry.ups = [change.up as Up, ...entry.ups];
        break;
      }
    }
  }
  return {
    older: entries,
    byOlder: new Map(entries.map((entry) => [entry.name, entry])),
    byNewer: new Map(entries.flatMap((entry) => (entry.newer === undefined ? [] : [[entry.newer, entry] as const]))),
    added,
  };
};

/** Whether the two versions of the resource differ at all. */
export const differs = (hop: ResourceHop): boolean =>
  hop.added.size > 0 || hop.older.some((entry) => entry.newer !== entry.name || entry.downs.length > 0);
