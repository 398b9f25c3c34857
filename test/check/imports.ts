/**
 * Imports point one way. What a folder of src may import is in one table; services know nothing but the public entry; the launcher needs
 * nothing but Node; what ships uses no development dependency. A unit's own test beside it, test/ and bench/ may import anything.
 */
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { type Import, importsOf, isCode } from "./scan.ts";
import { filesIn } from "./tree.ts";
import type { Violation } from "./violation.ts";

/** The flow of a call; each may import what stands left of it, and itself. */
const layers = ["define", "contract", "pipeline", "batch", "audit", "sources", "manage", "channels", "oauth", "host", "cli"];
/** Know nothing of channels; `usedBy`: who may import them. */
const leaves: Readonly<Record<string, readonly string[]>> = {
  store: ["pipeline", "batch", "audit", "sources", "manage", "events", "oauth", "host", "cli"],
  events: ["batch", "sources", "channels", "host", "cli"],
  upstreams: ["sources", "channels", "host", "cli"],
  limits: ["channels", "host", "cli", "manage"],
  outbound: ["sources", "channels", "host", "cli", "events", "upstreams"],
  observe: [
    "pipeline",
    "batch",
    "audit",
    "sources",
    "manage",
    "channels",
    "oauth",
    "host",
    "cli",
    "store",
    "events",
    "upstreams",
  ],
};
/** Who else may import a leaf's types, which are gone when the program runs: the contract compiles tables. */
const typesUsedBy: Readonly<Record<string, readonly string[]>> = { store: ["contract"] };
/** What a leaf may import besides itself and, by their index, other leaves. */
const underLeaves = ["define", "contract", "pipeline"];

const builtins = new Set(builtinModules);
const isBuiltin = (specifier: string) => /^(node|bun):/.test(specifier) || specifier === "bun" || builtins.has(specifier);
/** A unit's test, or what only tests use: generators of property tests, `plain.arbitrary.ts`. */
const isTest = (file: string) => /\.(?:test|arbitrary)\.tsx?$/.test(file);
const packageOf = (specifier: string) =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** `src/store/sqlite/x.ts` → `store`; `src/index.ts`, the public entry → ``. */
const folderOf = (file: string) => (file.split("/").length > 2 ? (file.split("/")[1] ?? "") : "");

/** Why the folder may not import the file; undefined where it may. */
function refusedInSource(from: string, target: string, isTypeOnly: boolean): string | undefined {
  if (isTest(target)) return `only tests may import ${target}`;
  if (!target.startsWith("src/")) return `src may not import ${target}: only files in src`;
  const [source, wanted] = [folderOf(from), folderOf(target)];
  if (source === wanted || source === "") return undefined;
  if (wanted === "") return `${source} may not import the public entry, which is for services and users`;
  const known = (folder: string) => layers.includes(folder) || folder in leaves;
  const unknown = [source, wanted].find((folder) => !known(folder));
  if (unknown !== undefined) return `src/${unknown} has no place in the order of imports: add it to test/check/imports.ts`;
  const users = leaves[wanted];
  if (users !== undefined) {
    const typeUsers = typesUsedBy[wanted] ?? [];
    if (!users.includes(source) && !(isTypeOnly && typeUsers.includes(source))) {
      const types = typeUsers.length > 0 ? `; its types also ${typeUsers.join(", ")}` : "";
      return `${source} may not import ${wanted}: only ${users.join(", ")} may${types}`;
    }
    if (source in leaves && target !== `src/${wanted}/index.ts`)
      return `${source} may import ${wanted} only by src/${wanted}/index.ts`;
    return undefined;
  }
  const allowed = source in leaves ? underLeaves : layers.slice(0, layers.indexOf(source));
  return allowed.includes(wanted) ? undefined : `${source} may not import ${wanted}: only ${[...allowed, "itself"].join(", ")}`;
}

function refusedInService(from: string, specifier: string, target: string | undefined): string | undefined {
  if (target === undefined)
    return specifier === "pons" ? undefined : `a service may import only "pons" and its own files, not ${specifier}`;
  const own = from.split("/").slice(0, 2).join("/");
  return target.startsWith(`${own}/`) ? undefined : `a service may import only "pons" and its own files, not ${target}`;
}

interface Rules {
  /** The packages that ship, by package.json. */
  readonly dependencies: ReadonlySet<string>;
}

function refusal(from: string, { specifier, isTypeOnly }: Import, target: string | undefined, rules: Rules): string | undefined {
  const area = from.split("/")[0];
  if (isTest(from)) return undefined;
  if (area === "services") return refusedInService(from, specifier, target);
  if (area === "bin") {
    if (target !== undefined ? target.startsWith("bin/") : specifier.startsWith("node:")) return undefined;
    return `the launcher may import only Node's built-in modules, not ${specifier}: it runs before anything is installed`;
  }
  if (area !== "src") return undefined;
  if (target !== undefined) return refusedInSource(from, target, isTypeOnly);
  if (specifier === "pons") return `src may not import "pons": services and users do, src imports its own files`;
  if (isBuiltin(specifier) || rules.dependencies.has(packageOf(specifier))) return undefined;
  return `${packageOf(specifier)} is not among the dependencies of package.json`;
}

/** The folders of src on a cycle of imports, as `a → b → a`, with the edge that closes each. */
function cycles(edges: ReadonlyMap<string, ReadonlyMap<string, Violation>>): Violation[] {
  const found: Violation[] = [];
  const done = new Set<string>();
  const visit = (folder: string, path: readonly string[]) => {
    for (const [next, place] of edges.get(folder) ?? []) {
      const start = path.indexOf(next);
      if (start >= 0)
        found.push({ ...place, message: `folders import in a circle: ${[...path.slice(start), next].join(" → ")}` });
      else if (!done.has(next)) visit(next, [...path, next]);
    }
    done.add(folder);
  };
  for (const folder of edges.keys()) if (!done.has(folder)) visit(folder, [folder]);
  return found;
}

/** Checks the tree at `root`: bin, src and services. */
export function checkImports(root: string): Violation[] {
  const packageFile = join(root, "package.json");
  const dependencies = existsSync(packageFile) ? (JSON.parse(readFileSync(packageFile, "utf8")).dependencies ?? {}) : {};
  const rules = { dependencies: new Set(Object.keys(dependencies)) };
  const violations: Violation[] = [];
  const edges = new Map<string, Map<string, Violation>>();
  for (const area of ["bin", "src", "services"]) {
    if (!existsSync(join(root, area))) continue;
    for (const file of filesIn(root, area).filter(isCode)) {
      for (const found of importsOf(file, readFileSync(join(root, file), "utf8"))) {
        const { specifier, line } = found;
        const target = specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
        const message = refusal(file, found, target, rules);
        if (message !== undefined) violations.push({ file, line, message });
        else if (target?.startsWith("src/") && area === "src" && !isTest(file)) {
          const [from, to] = [folderOf(file), folderOf(target)];
          if (from === to || from === "") continue;
          if (!edges.has(from)) edges.set(from, new Map());
          if (!edges.get(from)?.has(to)) edges.get(from)?.set(to, { file, line, message: "" });
        }
      }
    }
  }
  return [...violations, ...cycles(edges)];
}
