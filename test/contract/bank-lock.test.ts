/** The bank keeps what its lock promises. When this fails, the text says what changed and how to take it back or announce it. */
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import bank from "../../services/bank/index.ts";
import { compile } from "../../src/contract/compile.ts";
import { checkLock, formatLock, readLock } from "../../src/contract/lock/index.ts";
import { checkVersions } from "../../src/contract/versions.ts";

const path = join(import.meta.dir, "../../services/bank/contract.lock");

test("services/bank/contract.lock is current", async () => {
  const today = new Date().toISOString().slice(0, 10);
  const check = await checkLock(path, compile(bank), { today });
  if (check.state !== "current") throw new Error(check.text);
  expect(check.changes).toEqual([]);
});

test("the lock is in its own form, so that a diff shows only what changed", async () => {
  const lock = await readLock(path);
  expect(lock === undefined ? "" : formatLock(lock)).toBe(await readFile(path, "utf8"));
});

test("the bank's older versions fit", () => {
  expect(checkVersions(compile(bank))).toEqual([]);
});
