/**
 * A folder in memory for the temporary files of a run, so that a slow disk does not hold it up. A process that is killed leaves its files as they are
 * on a disk and in memory alike, and tests of power cuts keep their own log of what was flushed.
 *
 *   using folder = memoryFolder();   // its path, or undefined where there is none: not Linux, too small, or nothing in it may be executed
 *
 * Whoever sets TMPDIR keeps it: `TMPDIR=/tmp npm test` is a run on a disk.
 */
import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

const place = "/dev/shm";
/** Ample, so that the run leaves memory to the machine; a container's usual 64 MB are not enough. */
const bytesMin = 4 * 2 ** 30;

export interface Place {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly freeBytes: number;
}

/** Of the lines of /proc/mounts (`source path type options 0 0`), the last that is mounted at `path`. */
export const mountAt = (mounts: string, path: string): Pick<Place, "type" | "options"> | undefined => {
  const found = mounts.split("\n").findLast((line) => line.split(" ")[1] === path);
  const [, , type = "", options = ""] = found?.split(" ") ?? [];
  return found === undefined ? undefined : { type, options: options.split(",") };
};

/** Whether temporary files of tests have room there, are in memory, and may be executed. */
export const isFit = ({ type, options, freeBytes }: Omit<Place, "path">): boolean =>
  type === "tmpfs" && options.includes("rw") && !options.includes("noexec") && freeBytes >= bytesMin;

const findPlace = (): string | undefined => {
  if (process.platform !== "linux") return undefined;
  try {
    accessSync(place, constants.W_OK);
    const mount = mountAt(readFileSync("/proc/mounts", "utf8"), place);
    const { bavail, bsize } = statfsSync(place);
    return mount !== undefined && isFit({ ...mount, freeBytes: Math.min(bavail * bsize, freemem()) }) ? place : undefined;
  } catch {
    return undefined;
  }
};

/** Names the process whose run it is. */
const pattern = /^pons-run-(\d+)-/;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Removes what runs left that were killed: memory is scarcer than a disk. */
const removeLeft = (parent: string): void => {
  for (const entry of readdirSync(parent)) {
    const pid = Number(pattern.exec(entry)?.[1] ?? process.pid);
    if (!isAlive(pid)) rmSync(join(parent, entry), { recursive: true, force: true });
  }
};

export class MemoryFolder implements Disposable {
  readonly path: string;

  constructor(parent: string) {
    removeLeft(parent);
    this.path = mkdtempSync(join(parent, `pons-run-${process.pid}-`));
    // The account of the tests' Postgres passes through it.
    chmodSync(this.path, 0o755);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Undefined where there is no such place, or someone chose another in TMPDIR. */
export const memoryFolder = (): MemoryFolder | undefined => {
  const parent = process.env["TMPDIR"] ? undefined : findPlace();
  return parent === undefined ? undefined : new MemoryFolder(parent);
};
