/**
 * A walk over MessagePack bytes that validates before anything is built: depth, sizes, types, UTF-8, and the count of
 * keys by which duplicates are found. Each step takes at least a byte, nesting is held in an array of `depthMax`.
 *
 * Refused: extension types (also timestamps), NaN and infinite floats, map keys that are no strings, the key
 * `__proto__`, strings that are not UTF-8, bytes after the end, lengths beyond the body, unused byte 0xc1.
 */
import { isUtf8 } from "node:buffer";
import { FormatError } from "../../http/format-error.ts";
import { forbiddenKey, tooDeep, tooMany } from "./plain.ts";
import type { FormatLimits } from "./plain.ts";

const PROTO = Buffer.from("__proto__");

/** How many keys all maps of a body have, or why it is refused. */
export function scanMsgpack(bytes: Uint8Array, limits: FormatLimits): number | FormatError {
  try {
    return new Scanner(bytes, limits).run();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: FormatLimits;
  #index = 0;
  #keys = 0;
  #containers = 0;

  constructor(bytes: Uint8Array, limits: FormatLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  run(): number {
    if (this.#bytes.length === 0) this.#refuse("The body is empty.");
    this.#value(0);
    if (this.#index < this.#bytes.length) this.#refuse("Something follows the end of the value.");
    return this.#keys;
  }

  #refuse(message: string): never {
    throw new FormatError(400, "invalid_msgpack", message, { offset: this.#index });
  }

  /** Moves on by so many bytes and says where they began. */
  #take(length: number): number {
    const start = this.#index;
    if (length > this.#bytes.length - start) this.#refuse("The body ends too early.");
    this.#index = start + length;
    return start;
  }

  #length(size: 1 | 2 | 4): number {
    const at = this.#take(size);
    return size === 1 ? this.#view.getUint8(at) : size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Recursion is bounded by `depthMax`. */
  #value(depth: number): void {
    const head = this.#bytes[this.#take(1)] as number;
    if (head <= 0x7f || head >= 0xe0) return;
    if (head <= 0x8f) return this.#map(head & 0x0f, depth);
    if (head <= 0x9f) return this.#array(head & 0x0f, depth);
    if (head <= 0xbf) return this.#string(head & 0x1f);
    switch (head) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return;
      case 0xc4:
        return this.#skip(this.#length(1));
      case 0xc5:
        return this.#skip(this.#length(2));
      case 0xc6:
        return this.#skip(this.#length(4));
      case 0xca:
        return this.#float(this.#view.byteLength - this.#index < 4 ? Number.NaN : this.#view.getFloat32(this.#index), 4);
      case 0xcb:
        return this.#float(this.#view.byteLength - this.#index < 8 ? Number.NaN : this.#view.getFloat64(this.#index), 8);
      case 0xcc:
      case 0xd0:
        return this.#skip(1);
      case 0xcd:
      case 0xd1:
        return this.#skip(2);
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcf:
      case 0xd3:
        return this.#skip(8);
      case 0xd9:
        return this.#string(this.#length(1));
      case 0xda:
        return this.#string(this.#length(2));
      case 0xdb:
        return this.#string(this.#length(4));
      case 0xdc:
        return this.#array(this.#length(2), depth);
      case 0xdd:
        return this.#array(this.#length(4), depth);
      case 0xde:
        return this.#map(this.#length(2), depth);
      case 0xdf:
        return this.#map(this.#length(4), depth);
      default:
        return this.#refuse(head === 0xc1 ? "The byte 0xc1 is not used." : "Extension types are not accepted.");
    }
  }

  #skip(length: number): void {
    this.#take(length);
  }

  #float(value: number, length: 4 | 8): void {
    this.#take(length);
    if (!Number.isFinite(value))
      throw new FormatError(400, "number_out_of_range", "A number is out of range.", { offset: this.#index - length });
  }

  #string(length: number): void {
    const start = this.#take(length);
    if (length > 0 && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw new FormatError(400, "invalid_encoding", "A string is not valid UTF-8.", { offset: start });
    }
  }

  /** An array of n takes n bytes at least, a map of n two; what claims more is refused before it is built. */
  #enter(depth: number, bytesMin: number): void {
    if (depth >= this.#limits.depthMax) throw tooDeep(this.#limits);
    if (++this.#containers > this.#limits.nodesMax) throw tooMany(this.#limits);
    if (bytesMin > this.#bytes.length - this.#index) this.#refuse("The body ends too early.");
  }

  #array(length: number, depth: number): void {
    this.#enter(depth, length);
    for (let count = 0; count < length; count++) this.#value(depth + 1);
  }

  #map(length: number, depth: number): void {
    this.#enter(depth, length * 2);
    this.#keys += length;
    for (let count = 0; count < length; count++) {
      this.#key();
      this.#value(depth + 1);
    }
  }

  #key(): void {
    const head = this.#bytes[this.#index] ?? 0;
    if (!((head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb))) this.#refuse("A key is not a string.");
    const start = this.#index;
    this.#value(this.#limits.depthMax);
    const size = head <= 0xbf ? 1 : head === 0xd9 ? 2 : head === 0xda ? 3 : 5;
    if (this.#index - start - size === PROTO.length && PROTO.equals(this.#bytes.subarray(start + size, this.#index)))
      throw forbiddenKey();
  }
}
