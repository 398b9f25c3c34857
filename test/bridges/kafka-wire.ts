/** What the protocol of Kafka is made of: fields read and written in their order, and batches of records (message format 2), checked as a broker does. */

/** Reads fields of a request. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(length: number): Buffer {
    if (length < 0 || length > this.left) throw new RangeError(`${length} bytes of ${this.left}`);
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  int8 = (): number => this.#take(1).readInt8();
  int16 = (): number => this.#take(2).readInt16BE();
  int32 = (): number => this.#take(4).readInt32BE();
  int64 = (): bigint => this.#take(8).readBigInt64BE();
  uint32 = (): number => this.#take(4).readUInt32BE();

  /** Zigzag, at most 10 bytes. */
  varint = (): number => {
    let [value, shift] = [0n, 0n];
    for (let byte = 0x80; (byte & 0x80) !== 0; shift += 7n) {
      if (shift > 63n) throw new RangeError("a varint of more than ten bytes");
      byte = this.#take(1)[0] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
    }
    return Number((value >> 1n) ^ -(value & 1n));
  };

  string = (): string | null => {
    const length = this.int16();
    return length === -1 ? null : this.#take(length).toString();
  };

  bytes = (): Buffer | null => {
    const length = this.int32();
    return length === -1 ? null : this.#take(length);
  };

  varbytes = (): Buffer | null => {
    const length = this.varint();
    return length === -1 ? null : this.#take(length);
  };

  array = <T>(read: () => T): T[] => Array.from({ length: Math.max(0, this.int32()) }, read);

  rest = (): Buffer => this.#take(this.left);
}

/** Writes fields of an answer. */
export class WireWriter {
  readonly #parts: Buffer[] = [];

  #put(length: number, write: (buffer: Buffer) => void): this {
    const buffer = Buffer.alloc(length);
    write(buffer);
    this.#parts.push(buffer);
    return this;
  }

  int8 = (value: number): this => this.#put(1, (to) => to.writeInt8(value));
  int16 = (value: number): this => this.#put(2, (to) => to.writeInt16BE(value));
  int32 = (value: number): this => this.#put(4, (to) => to.writeInt32BE(value));
  int64 = (value: bigint): this => this.#put(8, (to) => to.writeBigInt64BE(value));

  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    const bytes = Buffer.from(value);
    this.int16(bytes.length);
    this.#parts.push(bytes);
    return this;
  }

  array<T>(values: readonly T[], write: (value: T) => void): this {
    this.int32(values.length);
    for (const value of values) write(value);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const polynomial = 0x82f63b78;
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value >>> 0;
});

/** CRC-32C (Castagnoli). */
export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

export interface WireRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RecordBatch {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly baseSequence: number;
  readonly records: readonly WireRecord[];
}

/** A batch as a broker takes it. Throws for whatever does not fit: magic, length, checksum, offsets, counts. */
export const readBatch = (bytes: Buffer): RecordBatch => {
  const reader = new WireReader(bytes);
  if (reader.int64() !== 0n) throw new Error("the base offset of what is produced is 0");
  if (reader.int32() !== reader.left) throw new Error("the batch has another length");
  reader.int32();
  if (reader.int8() !== 2) throw new Error("message format 2 only");
  const crc = reader.uint32();
  const body = reader.rest();
  if (crc32c(body) !== crc) throw new Error("the checksum is wrong");
  const fields = new WireReader(body);
  if ((fields.int16() & 0b111) !== 0) throw new Error("compressed");
  const lastDelta = fields.int32();
  fields.int64();
  fields.int64();
  const [producerId, epoch, baseSequence] = [fields.int64(), fields.int16(), fields.int32()];
  const count = fields.int32();
  if (lastDelta !== count - 1) throw new Error("the last offset does not fit the number of records");
  const records = Array.from({ length: count }, (_, at): WireRecord => {
    const length = fields.varint();
    const before = fields.left;
    fields.int8();
    fields.varint();
    if (fields.varint() !== at) throw new Error("offsets of records have gaps");
    const [key, value] = [fields.varbytes(), fields.varbytes()];
    const headers = Object.fromEntries(
      Array.from({ length: fields.varint() }, () => [fields.varbytes()?.toString() ?? "", fields.varbytes()?.toString() ?? ""]),
    );
    if (before - fields.left !== length) throw new Error("a record has another length");
    return { key: key?.toString() ?? null, value: value?.toString() ?? null, headers };
  });
  if (fields.left !== 0) throw new Error("something follows the last record");
  return { producerId, epoch, baseSequence, records };
};
