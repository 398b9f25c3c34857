/**
 * The command line and the shipped services in a few files, made once per run: a process that tests start reads those instead of some 900 modules, and
 * takes half of the CPU time to listen. The code is that of the tree: each module keeps the folder and address it has there, and what is loaded by path
 * (workers, services of a test) is loaded from there.
 *
 *   const main = await bundle({ root, folder });   // `folder/src/cli/main.js`, to be started by Bun like src/cli/main.ts
 *
 * Throws where a module does not parse, is not found, or the loader of services is not as it is expected here.
 */
import { readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BunPlugin } from "bun";

const loader = "src/host/load-services.ts";
const loads = "await import(path)";

/** `"/repository/services/bank/index.ts": () => import("…")`, for each shipped service. */
const shippedServices = (root: string): string => {
  const folders = readdirSync(join(root, "services"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const paths = folders.map(({ name }) => JSON.stringify(join(root, "services", name, "index.ts")));
  return `{ ${paths.map((path) => `${path}: () => import(${path})`).join(", ")} }`;
};

/** A service that is loaded by its path has to be the one in the bundle, lest every module it imports is there twice. */
const withShipped = (source: string, root: string): string => {
  if (!source.includes(loads)) throw new Error(`${loader} is expected to hold ${JSON.stringify(loads)}`);
  return `const bundled = ${shippedServices(root)};\n${source.replace(loads, "await (bundled[path] ?? (() => import(path)))()")}`;
};

const inPlace = (root: string): BunPlugin => ({
  name: "in place",
  setup: (build) => {
    build.onResolve({ filter: /^pons$/ }, () => ({ path: join(root, "src", "index.ts") }));
    build.onLoad({ filter: /\/(?:src|services)\/.*\.ts$/ }, async ({ path }) => {
      const source = await Bun.file(path).text();
      const served = path === join(root, loader) ? withShipped(source, root) : source;
      const contents = served
        .replaceAll("import.meta.dir", JSON.stringify(dirname(path)))
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href));
      return { contents, loader: "ts" };
    });
  },
});

export const bundle = async ({ root, folder }: { readonly root: string; readonly folder: string }): Promise<string> => {
  // Packages are not part of it, and are looked for from its folder.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const { success, logs } = await Bun.build({
    entrypoints: [join(root, "src", "cli", "main.ts")],
    root,
    outdir: folder,
    target: "bun",
    splitting: true,
    packages: "external",
    sourcemap: "linked",
    plugins: [inPlace(root)],
    throw: false,
  });
  if (!success)
    throw new AggregateError(logs, `the command line cannot be bundled: ${logs.map(({ message }) => message).join("; ")}`);
  return join(folder, "src", "cli", "main.js");
};
