/** What a check of the source tree found. */
export interface Violation {
  /** Relative to the root of the tree. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** `src/batch/writer.ts:12: batch may not import channels …`, one a line, ordered by file and line. */
export function report(violations: readonly Violation[]): string {
  return violations
    .toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
    .map(({ file, line, message }) => `${file}:${line}: ${message}`)
    .join("\n");
}
