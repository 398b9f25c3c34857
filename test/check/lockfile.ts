/**
 * package-lock.json must install everywhere: `npm ci` refuses a lock that lacks an optional dependency of any platform, and npm writes such
 * a lock, silently, when the registry at hand does not have the package of some platform. And package.json names exact versions only.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Violation } from "./violation.ts";

type Dependencies = Readonly<Record<string, string>>;

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
}

const exact = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** Where Node would look for a package required from `folder`: the nearest node_modules first. */
function lookup(packages: Readonly<Record<string, Locked>>, folder: string, name: string): Locked | undefined {
  for (let base = folder; ; base = base.slice(0, Math.max(0, base.lastIndexOf("node_modules/") - 1))) {
    const found = packages[`${base === "" ? "" : `${base}/`}node_modules/${name}`];
    if (found !== undefined || base === "") return found;
  }
}

export function checkLockfile(root: string): Violation[] {
  const file = "package-lock.json";
  const [manifestPath, lockPath] = [join(root, "package.json"), join(root, file)];
  if (!existsSync(lockPath)) return [{ file, line: 1, message: "is missing: npm install writes it" }];
  const manifest: Record<string, Dependencies | undefined> = JSON.parse(readFileSync(manifestPath, "utf8"));
  const packages: Readonly<Record<string, Locked>> = JSON.parse(readFileSync(lockPath, "utf8")).packages;
  const kinds = ["dependencies", "devDependencies", "optionalDependencies"] as const;
  const loose = kinds.flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !exact.test(version))
      .map(([name, version]) => ({
        file: "package.json",
        line: 1,
        message: `${name} is "${version}", expected one exact version`,
      })),
  );
  const missing = Object.entries(packages).flatMap(([folder, locked]) => {
    const wanted = Object.keys({ ...locked.dependencies, ...locked.optionalDependencies });
    const absent = wanted.filter((name) => lookup(packages, folder, name) === undefined);
    const who = folder === "" ? "package.json" : folder;
    return absent.map((name) => ({
      file,
      line: 1,
      message: `lacks ${name} of ${who}: take a version whose packages are all there`,
    }));
  });
  const unverified = Object.entries(packages)
    .filter(([folder, { integrity, link }]) => folder !== "" && !link && integrity === undefined)
    .map(([folder]) => ({ file, line: 1, message: `${folder} has no hash` }));
  return [...loose, ...missing, ...unverified];
}
