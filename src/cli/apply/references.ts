/**
 * Values that stand elsewhere, so that a file can be shown to anybody: `$env:NAME` is the value of an environment variable, `$file:path` the content of a
 * file beside the document, without the line break at its end.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError } from "../exit-code.ts";
import type { Path } from "./document.ts";

const fileBytesMax = 65_536;

export interface Resolved {
  readonly value: unknown;
  /** Where values came from elsewhere: they are not shown. */
  readonly hidden: readonly Path[];
}

/** Puts the values in. Throws `CommandError` "usage" where one is not there; `where` says how a place is called. */
export const resolveReferences = (
  value: unknown,
  options: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    /** Folder of the document. */
    readonly folder: string;
    readonly where: (path: Path) => string;
  },
): Resolved => {
  const hidden: Path[] = [];
  const missing = (path: Path, what: string): CommandError => new CommandError("usage", `${options.where(path)}: ${what}`);
  const read = (text: string, path: Path): string => {
    if (text.startsWith("$env:")) {
      const name = text.slice("$env:".length);
      const found = options.environment[name];
      if (found === undefined || found === "") throw missing(path, `the environment variable ${name} is not set`);
      hidden.push(path);
      return found;
    }
    if (!text.startsWith("$file:")) return text;
    const file = resolve(options.folder, text.slice("$file:".length));
    if (!existsSync(file) || !statSync(file).isFile()) throw missing(path, `there is no file ${file}`);
    if (statSync(file).size > fileBytesMax) throw missing(path, `${file} is larger than ${fileBytesMax} bytes`);
    hidden.push(path);
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  };
  const visit = (at: unknown, path: Path): unknown => {
    if (typeof at === "string") return read(at, path);
    if (Array.isArray(at)) return at.map((item: unknown, index) => visit(item, [...path, index]));
    if (typeof at !== "object" || at === null) return at;
    return Object.fromEntries(Object.entries(at).map(([name, inner]) => [name, visit(inner, [...path, name])]));
  };
  return { value: visit(value, []), hidden };
};
