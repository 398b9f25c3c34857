/**
 * Header compression (RFC 7541). Read with everything it has: both tables, Huffman, table sizes. Written without a table of our own and without Huffman: fields of
 * the static table by their index, others as they are, so that a block depends on nothing before it and what is always the same is made once.
 */
import { ConnectionError, errors } from "./protocol.ts";
import { decodeHuffman } from "./huffman.ts";

export type Field = readonly [name: string, value: string];

/** Appendix A. */
const staticTable: readonly Field[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...[
    "accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition",
    "content-encoding content-language content-length content-location content-range content-type cookie date etag expect expires",
    "from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards",
    "proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security",
    "transfer-encoding user-agent vary via www-authenticate",
  ].flatMap((line) => line.split(" ").map((name): Field => [name, ""])),
];

/** What an entry counts beside its text (section 4.1). */
const entryOverhead = 32;
/** Of the table that peers may use with us: the default. */
const tableBytesMax = 4_096;
/** Five bytes of seven bits: beyond any length there is. */
const integerBytesMax = 5;

/** In place of an entry that was evicted. */
const gone: Field = ["", ""];

const broken = (message: string): ConnectionError => new ConnectionError(errors.compression, message);

/** Size of a field as HTTP/2 counts it. */
export const fieldBytes = ([name, value]: Field): number => name.length + value.length + entryOverhead;

/** The table of one connection's requests. */
export class HpackDecoder {
  /** Newest last. */
  #entries: Field[] = [];
  /** Entries before it are evicted. */
  #first = 0;
  #size = 0;
  #sizeMax = tableBytesMax;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /**
   * Hands each field of a block to `take`, in order. Throws `ConnectionError` where it is none: the tables of both sides differ from then on.
   */
  decode(block: Uint8Array, take: (field: Field) => void): void {
    this.#bytes = block;
    this.#at = 0;
    let isBeginning = true;
    while (this.#at < block.length) {
      const first = block[this.#at] as number;
      if ((first & 0xe0) === 0x20) {
        if (!isBeginning) throw broken("a table size within a block");
        this.#resize(this.#integer(5));
        continue;
      }
      isBeginning = false;
      if ((first & 0x80) !== 0) take(this.#entry(this.#integer(7)));
      else if ((first & 0x40) !== 0) take(this.#literal(6, true));
      else take(this.#literal(4, false));
    }
  }

  #literal(prefix: number, isKept: boolean): Field {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#text() : this.#entry(index)[0];
    const field: Field = [name, this.#text()];
    if (isKept) this.#keep(field);
    return field;
  }

  #entry(index: number): Field {
    const field =
      index <= staticTable.length ? staticTable[index - 1] : this.#entries[this.#entries.length - (index - staticTable.length)];
    if (field === undefined || index - staticTable.length > this.#entries.length - this.#first)
      throw broken("an index beyond the tables");
    return field;
  }

  #keep(field: Field): void {
    const bytes = fieldBytes(field);
    this.#evict(this.#sizeMax - bytes);
    if (bytes > this.#sizeMax) return;
    this.#entries.push(field);
    this.#size += bytes;
  }

  #resize(size: number): void {
    if (size > tableBytesMax) throw broken("a table size beyond ours");
    this.#sizeMax = size;
    this.#evict(size);
  }

  #evict(sizeMax: number): void {
    while (this.#size > Math.max(sizeMax, 0)) {
      this.#size -= fieldBytes(this.#entries[this.#first] as Field);
      this.#entries[this.#first++] = gone;
    }
    // Evicted entries are dropped many at once.
    if (this.#first > 64) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Section 5.1. */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = (this.#bytes[this.#at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0, count = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || ++count > integerBytesMax) throw broken("an integer that does not end");
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
  }

  /** Section 5.2. */
  #text(): string {
    const first = this.#bytes[this.#at];
    if (first === undefined) throw broken("a block that ends within a field");
    const length = this.#integer(7);
    const from = this.#at;
    if (length > this.#bytes.length - from) throw broken("a text longer than its block");
    this.#at += length;
    if ((first & 0x80) === 0) return latin1(this.#bytes, from, length);
    const text = decodeHuffman(this.#bytes, from, length);
    if (text === undefined) throw broken("a text that is no Huffman code");
    return text;
  }
}

const latin1 = (bytes: Uint8Array, from: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString("latin1");

const indexOfField = new Map<string, number>();
const indexOfName = new Map<string, number>();
for (const [at, [name, value]] of staticTable.entries()) {
  indexOfField.set(`${name}\0${value}`, at + 1);
  if (!indexOfName.has(name)) indexOfName.set(name, at + 1);
}

const pushInteger = (into: number[], pattern: number, prefix: number, value: number): void => {
  const mask = (1 << prefix) - 1;
  if (value < mask) {
    into.push(pattern | value);
    return;
  }
  into.push(pattern | mask);
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) into.push((rest % 128) | 0x80);
  into.push(rest);
};

const named = new Map<string, Buffer>();

/** How a literal field begins: without a place in any table, its name by index where the static table has it. Names are our own, so there are few. */
const nameBytes = (name: string): Buffer => {
  let bytes = named.get(name);
  if (bytes === undefined) {
    const begin: number[] = [];
    const index = indexOfName.get(name);
    if (index === undefined) {
      begin.push(0);
      pushInteger(begin, 0, 7, name.length);
    } else {
      pushInteger(begin, 0, 4, index);
    }
    bytes = Buffer.concat([Buffer.from(begin), Buffer.from(index === undefined ? name : "", "latin1")]);
    named.set(name, bytes);
  }
  return bytes;
};

/** A block of fields. Values are ISO 8859-1 without line ends: what is not, is ours to see to. */
export const encodeFields = (fields: Iterable<Field>): Buffer => {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    const index = indexOfField.get(`${name}\0${value}`);
    const head: number[] = [];
    if (index !== undefined) {
      pushInteger(head, 0x80, 7, index);
      parts.push(Buffer.from(head));
      continue;
    }
    pushInteger(head, 0, 7, value.length);
    parts.push(nameBytes(name), Buffer.from(head), Buffer.from(value, "latin1"));
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
};
