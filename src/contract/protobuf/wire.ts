/**
 * The wire format (protobuf.dev/programming-guides/encoding): varints, lengths, eight bytes. One writer serves all messages, since a message is written
 * without a pause; a reader is made for each. Written by hand, as a call passes through it twice: from a message
 * to a call's values @bufbuild/protobuf takes two to five times as long.
 *
 * Int64 values are numbers up to ±(2^53−1) and strings of digits beyond, as everywhere in a contract.
 */
import { ProtobufError } from "./proto-service.ts";

/** Wire types; 3 and 4 are groups, which proto3 does not have. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const initialBytes = 64 * 1024;
/** A larger buffer is not kept for the next message. */
const keptBytesMax = 1024 * 1024;
const two32 = 4_294_967_296;

export class Writer {
  bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  at = 0;

  /** Makes room for so many bytes more. */
  room(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.at + bytes, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** What was written, as bytes of their own; the writer is empty then. */
  take(): Uint8Array {
    const written = new Uint8Array(this.bytes.subarray(0, this.at));
    this.reset();
    return written;
  }

  reset(): void {
    this.at = 0;
    if (this.bytes.length > keptBytesMax) this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** 0 … 2^32−1. */
  uint32(value: number): void {
    this.room(5);
    const { bytes } = this;
    let { at } = this;
    let rest = value;
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** A whole number of 64 bits, two's complement. */
  int64(value: number | bigint): void {
    if (typeof value === "bigint")
      return this.#words(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
    if (value >= 0 && value < two32) return this.uint32(value);
    const high = Math.floor(value / two32);
    this.#words(value - high * two32, high >>> 0);
  }

  #words(low: number, high: number): void {
    this.room(10);
    const { bytes } = this;
    let { at } = this;
    while (high > 0) {
      bytes[at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low > 127) {
      bytes[at++] = (low & 127) | 128;
      low >>>= 7;
    }
    bytes[at++] = low;
    this.at = at;
  }

  double(value: number): void {
    this.room(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  /** Length and UTF-8. Halves of surrogate pairs become U+FFFD. */
  string(text: string): void {
    const { length } = text;
    if (length < 128) {
      this.room(length + 1);
      const { bytes } = this;
      let at = this.at + 1;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (index === length) {
        bytes[this.at] = length;
        this.at = at;
        return;
      }
    }
    const bytes = Buffer.byteLength(text);
    this.uint32(bytes);
    this.room(bytes);
    this.at += this.bytes.write(text, this.at);
  }

  /** Length and bytes. */
  blob(blob: Uint8Array): void {
    this.uint32(blob.length);
    this.room(blob.length);
    this.bytes.set(blob, this.at);
    this.at += blob.length;
  }

  /** Begins what has its length before it; what comes back is given to `end`. */
  begin(): number {
    this.room(1);
    return ++this.at;
  }

  end(start: number): void {
    const length = this.at - start;
    if (length < 128) {
      this.bytes[start - 1] = length;
      return;
    }
    const more = length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : length < 1 << 28 ? 3 : 4;
    this.room(more);
    this.bytes.copyWithin(start + more, start, this.at);
    const end = this.at + more;
    this.at = start - 1;
    this.uint32(length);
    this.at = end;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const truncated = (): ProtobufError => new ProtobufError("truncated", "The message ends in the middle of a field.");
const longVarint = (): ProtobufError => new ProtobufError("malformed", "A varint has more than ten bytes.");

export interface ReaderOptions {
  readonly isStrict: boolean;
  readonly partsMax: number;
  readonly fillsLists: boolean;
}

export class Reader {
  readonly bytes: Buffer;
  at: number;
  /** Where the message ends that is read now. */
  end: number;
  /** Fields that a message does not have are refused, not skipped. */
  readonly isStrict: boolean;
  /** Values of lists, and messages, that may still come. */
  parts: number;
  /** Messages that stand around the one that is read. */
  depth = 0;
  /** A list that is not there is an empty one; in a patch it is none. */
  fillsLists: boolean;

  constructor(bytes: Uint8Array, options: ReaderOptions) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.end = bytes.byteLength;
    this.isStrict = options.isStrict;
    this.parts = options.partsMax;
    this.fillsLists = options.fillsLists;
  }

  /** Counts one value of a list, or message. */
  count(): void {
    if (--this.parts < 0) throw new ProtobufError("too_many", "The message has too many parts.");
  }

  /** The low 32 bits of a varint, 0 … 2^32−1. */
  uint32(): number {
    const { bytes, end } = this;
    let { at } = this;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw truncated();
      const byte = bytes[at++] as number;
      if (shift < 28) value |= (byte & 127) << shift;
      else if (shift === 28) value |= (byte & 15) << 28;
      if (byte < 128) {
        this.at = at;
        return value >>> 0;
      }
    }
    throw longVarint();
  }

  /** A length within the message, or a number of a field: what does not fit into 31 bits is none. */
  #length(): number {
    const length = this.uint32();
    if (length > this.end - this.at) throw truncated();
    return length;
  }

  int64(): number | string {
    const { bytes, end } = this;
    let { at } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw truncated();
      const byte = bytes[at++] as number;
      if (shift < 28) low |= (byte & 127) << shift;
      else if (shift === 28) {
        low |= (byte & 15) << 28;
        high |= (byte & 127) >> 4;
      } else high |= (byte & 127) << (shift - 32);
      if (byte < 128) {
        this.at = at;
        const number = high * two32 + (low >>> 0);
        return Number.isSafeInteger(number) ? number : String((BigInt(high) << 32n) | BigInt(low >>> 0));
      }
    }
    throw longVarint();
  }

  /** A varint of any length as true or false. */
  bool(): boolean {
    return this.int64() !== 0;
  }

  double(): number {
    if (this.end - this.at < 8) throw truncated();
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  string(): string {
    const length = this.#length();
    const { bytes, at } = this;
    const end = at + length;
    this.at = end;
    for (let index = at; index < end; index++) {
      if ((bytes[index] as number) < 128) continue;
      try {
        return utf8.decode(bytes.subarray(at, end));
      } catch {
        throw new ProtobufError("invalid_utf8", "A string is not UTF-8.");
      }
    }
    return bytes.toString("latin1", at, end);
  }

  /** Bytes as base64. */
  base64(): string {
    const length = this.#length();
    const text = this.bytes.toString("base64", this.at, this.at + length);
    this.at += length;
    return text;
  }

  /** Enters something with a length; what comes back is given to `leave`. */
  enter(): number {
    const length = this.#length();
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.uint32();
        return;
      case wireTypes.fixed64:
        if (this.end - this.at < 8) throw truncated();
        this.at += 8;
        return;
      case wireTypes.bytes: {
        const length = this.#length();
        this.at += length;
        return;
      }
      case wireTypes.fixed32:
        if (this.end - this.at < 4) throw truncated();
        this.at += 4;
        return;
      default:
        throw new ProtobufError("malformed", `Wire type ${wireType} does not exist.`);
    }
  }
}
