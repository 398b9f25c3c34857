/**
 * Rows on the way out: what the newer version answers, as the older one says it. Compiled once per step; a resource that no change touches, not
 * even through a relation, is handed through as it is. Values are JSON-ready. `null` and absent (redacted, not selected) values are never given
 * to `down`.
 */
import type { Statistic } from "../../define/resource.ts";
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import type { Hops } from "./derive.ts";
import { differs, type OlderField, type ResourceHop } from "./hop.ts";

export type Row = Readonly<Record<string, unknown>>;
type Translate = (row: Row) => Row;

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** Resources that differ, or lead by any chain of relations to one that differs. */
const touched = (newer: Contract, hops: Hops): ReadonlySet<string> => {
  const found = new Set([...hops].flatMap(([name, hop]) => (differs(hop) ? [name] : [])));
  for (let grown = true; grown;) {
    grown = false;
    for (const [name, resource] of newer.resources) {
      if (found.has(name)) continue;
      if ([...resource.one.values(), ...resource.many.values()].some(({ target }) => found.has(target.name))) {
        found.add(name);
        grown = true;
      }
    }
  }
  return found;
};

const targetOf = (resource: ResourceContract, key: string): string | undefined =>
  resource.one.get(key)?.target.name ?? resource.many.get(key)?.target.name;

const valueOf = (entry: OlderField, value: unknown, row: Row): unknown => {
  let older = value;
  for (const down of entry.downs) {
    if (older === null) return null;
    older = down(older, row);
  }
  return older;
};

/** Rows of included relations stand in their relation's place: one row, a list, or a page of rows under `data`. */
const nested = (value: unknown, translate: Translate): unknown => {
  if (Array.isArray(value)) return value.map((each: unknown) => (isRow(each) ? translate(each) : each));
  if (!isRow(value)) return value;
  return Array.isArray(value["data"]) ? { ...value, data: nested(value["data"], translate) } : translate(value);
};

const translateRow = (resource: ResourceContract, hop: ResourceHop, translators: ReadonlyMap<string, Translate>): Translate => {
  const dropped = hop.older.filter((entry) => entry.newer === undefined);
  return (row) => {
    const older: Record<string, unknown> = {};
    for (const key in row) {
      if (hop.added.has(key)) continue;
      const value = row[key];
      const entry = hop.byNewer.get(key);
      const name = entry?.name ?? key;
      const target = typeof value === "object" && value !== null ? targetOf(resource, key) : undefined;
      if (target !== undefined) {
        const translate = translators.get(target);
        older[name] = translate === undefined ? value : nested(value, translate);
      } else older[name] = entry === undefined || entry.downs.length === 0 ? value : valueOf(entry, value, row);
    }
    for (const entry of dropped) older[entry.name] = valueOf(entry, entry.value?.(row) ?? null, row);
    return older;
  };
};

/** Only what a statistic is grouped by is a field; a measure keeps its name and its value, and so does the part of a date. */
const translateStatistics = (hop: ResourceHop, statistic: Statistic): Translate | undefined => {
  const groups = new Map<string, OlderField>();
  for (const group of statistic.group ?? []) {
    const entry = typeof group === "string" ? hop.byNewer.get(group) : undefined;
    if (entry !== undefined && (entry.name !== entry.newer || entry.downs.length > 0)) groups.set(group as string, entry);
  }
  if (groups.size === 0) return undefined;
  return (row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => {
        const entry = groups.get(key);
        return entry === undefined ? [key, value] : [entry.name, valueOf(entry, value, row)];
      }),
    );
};

/** Translators of one step: resource → row of the newer version → row of the older. A resource without one is the same in both. */
export const compileRows = (newer: Contract, hops: Hops): ReadonlyMap<string, Translate> => {
  const affected = touched(newer, hops);
  const translators = new Map<string, Translate>();
  for (const name of affected) {
    const resource = newer.resources.get(name);
    const hop = hops.get(name);
    if (resource !== undefined && hop !== undefined) translators.set(name, translateRow(resource, hop, translators));
  }
  return translators;
};

/** What one step does to the data an operation answers; undefined: nothing. */
export const compileData = (
  operation: Operation,
  rows: ReadonlyMap<string, Translate>,
  hops: Hops,
): ((data: unknown) => unknown) | undefined => {
  const { resource, output } = operation;
  if (resource === undefined) return undefined;
  const hop = hops.get(resource.name);
  const translate =
    output.kind === "row" || output.kind === "rows"
      ? rows.get(resource.name)
      : output.kind === "stats" && hop !== undefined
        ? translateStatistics(hop, output.statistic)
        : undefined;
  return translate === undefined ? undefined : (data) => nested(data, translate);
};
