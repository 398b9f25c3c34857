/**
 * What changed between the locked contract and the present one, seen from a client written against the lock. Breaking: what such a client calls,
 * sends, reads or relies on is gone, narrower or different. Compatible: everything that only adds.
 *
 *   { kind: "breaking", where: "v1 accounts.create input name", what: "maxLength 255 → 100: longer values are refused" }
 */
import { diffFields } from "./diff-fields.ts";
import { diffMethod, diffSoap } from "./diff-soap.ts";
import { goneName } from "./newest-names.ts";
import type { LockedOperation, LockedResource, LockedVersion } from "./normalize.ts";
import type { Numbers } from "./numbers.ts";

export interface Change {
  readonly kind: "breaking" | "compatible";
  /** Version, then the place in it: `v1 accounts.create input name`. */
  readonly where: string;
  readonly what: string;
}

/** What a lock holds of the contract itself. */
export interface LockedContract {
  readonly service: string;
  /** Newest first. */
  readonly versions: Readonly<Record<string, LockedVersion>>;
  readonly numbers: Numbers;
}

/** Collects changes under a place. */
export class Changes {
  readonly list: Change[] = [];

  breaking(where: string, what: string): void {
    this.list.push({ kind: "breaking", where, what });
  }

  compatible(where: string, what: string): void {
    this.list.push({ kind: "compatible", where, what });
  }

  /** Something that was there is gone, or is new. */
  existence(where: string, what: string, now: "gone" | "new"): void {
    if (now === "gone") this.breaking(where, `${what} was removed`);
    else this.compatible(where, `${what} was added`);
  }

  /** Calls `both` for what stands on both sides, and tells the rest. */
  pairs<T>(
    sides: {
      readonly locked: Readonly<Record<string, T>> | undefined;
      readonly current: Readonly<Record<string, T>> | undefined;
    },
    told: (name: string, now: "gone" | "new", value: T) => void,
    both: (name: string, locked: T, current: T) => void,
  ): void {
    const { locked = {}, current = {} } = sides;
    for (const [name, value] of Object.entries(locked)) {
      const other = Object.hasOwn(current, name) ? current[name] : undefined;
      if (other === undefined) told(name, "gone", value);
      else both(name, value, other);
    }
    for (const [name, value] of Object.entries(current)) if (!Object.hasOwn(locked, name)) told(name, "new", value);
  }
}

const asSet = (names: readonly string[]): Record<string, true> => Object.fromEntries(names.map((name) => [name, true] as const));

/** `isHeld`: what the lock holds at all. */
const diffOperation = (
  changes: Changes,
  where: string,
  { locked, current, isHeld }: { locked: LockedOperation; current: LockedOperation; isHeld: { readonly soap: boolean } },
): void => {
  changes.pairs(
    { locked: asSet(locked.roles), current: asSet(current.roles) },
    (role, now) => changes.existence(where, `role ${role}`, now),
    () => undefined,
  );
  changes.pairs(
    { locked: asSet(locked.addresses), current: asSet(current.addresses) },
    (address, now) => changes.existence(where, `address ${address}`, now),
    () => undefined,
  );
  diffFields(changes, `${where} input`, "input", {
    locked: locked.input,
    current: current.input,
    lockedRequired: locked.required,
    currentRequired: current.required,
  });
  if (typeof locked.output === "string" || typeof current.output === "string") {
    if (locked.output !== current.output) {
      const text = (output: LockedOperation["output"]): string =>
        typeof output === "string" ? output : `fields ${Object.keys(output).join(", ")}`;
      changes.breaking(where, `answers ${text(current.output)}, not ${text(locked.output)}`);
    }
  } else diffFields(changes, `${where} output`, "output", { locked: locked.output, current: current.output });
  changes.pairs(
    { locked: locked.refusals, current: current.refusals },
    (type, now, status) =>
      changes.compatible(where, now === "gone" ? `never refuses with ${type} any more` : `may refuse with ${type} (${status})`),
    (type, before, after) => {
      if (before !== after) changes.breaking(where, `refusal ${type} has status ${after}, not ${before}`);
    },
  );
  if (isHeld.soap) diffMethod(changes, where, locked, current);
};

const diffResource = (changes: Changes, where: string, locked: LockedResource, current: LockedResource): void => {
  diffFields(changes, where, "output", { locked: locked.fields, current: current.fields });
  changes.pairs(
    { locked: locked.relations, current: current.relations },
    (name, now) => changes.existence(where, `relation ${name}`, now),
    (name, before, after) => {
      if (before !== after) changes.breaking(`${where} relation ${name}`, `leads to ${after}, not ${before}`);
    },
  );
  changes.pairs(
    { locked: locked.filters, current: current.filters },
    (name, now) => changes.existence(where, `filter ${name}`, now),
    (name, before, after) => {
      const needed = (fields: typeof before): string[] =>
        Object.entries(fields).flatMap(([param, field]) => (field["optional"] === true || "default" in field ? [] : [param]));
      diffFields(changes, `${where} filter ${name}`, "input", {
        locked: before,
        current: after,
        lockedRequired: needed(before),
        currentRequired: needed(after),
      });
    },
  );
  changes.pairs(
    { locked: locked.events, current: current.events },
    (name, now) => changes.existence(where, `event ${name}`, now),
    (name, before, after) => diffFields(changes, `${where} event ${name}`, "output", { locked: before, current: after }),
  );
  const { list } = locked;
  if (current.list.maxPerPage < list.maxPerPage)
    changes.breaking(where, `maxPerPage ${list.maxPerPage} → ${current.list.maxPerPage}: larger pages are refused`);
  if (current.list.maxPerPage > list.maxPerPage)
    changes.compatible(where, `maxPerPage ${list.maxPerPage} → ${current.list.maxPerPage}`);
  if (current.list.perPage !== list.perPage)
    changes.breaking(where, `perPage ${list.perPage} → ${current.list.perPage}: pages have another size`);
  if (current.list.sortBy !== list.sortBy) changes.breaking(where, `sorted by ${current.list.sortBy}, not by ${list.sortBy}`);
};

const diffVersion = (changes: Changes, name: string, locked: LockedVersion, current: LockedVersion): void => {
  if (locked.sunset !== current.sunset) {
    const text = `sunset ${locked.sunset ?? "none"} → ${current.sunset ?? "none"}`;
    if (locked.sunset !== undefined && current.sunset !== undefined && current.sunset < locked.sunset) {
      changes.breaking(name, `${text}: earlier than announced`);
    } else changes.compatible(name, text);
  }
  if (locked.deprecated !== current.deprecated)
    changes.compatible(name, `deprecated ${locked.deprecated ?? "no"} → ${current.deprecated ?? "no"}`);
  if (locked.soap !== undefined && current.soap !== undefined) diffSoap(changes, `${name} SOAP`, locked.soap, current.soap);
  changes.pairs(
    { locked: locked.resources, current: current.resources },
    (resource, now) => changes.existence(name, `resource ${resource}`, now),
    (resource, before, after) => diffResource(changes, `${name} ${resource}`, before, after),
  );
  changes.pairs(
    { locked: locked.operations, current: current.operations },
    (operation, now) => changes.existence(name, `operation ${operation}`, now),
    (operation, before, after) =>
      diffOperation(changes, `${name} ${operation}`, {
        locked: before,
        current: after,
        isHeld: { soap: locked.soap !== undefined },
      }),
  );
};

/**
 * All changes from `locked` to `current`, in the order of the lock. `today` ("YYYY-MM-DD"): a version whose locked sunset has come may go.
 */
export const diffContracts = (
  locked: LockedContract,
  current: LockedContract,
  options: { readonly today?: string } = {},
): readonly Change[] => {
  const changes = new Changes();
  if (locked.service !== current.service) changes.breaking(locked.service, `the service is now called ${current.service}`);
  changes.pairs(
    { locked: locked.versions, current: current.versions },
    (name, now, version) => {
      const over = version.sunset !== undefined && options.today !== undefined && version.sunset <= options.today;
      if (now === "gone" && over) changes.compatible(name, `the version was removed after its sunset on ${version.sunset}`);
      else changes.existence(name, "the version", now);
    },
    (name, before, after) => diffVersion(changes, name, before, after),
  );
  changes.pairs(
    { locked: locked.numbers, current: current.numbers },
    () => undefined,
    (message, before, after) => {
      const numbers = new Set(Object.values(after));
      for (const [field, number] of Object.entries(before)) {
        // Its name went to another field in a newer version.
        if (after[goneName(field)] === number) continue;
        if (after[field] !== undefined && after[field] !== number)
          changes.breaking(`numbers ${message}`, `${field} has number ${after[field]}, not ${number}`);
        else if (!numbers.has(number)) changes.breaking(`numbers ${message}`, `number ${number} of ${field} was given up`);
      }
    },
  );
  return changes.list;
};
