// @ts-check
/**
 * What must be there before Pons runs: the dependencies of package-lock.json and a Bun binary.
 *
 * Only Node's built-in modules (>= 20, or Bun) are used. Install scripts are neither needed nor run: Bun's binary is taken from its
 * platform package, which npm installs as an optional dependency.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** How much of an installer's complaint is told; the reason stands first. */
const linesMax = 12;

/** The oldest Bun that has all that Pons uses; equals the version package.json pins. */
export const bunVersionMin = "1.4.5";

/** A mistake of the surroundings (no network, no permission, no binary), told in one line; anything else is a bug and throws as such. */
export class InstallError extends Error {}

/** @typedef {{ version?: string, integrity?: string, dev?: boolean, optional?: boolean, devOptional?: boolean, link?: boolean }} Locked */

/** @param {string} file @returns {Record<string, Locked> | undefined} the packages by folder; undefined where there is no such file */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return undefined;
    throw new InstallError(`${file} cannot be read: ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {string} folder @returns {Locked | undefined} what lies in the folder, judged by its own package.json */
function installedPackage(folder) {
  const file = join(root, folder, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/**
 * The first dependency that is missing or of another version than package-lock.json says; undefined where all are as they should be.
 * npm's own record (node_modules/.package-lock.json) answers at once; without it (Bun installed them) each folder is looked at.
 *
 * @param {{ dev: boolean }} options dev: whether what only tests and benchmarks use counts too
 * @returns {string | undefined}
 */
export function outdatedDependency({ dev }) {
  const wanted = lockedPackages(join(root, "package-lock.json"));
  if (wanted === undefined) return undefined;
  const recorded = lockedPackages(join(root, "node_modules", ".package-lock.json"));
  for (const [folder, locked] of Object.entries(wanted)) {
    if (folder === "" || locked.link) continue;
    const found = recorded === undefined ? installedPackage(folder) : recorded[folder];
    if (found === undefined) {
      if (!(locked.optional || locked.devOptional || (locked.dev && !dev))) return folder;
    } else if (found.version !== locked.version || (found.integrity ?? locked.integrity) !== locked.integrity) return folder;
  }
  return undefined;
}

/** @returns {string[]} the command that installs exactly what package-lock.json says, with dev: also what tests use */
function installCommand() {
  const npm = process.env["npm_execpath"];
  if (npm && basename(npm) === "npm-cli.js" && existsSync(npm) && !process.versions["bun"]) return [process.execPath, npm, "ci"];
  if (spawnSync("npm", ["--version"], { stdio: "ignore", shell: process.platform === "win32" }).status === 0)
    return ["npm", "ci"];
  if (process.versions["bun"]) return [process.execPath, "install", "--no-save"];
  throw new InstallError("neither npm nor Bun was found to install the dependencies: install Node 20 or newer with npm");
}

/**
 * Installs what is missing; does nothing, within a few milliseconds, where nothing is. The notice goes to stderr.
 *
 * @param {{ dev: boolean, force?: boolean }} options
 * @throws {InstallError} when the installer fails, with its first lines
 */
export function ensureInstalled({ dev, force = false }) {
  const reason = outdatedDependency({ dev });
  if (reason === undefined && !force) return;
  const [command, ...args] = /** @type {[string, ...string[]]} */ (installCommand());
  if (args.at(-1) === "ci")
    args.push("--no-audit", "--no-fund", "--loglevel=error", "--include=optional", ...(dev ? ["--include=dev"] : []));
  args.push("--ignore-scripts");
  const name = command === "npm" || args[0] !== "install" ? "npm ci" : "bun install";
  process.stderr.write(
    `pons: installing dependencies with ${name} (once; ${reason ?? "the Bun binary"} is missing or outdated) ...\n`,
  );
  const shell = process.platform === "win32" && command === "npm";
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", shell, maxBuffer: 64 << 20 });
  if (done.status === 0) return;
  const said = `${done.stderr ?? ""}${done.stdout ?? ""}`.trim().split("\n").slice(0, linesMax).join("\n");
  throw new InstallError(`${name} failed (${done.error?.message ?? done.signal ?? `exit ${done.status}`}):\n${said}`);
}

/** @param {string} version @returns {boolean} whether this Bun is new enough */
export function isBunFit(version) {
  return version.localeCompare(bunVersionMin, "en", { numeric: true }) >= 0;
}

/**
 * The Bun binary to run Pons with: PONS_BUN, else the Bun that runs this, else the pinned platform package.
 *
 * @returns {string | undefined} undefined where the platform package is not installed
 * @throws {InstallError} when PONS_BUN names no file
 */
export function findBun() {
  const chosen = process.env["PONS_BUN"];
  if (chosen) {
    if (!existsSync(chosen)) throw new InstallError(`PONS_BUN is ${JSON.stringify(chosen)}, expected the path of a Bun binary`);
    return chosen;
  }
  if (process.versions["bun"] && isBunFit(process.versions["bun"])) return process.execPath;
  const system = process.platform === "win32" ? "windows" : process.platform;
  const processor = process.arch === "arm64" ? "aarch64" : process.arch;
  const musl = system === "linux" && existsSync(`/lib/ld-musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`);
  const flavours = musl ? ["-musl", "-musl-baseline", ""] : ["", "-baseline"];
  return flavours
    .map((flavour) =>
      join(
        root,
        "node_modules",
        "@oven",
        `bun-${system}-${processor}${flavour}`,
        "bin",
        system === "windows" ? "bun.exe" : "bun",
      ),
    )
    .find((file) => existsSync(file));
}
