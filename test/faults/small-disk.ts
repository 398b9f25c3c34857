/** A disk of a few megabytes that can be filled up: a file system in memory, mounted at a folder. Linux, as root. */
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface SmallDiskOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly megabytes: number;
  /** Owner of its root; whoever runs the tests unless given. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const run = (...command: string[]): string | undefined => {
  const done = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
  return done.exitCode === 0 ? undefined : done.stderr.toString().trim() || `${command[0]} ended with ${done.exitCode}`;
};

export class SmallDisk implements Disposable {
  readonly folder: string;

  /** Throws where it cannot be mounted. */
  constructor({ folder, megabytes, owner }: SmallDiskOptions) {
    const options = [`size=${megabytes}m`, "mode=0700", ...(owner === undefined ? [] : [`uid=${owner.uid}`, `gid=${owner.gid}`])];
    const failure = run("mount", "-t", "tmpfs", "-o", options.join(), "tmpfs", folder);
    if (failure !== undefined) throw new Error(failure);
    this.folder = folder;
  }

  /** Takes all room but `leave` bytes. */
  fill(leave: number): void {
    const { bavail, bsize } = statfsSync(this.folder);
    writeFileSync(this.#ballast, new Uint8Array(Math.max(0, bavail * bsize - leave)));
  }

  /** Gives the room back. */
  free(): void {
    rmSync(this.#ballast);
  }

  [Symbol.dispose](): void {
    // Lazily: a server that was just killed may not have let go of its files yet.
    const failure = run("umount", "-l", this.folder);
    if (failure !== undefined) throw new Error(failure);
  }

  get #ballast(): string {
    return join(this.folder, "ballast");
  }
}

/** Why there is no small disk here; undefined where there is. */
export const noSmallDisk = (folder: string): string | undefined => {
  if (process.platform !== "linux") return "tmpfs is Linux's";
  if (process.getuid?.() !== 0) return "mounting a file system takes root";
  try {
    new SmallDisk({ folder, megabytes: 1 })[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `a file system cannot be mounted here: ${(error as Error).message}`;
  }
};
