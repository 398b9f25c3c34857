/**
 * Loads the services that are to be served: the ones given as paths with the control plane, else the shipped ones, `services/<name>/index.ts`. A module's default export
 * is a service or a list of services.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { ServiceDefinition } from "../define/service.ts";
import { StartError } from "./start-error.ts";

const shippedFolder = join(import.meta.dir, "..", "..", "services");
const entries = ["index.ts", "index.js", "service.ts", "service.js"];

/** A service, and where it was loaded from. */
export interface LoadedService {
  readonly definition: ServiceDefinition;
  /** Absolute path of its module. */
  readonly path: string;
}

const isService = (value: unknown): value is ServiceDefinition =>
  typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "service";

const moduleOf = (path: string): string => {
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw new StartError("definition", `${path}: there is no such file or folder`);
  if (!statSync(absolute).isDirectory()) return absolute;
  const found = entries.map((name) => join(absolute, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new StartError("definition", `${path}: a folder of a service holds one of ${entries.join(", ")}`);
};

const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
};

/** Services import "pons" wherever they lie, whether or not a package of that name is installed beside them. */
const offerPons = (): void => {
  Bun.plugin({
    name: "pons",
    setup: (build) => void build.module("pons", async () => ({ exports: await import("./public.ts"), loader: "object" })),
  });
};

const load = async (path: string): Promise<readonly LoadedService[]> => {
  let exported: unknown;
  try {
    ({ default: exported } = (await import(path)) as { default?: unknown });
  } catch (error) {
    // A definition that does not fit is told in words; a stack would show our code, not theirs.
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new StartError("definition", `${shown(path)} does not load: ${reason}`, { cause: error });
  }
  const services = Array.isArray(exported) ? (exported as readonly unknown[]) : [exported];
  return services.map((definition) => {
    if (isService(definition)) return { definition, path };
    throw new StartError(
      "definition",
      `${shown(path)}: the default export has to be a service, as service("name", { … }) makes it`,
    );
  });
};

const shippedPaths = (): readonly string[] =>
  readdirSync(shippedFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(shippedFolder, entry.name, "index.ts")))
    .map((entry) => join(shippedFolder, entry.name, "index.ts"))
    .toSorted();

/** The control plane, which every server has. */
const controlPlane = join(shippedFolder, "platform", "index.ts");

/** Loads the services in the order given, then the control plane where it is not among them. Throws a `StartError` that names the path. */
export const loadServices = async (paths: readonly string[]): Promise<readonly LoadedService[]> => {
  if (paths.length > 0) offerPons();
  const modules = paths.length === 0 ? shippedPaths() : paths.map(moduleOf);
  const loaded = (await Promise.all(modules.map(load))).flat();
  if (!loaded.some(({ definition }) => definition.name === "platform")) loaded.push(...(await load(controlPlane)));
  const byName = new Map<string, LoadedService>();
  for (const one of loaded) {
    const other = byName.get(one.definition.name);
    if (other !== undefined) {
      const where = `${shown(other.path)} and ${shown(one.path)}`;
      throw new StartError("definition", `two services are called ${one.definition.name}: ${where}`);
    }
    byName.set(one.definition.name, one);
  }
  return loaded;
};
