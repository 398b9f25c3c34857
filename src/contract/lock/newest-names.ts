/**
 * What the fields of an older version are called in the newest: numbers are kept under the newest names.
 *
 *   renamed("accounts", { from: "title", to: "name" })   newestNames(contract, "v1", "accounts").newestOf("title") → "name"
 */
import type { Contract } from "../contract.ts";

/** Name of a removed field whose own name was given to another. No field can be called so. */
export const goneName = (name: string): string => `${name} (gone)`;

export interface NewestNames {
  /** The newest name of a field of the older version; of one that was removed since, its own, which nothing else in this version has. */
  newestOf(name: string): string;
  /** Whether the field was removed since. */
  isGone(name: string): boolean;
}

const same: NewestNames = { newestOf: (name) => name, isGone: () => false };

const known = new WeakMap<Contract, Map<string, NewestNames>>();

const find = (contract: Contract, version: string, resource: string): NewestNames => {
  if (version === contract.version) return same;
  // Older name → newest name; of a removed field none.
  let names = new Map<string, string | undefined>(
    (contract.resources.get(resource)?.fieldNames ?? []).map((name) => [name, name]),
  );
  for (const older of contract.older) {
    for (const change of older.changes.toReversed()) {
      if (change.resource !== resource) continue;
      if (change.change === "renamed" && names.has(change.to) && !names.has(change.from)) {
        names = new Map([...names].map(([name, newest]) => [name === change.to ? change.from : name, newest]));
      } else if (change.change === "added") names.delete(change.field);
      else if (change.change === "removed" && !names.has(change.field)) names.set(change.field, undefined);
    }
    if (older.name === version) break;
  }
  const taken = new Set(names.values());
  const isGone = (name: string): boolean => names.has(name) && names.get(name) === undefined;
  return {
    isGone,
    newestOf: (name) => names.get(name) ?? (isGone(name) && taken.has(name) ? goneName(name) : name),
  };
};

/** The names of one resource in one version. */
export const newestNames = (contract: Contract, version: string, resource: string): NewestNames => {
  let ofContract = known.get(contract);
  if (ofContract === undefined) known.set(contract, (ofContract = new Map()));
  const key = `${version} ${resource}`;
  let names = ofContract.get(key);
  if (names === undefined) ofContract.set(key, (names = find(contract, version, resource)));
  return names;
};
