/** What differs between versions, without making either count. */
import { isFields } from "./shape.ts";
import type { TariffVersion } from "./tariff.ts";

/** One difference between versions: entries of lists are named by their id, not by their place: `services[courier].limits.weightMax`. */
export interface Change {
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  readonly before?: unknown;
  readonly after?: unknown;
}

const keyFields = ["id", "code", "type"] as const;

/** What names an entry among its like. */
const keyOf = (entry: unknown): string | undefined => {
  if (!isFields(entry)) return typeof entry === "string" ? entry : undefined;
  if ("weightFrom" in entry)
    return [entry["service"], entry["zone"], `${String(entry["weightFrom"])}–${String(entry["weightTo"])}`].join(" ");
  for (const field of keyFields)
    if (typeof entry[field] === "string" || typeof entry[field] === "number") return String(entry[field]);
  if (typeof entry["zone"] === "string") return entry["zone"];
  return typeof entry["name"] === "string" ? JSON.stringify([entry["name"], entry["region"], entry["district"]]) : undefined;
};

/** By their keys; undefined where one has none or two have the same: such lists are compared as a whole. */
const keyed = (list: readonly unknown[]): ReadonlyMap<string, unknown> | undefined => {
  const found = new Map<string, unknown>();
  for (const entry of list) {
    const key = keyOf(entry);
    if (key === undefined || found.has(key)) return undefined;
    found.set(key, entry);
  }
  return found;
};

interface Pair {
  readonly before: unknown;
  readonly after: unknown;
}

const isSame = ({ before, after }: Pair): boolean => Bun.deepEquals(before, after, true);

const compareMaps = (
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  pathOf: (key: string) => string,
  found: Change[],
): void => {
  for (const key of new Set([...before.keys(), ...after.keys()]))
    compare(pathOf(key), { before: before.get(key), after: after.get(key) }, found);
};

const orderOf = (keys: Iterable<string>, among: ReadonlyMap<string, unknown>): string[] =>
  [...keys].filter((key) => among.has(key));

const compareLists = (path: string, before: readonly unknown[], after: readonly unknown[], found: Change[]): void => {
  const [old, next] = [keyed(before), keyed(after)];
  if (old === undefined || next === undefined) {
    if (!isSame({ before, after })) found.push({ path, kind: "changed", before, after });
    return;
  }
  compareMaps(old, next, (key) => `${path}[${key}]`, found);
  const [oldOrder, nextOrder] = [orderOf(old.keys(), next), orderOf(next.keys(), old)];
  // The order of surcharges is a part of the price.
  if (path.endsWith(".surcharges") && !isSame({ before: oldOrder, after: nextOrder }))
    found.push({ path: `${path} (order)`, kind: "changed", before: oldOrder, after: nextOrder });
};

const compare = (path: string, { before, after }: Pair, found: Change[]): void => {
  if (before === undefined && after === undefined) return;
  if (before === undefined) found.push({ path, kind: "added", after });
  else if (after === undefined) found.push({ path, kind: "removed", before });
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(path, before, after, found);
  else if (isFields(before) && isFields(after))
    compareMaps(
      new Map(Object.entries(before)),
      new Map(Object.entries(after)),
      (key) => (path === "" ? key : `${path}.${key}`),
      found,
    );
  else if (before !== after) found.push({ path, kind: "changed", before, after });
};

/** From one version to another; what names a version (`id`, `number`) is left out. */
export const difference = (before: TariffVersion, after: TariffVersion): readonly Change[] => {
  const content = ({ id: _id, number: _number, ...content }: TariffVersion): Omit<TariffVersion, "id" | "number"> => content;
  const found: Change[] = [];
  compare("", { before: content(before), after: content(after) }, found);
  return found;
};
