import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { isFit, MemoryFolder, memoryFolder, mountAt } from "./memory-folder.ts";

const ample = 8 * 2 ** 30;

describe("the folder in memory of a run", () => {
  test("what is mounted at a path: the last, by its whole name", () => {
    const mounts = [
      "/dev/vda / ext4 rw,relatime 0 0",
      "shm /dev/shm tmpfs rw,noexec 0 0",
      "tmpfs /dev/shm tmpfs rw,relatime,size=100k 0 0",
      "tmpfs /dev/shm/other ramfs ro 0 0",
      "",
    ].join("\n");
    expect(mountAt(mounts, "/dev/shm")).toEqual({ type: "tmpfs", options: ["rw", "relatime", "size=100k"] });
    expect(mountAt(mounts, "/dev")).toBeUndefined();
  });

  test("a place is fit in memory, with room, where what lies there may be written and executed", () => {
    const good = { type: "tmpfs", options: ["rw", "relatime"], freeBytes: ample };
    expect(isFit(good)).toBe(true);
    expect(isFit({ ...good, type: "ext4" })).toBe(false);
    expect(isFit({ ...good, options: ["rw", "noexec"] })).toBe(false);
    expect(isFit({ ...good, options: ["ro"] })).toBe(false);
    expect(isFit({ ...good, freeBytes: 64 * 2 ** 20 })).toBe(false);
  });

  test("it may be passed through by other accounts, and is gone afterwards with all that is in it", () => {
    using parent = new TemporaryFolder();
    let path = "";
    {
      using folder = new MemoryFolder(parent.path);
      ({ path } = folder);
      expect(statSync(path).mode & 0o777).toBe(0o755);
      writeFileSync(join(path, "left"), "");
    }
    expect(existsSync(path)).toBe(false);
  });

  test("what a killed run left goes with the next one; another run's, and what is not of a run, stays", async () => {
    using parent = new TemporaryFolder();
    const child = Bun.spawn(["true"]);
    await child.exited;
    const [dead, alive, other] = [`pons-run-${child.pid}-a`, `pons-run-${process.ppid}-a`, "other"];
    for (const name of [dead, alive, other]) mkdirSync(parent.at(name));
    using folder = new MemoryFolder(parent.path);
    expect(readdirSync(parent.path).toSorted()).toEqual([basename(folder.path), alive, other].toSorted());
  });

  test("whoever chose a folder keeps it", () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = "/tmp";
    try {
      expect(memoryFolder()).toBeUndefined();
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });
});
