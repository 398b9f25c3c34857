/** Locks as files: `services/bank/contract.lock`. */
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Contract } from "../contract.ts";
import { type Change, diffContracts } from "./diff.ts";
import { formatDiff, formatLock, type Lock, lockOf, type LockUpdate, parseLock, updateLock } from "./lock.ts";

/** The lock at `path`; undefined when there is no such file. Throws `SyntaxError` naming the file when it is no lock. */
export const readLock = async (path: string): Promise<Lock | undefined> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return parseLock(text);
  } catch (error) {
    throw new SyntaxError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
};

/** Writes the lock of the contract, whole or not at all. Nothing is written when a breaking change is not accepted, or nothing changed. */
export const writeLock = async (
  path: string,
  contract: Contract,
  options: { readonly acceptBreaking?: string; readonly today: string },
): Promise<LockUpdate> => {
  const update = updateLock(contract, await readLock(path), options);
  if (!update.ok || !update.changed) return update;
  await writeFile(`${path}.new`, formatLock(update.lock));
  await rename(`${path}.new`, path);
  return update;
};

export interface LockCheck {
  readonly state: "current" | "missing" | "outdated" | "broken";
  readonly changes: readonly Change[];
  /** What is wrong and what to do, for a person; empty when current. */
  readonly text: string;
}

/** Compares the contract with its lock. `broken`: an unannounced breaking change. `outdated`: only compatible changes are not locked yet. */
export const checkLock = async (path: string, contract: Contract, options: { readonly today: string }): Promise<LockCheck> => {
  const lock = await readLock(path);
  if (lock === undefined)
    return {
      state: "missing",
      changes: [],
      text: `${path} is missing: write it with \`pons contract lock ${contract.service}\``,
    };
  const current = lockOf(contract, lock);
  const changes = diffContracts(lock, current, options);
  if (changes.some(({ kind }) => kind === "breaking")) {
    const advice = `Take them back, or announce them: pons contract lock ${contract.service} --accept-breaking "reason"`;
    return {
      state: "broken",
      changes,
      text: `${path} promises what the definition no longer keeps.\n${formatDiff(changes)}\n${advice}`,
    };
  }
  if (formatLock(current) === formatLock(lock)) return { state: "current", changes: [], text: "" };
  const diff = formatDiff(changes);
  return {
    state: "outdated",
    changes,
    text: `${path} is not up to date: pons contract lock ${contract.service}${diff === "" ? "" : `\n${diff}`}`,
  };
};
