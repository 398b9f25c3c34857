/** Services that are shipped keep what their locks promise. When this fails, the text says what changed and how to take it back or announce it. */
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { compile } from "../../src/contract/compile.ts";
import { checkLock, formatLock, readLock } from "../../src/contract/lock/index.ts";
import { checkVersions } from "../../src/contract/versions.ts";
import { loadServices } from "../../src/host/load-services.ts";
import { lockPath } from "../../src/host/lock.ts";

const shipped = await loadServices([]);

describe.each(shipped.map((service) => [service.definition.name, service] as const))("%s", (_, service) => {
  const path = lockPath(service);

  test("its lock is current", async () => {
    const today = new Date().toISOString().slice(0, 10);
    const check = await checkLock(path, compile(service.definition), { today });
    if (check.state !== "current") throw new Error(check.text);
    expect(check.changes).toEqual([]);
  });

  test("the lock is in its own form, so that a diff shows only what changed", async () => {
    const lock = await readLock(path);
    expect(lock === undefined ? "" : formatLock(lock)).toBe(await readFile(path, "utf8"));
  });

  test("its older versions fit", () => {
    expect(checkVersions(compile(service.definition))).toEqual([]);
  });
});
