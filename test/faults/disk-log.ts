/** The log of what a process does to the files of a folder: `disk-log.c`, compiled where a C compiler is, and read. */
import { statSync } from "node:fs";
import { join } from "node:path";

const source = join(import.meta.dir, "disk-log.c");
const recordBytes = 40;

/** The compiler there is, or why there is none. */
export const compiler: { readonly path: string } | { readonly missing: string } = (() => {
  if (process.platform !== "linux") return { missing: "LD_PRELOAD is Linux's" };
  const path = ["cc", "gcc", "clang"].map((name) => Bun.which(name)).find((found) => found !== null);
  return path === undefined ? { missing: "there is no C compiler (cc, gcc, clang)" } : { path };
})();

/** Compiles the library into a folder; its path. Throws with what the compiler says. */
export const compileDiskLog = (folder: string): string => {
  if ("missing" in compiler) throw new Error(compiler.missing);
  const library = join(folder, "disk-log.so");
  const args = ["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"];
  const done = Bun.spawnSync([compiler.path, ...args], { stdout: "pipe", stderr: "pipe" });
  if (done.exitCode !== 0) throw new Error(`${compiler.path}: ${done.stderr.toString()}`);
  return library;
};

export interface DiskLogOptions {
  readonly library: string;
  /** The folder that is watched. */
  readonly folder: string;
  /** How the names of the files in it begin that are watched. */
  readonly prefix: string;
  /** The log. */
  readonly file: string;
  /** Whether files are never synced, and the process is told that they were. */
  readonly ignoreSync?: boolean;
}

/** The environment that puts the log before a process. */
export const diskLogEnvironment = ({
  library,
  folder,
  prefix,
  file,
  ignoreSync = false,
}: DiskLogOptions): Record<string, string> => ({
  LD_PRELOAD: library,
  DISK_LOG_FOLDER: folder,
  DISK_LOG_PREFIX: prefix,
  DISK_LOG_FILE: file,
  ...(ignoreSync ? { DISK_LOG_NO_SYNC: "1" } : {}),
});

/** How far the log is now, in bytes. */
export const positionOf = (file: string): number => statSync(file).size;

export type DiskEvent =
  | { readonly kind: "open"; readonly inode: bigint; readonly name: string; readonly made: boolean; readonly size: number }
  | { readonly kind: "write"; readonly inode: bigint; readonly offset: number; readonly data: Uint8Array }
  | { readonly kind: "truncate"; readonly inode: bigint; readonly size: number }
  | { readonly kind: "allocate"; readonly inode: bigint; readonly end: number }
  | { readonly kind: "sync"; readonly inode: bigint }
  | { readonly kind: "syncFolder" }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename" | "link"; readonly from: string; readonly to: string };

/** An event, and where in the log it ends. */
export interface Logged {
  readonly event: DiskEvent;
  readonly end: number;
}

const kinds = ["", "open", "write", "truncate", "allocate", "sync", "unlink", "rename", "link"] as const;

const eventOf = (head: DataView, payload: Uint8Array): DiskEvent => {
  const kind = kinds[head.getUint32(0, true)];
  const flag = head.getUint32(4, true) === 1;
  const inode = head.getBigUint64(8, true);
  const [offset, size] = [Number(head.getBigUint64(16, true)), Number(head.getBigUint64(24, true))];
  const [name = "", other = ""] = kind === "write" ? [] : new TextDecoder().decode(payload).split("\0");
  switch (kind) {
    case "open":
      return { kind, inode, name, made: flag, size };
    case "write":
      return { kind, inode, offset, data: payload };
    case "truncate":
      return { kind, inode, size: offset };
    case "allocate":
      return { kind, inode, end: offset + size };
    case "sync":
      return flag ? { kind: "syncFolder" } : { kind, inode };
    case "unlink":
      return { kind, name };
    case "rename":
    case "link":
      return { kind, from: name, to: other };
    default:
      throw new Error(`the disk log has no kind ${head.getUint32(0, true)}`);
  }
};

/** All events of a log, in their order. A record cut off at the end, where the process was killed, is left out. */
export const readDiskLog = async (file: string): Promise<readonly Logged[]> => {
  const bytes = await Bun.file(file).bytes();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all: Logged[] = [];
  for (let at = 0; at + recordBytes <= bytes.length;) {
    const length = Number(view.getBigUint64(at + 32, true));
    const end = at + recordBytes + length;
    if (end > bytes.length) break;
    all.push({
      event: eventOf(new DataView(bytes.buffer, bytes.byteOffset + at, recordBytes), bytes.subarray(at + recordBytes, end)),
      end,
    });
    at = end;
  }
  return all;
};
