/** The code that a part of the documentation is made from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn } from "../check/tree.ts";

const root = join(import.meta.dir, "..", "..");

export interface Source {
  /** From the root of the repository. */
  readonly file: string;
  readonly text: string;
}

const files = filesIn(root).filter(
  (file) => /^(?:src|services)\//.test(file) && file.endsWith(".ts") && !file.endsWith(".test.ts"),
);
const texts = new Map<string, string>();

/** A file, or every file of a folder; without tests. */
export const sourcesIn = (place: string): readonly Source[] =>
  files
    .filter((file) => file === place || file.startsWith(`${place}/`))
    .map((file) => {
      const text = texts.get(file) ?? readFileSync(join(root, file), "utf8");
      texts.set(file, text);
      return { file, text };
    });
