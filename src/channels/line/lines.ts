/**
 * Bytes as lines: they end with LF or CRLF, and are strict UTF-8. A line may come in any number of parts, and a part may hold any number of lines.
 */
import type { Flaw } from "./grammar.ts";

const LF = 0x0a;
const CR = 0x0d;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Where bytes stop being UTF-8, in UTF-16 units of what is before. */
const endOfText = (bytes: Uint8Array): number => {
  const again = encoder.encode(lossy.decode(bytes));
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  // The first bytes of a character may be the same: it begins three before, at most.
  for (; at > 0; at--) {
    try {
      return decoder.decode(bytes.subarray(0, at)).length;
    } catch {
      continue;
    }
  }
  return 0;
};

/** The text of a line, or what is wrong with it. */
export const textOf = (bytes: Uint8Array): { readonly text: string } | (Flaw & { readonly text: string }) => {
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { flaw: "The line is not valid UTF-8.", at: endOfText(bytes), text: lossy.decode(bytes) };
  }
};

const firstBytes = 512;

/**
 * Gathers parts until they are lines.
 *
 *   lines.feed(part);
 *   for (let line = lines.next(max); line !== undefined; line = lines.next(max)) …
 */
export class Lines {
  #part = new Uint8Array(0);
  #from = 0;
  /** Of a line whose end has not come. */
  #buffer = new Uint8Array(0);
  #size = 0;

  /** Bytes of a line that has not ended. */
  get pending(): number {
    return this.#size;
  }

  /** The part before has to be used up. */
  feed(part: Uint8Array): void {
    this.#part = part as Uint8Array<ArrayBuffer>;
    this.#from = 0;
  }

  /** The next line; undefined: the part is used up; false: a line is longer than `bytesMax`, and nothing behind it can be understood. */
  next(bytesMax: number): Uint8Array | false | undefined {
    if (this.#from >= this.#part.length) return undefined;
    const end = this.#part.indexOf(LF, this.#from);
    const piece = this.#part.subarray(this.#from, end === -1 ? undefined : end);
    this.#from = end === -1 ? this.#part.length : end + 1;
    if (this.#size + piece.length > bytesMax) return false;
    if (end === -1) {
      this.#keep(piece);
      return undefined;
    }
    if (this.#size === 0) return withoutCr(piece);
    this.#keep(piece);
    const line = this.#buffer.subarray(0, this.#size);
    this.#buffer = new Uint8Array(0);
    this.#size = 0;
    return withoutCr(line);
  }

  /** What of the part is not used up, as a copy: the part is the socket's. */
  rest(): Uint8Array {
    const rest = this.#part.slice(this.#from);
    this.#from = this.#part.length;
    return rest;
  }

  /** Parts may be of one byte each: they are put together at once. */
  #keep(piece: Uint8Array): void {
    const size = this.#size + piece.length;
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(firstBytes, size, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#size);
    this.#size = size;
  }
}

const withoutCr = (line: Uint8Array): Uint8Array =>
  line.length > 0 && line[line.length - 1] === CR ? line.subarray(0, -1) : line;
