/**
 * The contract lock: a file beside a service's definition that holds the compiled contract as its clients know it, the numbers of its fields, and
 * the reasons of every breaking change that was accepted. It changes only by `pons contract lock`, and is reviewed like code.
 *
 * One line per operation and per field; what a change touches is what its diff shows.
 */
import type { Contract } from "../contract.ts";
import { type Change, diffContracts, type LockedContract } from "./diff.ts";
import { lockVersions } from "./normalize.ts";
import { numberFields } from "./numbers.ts";

/** An accepted breaking change. */
export interface Acceptance {
  /** "YYYY-MM-DD". */
  readonly date: string;
  readonly reason: string;
  /** The changes, as `formatDiff` writes them. */
  readonly breaking: readonly string[];
}

export interface Lock extends LockedContract {
  /** Form of the file; a reader refuses another one. */
  readonly lock: 1;
  /** Newest first. */
  readonly accepted: readonly Acceptance[];
}

const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null;

/** A field, a list of names, a flat record: one line, however long, so that a diff shows what changed and nothing around it. */
const isLine = (value: object): boolean =>
  ("kind" in value && typeof value.kind === "string") || Object.values(value).every(isPlain);

const write = (value: unknown, indent: string): string => {
  if (typeof value !== "object" || value === null || isLine(value)) return JSON.stringify(value);
  const inside = Array.isArray(value)
    ? value.map((item: unknown) => write(item, `${indent}  `))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${write(item, `${indent}  `)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${inside.map((line) => `${indent}  ${line}`).join(",\n")}\n${indent}${close}`;
};

/** The text of a lock, with a final line end. */
export const formatLock = (lock: Lock): string => `${write(lock, "")}\n`;

/** Reads the text of a lock. Throws `SyntaxError` when it is none. */
export const parseLock = (text: string): Lock => {
  const lock = JSON.parse(text) as Partial<Lock>;
  if (lock.lock !== 1 || typeof lock.service !== "string" || lock.versions === undefined || lock.numbers === undefined) {
    throw new SyntaxError("not a contract lock of form 1");
  }
  return lock as Lock;
};

/** The lock of a contract as it is now. Numbers and acceptances of the present lock are kept. */
export const lockOf = (contract: Contract, present?: Lock): Lock => ({
  lock: 1,
  service: contract.service,
  accepted: present?.accepted ?? [],
  versions: lockVersions(contract),
  numbers: numberFields(contract, present?.numbers ?? {}),
});

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/**
 * Changes as text, breaking ones first; empty without any.
 *
 *   2 breaking changes, 1 compatible change
 *     ✗ v1 accounts.create input name: maxLength 255 → 100: values that were accepted are refused
 *     + v1 accounts: field iban was added
 */
export const formatDiff = (changes: readonly Change[]): string => {
  if (changes.length === 0) return "";
  const breaking = changes.filter(({ kind }) => kind === "breaking");
  const compatible = changes.filter(({ kind }) => kind === "compatible");
  const parts = [
    ...(breaking.length > 0 ? [count(breaking.length, "breaking change")] : []),
    ...(compatible.length > 0 ? [count(compatible.length, "compatible change")] : []),
  ];
  const lines = [
    ...breaking.map(({ where, what }) => `  ✗ ${where}: ${what}`),
    ...compatible.map(({ where, what }) => `  + ${where}: ${what}`),
  ];
  return [parts.join(", "), ...lines].join("\n");
};

export type LockUpdate =
  | { readonly ok: true; readonly lock: Lock; readonly changes: readonly Change[]; readonly changed: boolean }
  | { readonly ok: false; readonly changes: readonly Change[] };

/**
 * The lock that follows `present` for the contract. Refused when a change is breaking and no reason is given; a reason is recorded with the
 * changes it accepts. `today`: "YYYY-MM-DD".
 */
export const updateLock = (
  contract: Contract,
  present: Lock | undefined,
  options: { readonly acceptBreaking?: string; readonly today: string },
): LockUpdate => {
  const next = lockOf(contract, present);
  if (present === undefined) return { ok: true, lock: next, changes: [], changed: true };
  const changes = diffContracts(present, next, options);
  const breaking = changes.filter(({ kind }) => kind === "breaking").map(({ where, what }) => `${where}: ${what}`);
  if (breaking.length === 0) return { ok: true, lock: next, changes, changed: formatLock(next) !== formatLock(present) };
  const reason = options.acceptBreaking?.trim() ?? "";
  if (reason === "") return { ok: false, changes };
  return {
    ok: true,
    lock: { ...next, accepted: [{ date: options.today, reason, breaking }, ...next.accepted] },
    changes,
    changed: true,
  };
};
