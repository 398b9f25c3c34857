/**
 * What no file of the project may hold: the paths of somebody's machine, the host of a package registry, work left undone, a test that is
 * switched off with no reason beside it. And how files are named: kebab-case, after a noun or a verb, never after a drawer.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isCode } from "./scan.ts";
import { projectFiles } from "./tree.ts";
import type { Violation } from "./violation.ts";

interface TextRule {
  readonly pattern: RegExp;
  readonly message: string;
  /** Default: every text file. */
  readonly applies?: (file: string) => boolean;
  /** Allowed where a comment on the line or on the one above gives the reason. */
  readonly unlessExplained?: true;
}

const isTestFile = (file: string) => /\.test\.tsx?$/.test(file);
const isLockfile = (file: string) => basename(file) === "package-lock.json";

const textRules: readonly TextRule[] = [
  {
    pattern: /(?<![\w.~-])(?:\/(?:work|root|home\/[\w.-]+|Users\/[\w.-]+)\/[\w.]|[A-Z]:\\Users\\)/,
    message: "a path of somebody's machine",
  },
  {
    pattern: /https?:\/\/(?:registry\.|[\w.-]*(?:artifactory|verdaccio|nexus|npm-proxy|pypi)[\w.-]*[:/])/i,
    message: "a package registry's host",
  },
  { pattern: /"resolved": "https?:/, message: "a package registry's host", applies: isLockfile },
  { pattern: /(?:\/\/|\/\*|#|<!--|^\s*\*)\s*(?:TO\s?DO|FIX\s?ME|XXX)\b/, message: "work left undone: do it, or open an issue" },
  {
    pattern: /\b(?:test|it|describe)(?:\.\w+)*\.(?:only|skip|todo|failing|skipIf|todoIf)\b/,
    message: "a test is switched off or preferred: give the reason in a comment on the line or above it",
    applies: isTestFile,
    unlessExplained: true,
  },
];

const drawers = new Set(["utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff", "types"]);
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/;

function checkName(file: string): Violation[] {
  if (!/^(?:src|services|test|bench|bin)\//.test(file) || !isCode(file)) return [];
  const wrong = file.split("/").find((part) => !kebab.test(part) || drawers.has(part.split(".")[0] ?? ""));
  if (wrong === undefined) return [];
  const message = kebab.test(wrong) ? `"${wrong}" names a drawer, not what the file holds` : `"${wrong}" is not kebab-case`;
  return [{ file, line: 1, message }];
}

const hasComment = (line: string | undefined) => line !== undefined && /(?:\/\/|\/\*|^\s*\*)\s*\S/.test(line);

/** Checks one file's text; text with a NUL byte is no text. */
export function checkText(file: string, text: string): Violation[] {
  if (text.includes("\0")) return [];
  const rules = textRules.filter(({ applies }) => applies?.(file) ?? true);
  const lines = text.split("\n");
  return lines.flatMap((line, index) =>
    rules
      .filter(
        ({ pattern, unlessExplained }) =>
          pattern.test(line) && !(unlessExplained && (hasComment(line) || hasComment(lines[index - 1]))),
      )
      .map(({ message }) => ({ file, line: index + 1, message })),
  );
}

/** Checks every file of the project at `root`. */
export function checkFiles(root: string): Violation[] {
  return projectFiles(root).flatMap((file) => [...checkName(file), ...checkText(file, readFileSync(join(root, file), "utf8"))]);
}
