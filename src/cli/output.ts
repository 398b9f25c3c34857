/**
 * What a command prints. Results go to standard output: text for a person or, with `--json`, one JSON value and nothing else. Notes, progress
 * and mistakes go to standard error.
 */
export interface OutputOptions {
  readonly json: boolean;
  readonly out: Sink;
  readonly err: Sink;
}

/** Where text goes. */
export interface Sink {
  readonly isTTY: boolean;
  /** Of a terminal; 0 when it does not say. */
  readonly columns: number;
  write(content: string | Uint8Array): void;
}

export class Output {
  readonly json: boolean;
  readonly #out: Sink;
  readonly #err: Sink;

  constructor({ json, out, err }: OutputOptions) {
    this.json = json;
    this.#out = out;
    this.#err = err;
  }

  /** Whether a person watches standard error. */
  get isWatched(): boolean {
    return this.#err.isTTY && !this.json;
  }

  get columns(): number {
    return this.#err.columns > 0 ? this.#err.columns : 80;
  }

  /** The result: `value` with `--json`, else the text. */
  result(value: unknown, text: string): void {
    if (this.json) this.#out.write(`${JSON.stringify(value)}\n`);
    else if (text !== "") this.#out.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** The result as it is, whichever form is asked for: a document, an answer's body. */
  raw(text: string | Uint8Array): void {
    this.#out.write(text);
  }

  /** Beside the result. */
  note(text: string): void {
    this.#err.write(`${text}\n`);
  }

  /** Over what stands in the present line of the terminal. */
  overwrite(text: string): void {
    this.#err.write(`\r\u001b[K${text}`);
  }
}

/** Columns side by side, each as wide as its widest cell; the last one as it is. */
export const table = (rows: readonly (readonly string[])[], options: { readonly indent?: string } = {}): string => {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - Bun.stringWidth(cell)),
      )
      .join("  ")
      .trimEnd();
  return rows.map((row) => `${options.indent ?? ""}${line(row)}`).join("\n");
};
