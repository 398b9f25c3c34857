/**
 * Standard output or error, written at once by its descriptor. The runtime's own streams take 10 ms to load, a tenth of a server's start; they are
 * loaded only to learn how wide a terminal is.
 */
import { writeSync } from "node:fs";
import { isTerminal } from "../observe/terminal.ts";
import type { Sink } from "./output.ts";

/** A pipe whose other end set it to not wait is full: looked at again after so long. */
const fullPauseMs = 1;

export class StandardStream implements Sink {
  readonly #descriptor: 1 | 2;
  /** A reader that has seen enough (`| head`) is no mistake. */
  readonly #onClosed: () => void;
  #isTerminal: boolean | undefined;

  constructor(descriptor: 1 | 2, options: { readonly onClosed: () => void }) {
    this.#descriptor = descriptor;
    this.#onClosed = options.onClosed;
  }

  get isTTY(): boolean {
    return (this.#isTerminal ??= isTerminal(this.#descriptor));
  }

  get columns(): number {
    return this.isTTY ? (this.#descriptor === 1 ? process.stdout : process.stderr).columns : 0;
  }

  write(content: string | Uint8Array): void {
    let rest = typeof content === "string" ? new TextEncoder().encode(content) : content;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EPIPE") return this.#onClosed();
        if (code !== "EAGAIN") throw error;
        Bun.sleepSync(fullPauseMs);
      }
    }
  }
}
