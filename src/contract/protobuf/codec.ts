/**
 * Messages to bytes and back, compiled once: a closure per field, called in the order of the numbers. Nothing is allocated but what is read.
 *
 * Written are values as a contract answers them; a value that its type cannot hold (masked money, "••••") is left out, as it is not shown. Read are the
 * same values. Of a field that comes twice the last one counts, messages are merged, as protobuf says.
 */
import type { EnumModel, FieldModel, FieldType, MessageModel } from "./model.ts";
import { readStruct, readValue, writeStruct, writeValue } from "./json-value.ts";
import { ProtobufError } from "./proto-service.ts";
import { readMask, readTimestamp, writeMask, writeTimestamp } from "./well-known.ts";
import { Reader, type ReaderOptions, Writer, wireTypes } from "./wire.ts";

type Values = Record<string, unknown>;
/** Writes tag and value; nothing where the value is none. */
type Write = (writer: Writer, value: unknown) => void;
/** Reads a value behind its tag. `before`: what the field had already. */
type Read = (reader: Reader, before: unknown) => unknown;

interface CompiledField {
  readonly name: string;
  readonly number: number;
  readonly wireType: number;
  readonly isList: boolean;
  readonly write: Write;
  readonly read: Read;
  /** Reads values that stand in one length: `repeated int64`. */
  readonly readPacked?: (reader: Reader, list: unknown[]) => void;
  /** What stands for nothing on the wire. */
  readonly zero: unknown;
}

export interface CompiledMessage {
  readonly model: MessageModel;
  fields: readonly CompiledField[];
  /** Those of small numbers. */
  byNumber: readonly (CompiledField | undefined)[];
  byGreatNumber: ReadonlyMap<number, CompiledField>;
  lists: readonly string[];
  zeros: readonly (readonly [name: string, zero: unknown])[];
}

/** Messages within messages. */
const depthMax = 32;
const smallNumbers = 128;

const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

const digits = /^-?[0-9]{1,20}$/;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** A whole number as it can be written; undefined: it is none, or does not fit. */
const wholeOf = (value: unknown): number | bigint | undefined => {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  const big = typeof value === "bigint" ? value : typeof value === "string" && digits.test(value) ? BigInt(value) : undefined;
  return big !== undefined && big >= int64Min && big <= int64Max ? big : undefined;
};

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;

const digitsOf = (text: string): number | string => {
  const number = Number(text);
  return digits.test(text) && Number.isSafeInteger(number) ? number : text;
};

const blobOf = (value: unknown): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? Buffer.from(value, "base64") : undefined;
};

const numbersOf = (model: EnumModel): ReadonlyMap<string, number> =>
  new Map(model.values.map(({ value, number }) => [value, number]));

const valuesOf = (model: EnumModel): readonly (string | undefined)[] => {
  const values: (string | undefined)[] = [];
  for (const { value, number } of model.values) values[number] = value;
  return values;
};

/** Reading and writing of one value, without its tag. `isWritable`: whether there is anything to write. */
interface Kind {
  readonly wireType: number;
  readonly zero: unknown;
  /** Writes the value behind `tag`; `skipZero`: not where it is the zero value. */
  write(tag: number, skipZero: boolean): Write;
  readonly read: Read;
  /** Writes the bare value, for packed lists. */
  readonly writeBare?: Write;
}

/** Compiles messages; one of each model, so that they may contain each other. */
export class Compiler {
  readonly #messages = new Map<MessageModel, CompiledMessage>();

  message(model: MessageModel): CompiledMessage {
    const known = this.#messages.get(model);
    if (known !== undefined) return known;
    const compiled: CompiledMessage = {
      model,
      fields: [],
      byNumber: [],
      byGreatNumber: new Map(),
      lists: [],
      zeros: [],
    };
    this.#messages.set(model, compiled);
    const fields = model.fields.map((field) => this.#field(field)).toSorted((a, b) => a.number - b.number);
    const byNumber: (CompiledField | undefined)[] = Array.from({ length: smallNumbers });
    for (const field of fields) if (field.number < smallNumbers) byNumber[field.number] = field;
    compiled.fields = fields;
    compiled.byNumber = byNumber;
    compiled.byGreatNumber = new Map(fields.map((field) => [field.number, field]));
    compiled.lists = fields.filter(({ isList }) => isList).map(({ name }) => name);
    compiled.zeros = model.fields.flatMap((field) => {
      const zero = fields.find(({ number }) => number === field.number)?.zero;
      return field.presence === "implicit" && zero !== undefined ? [[field.name, zero] as const] : [];
    });
    return compiled;
  }

  #field({ name, number, type, presence }: FieldModel): CompiledField {
    const kind = this.#kind(type);
    const shared = { name, number, read: kind.read, zero: kind.zero };
    if (presence !== "repeated") {
      const write = kind.write((number << 3) | kind.wireType, presence === "implicit");
      return { ...shared, wireType: kind.wireType, isList: false, write };
    }
    const { writeBare } = kind;
    if (writeBare === undefined) {
      const write = kind.write((number << 3) | kind.wireType, false);
      const writeAll: Write = (writer, list) => {
        if (Array.isArray(list)) for (const value of list) write(writer, value);
      };
      return { ...shared, wireType: kind.wireType, isList: true, write: writeAll };
    }
    const tag = (number << 3) | wireTypes.bytes;
    return {
      ...shared,
      wireType: kind.wireType,
      isList: true,
      write: (writer, list) => {
        if (!Array.isArray(list) || list.length === 0) return;
        writer.uint32(tag);
        const start = writer.begin();
        for (const value of list) writeBare(writer, value);
        writer.end(start);
      },
      readPacked: (reader, list) => {
        const outer = reader.enter();
        while (reader.at < reader.end) {
          reader.count();
          list.push(kind.read(reader, undefined) ?? null);
        }
        reader.leave(outer);
      },
    };
  }

  #kind(type: FieldType): Kind {
    switch (type.kind) {
      case "string":
        return {
          wireType: wireTypes.bytes,
          zero: "",
          write: (tag, skipZero) => (writer, value) => {
            const text = typeof value === "string" ? value : textOf(value);
            if (text === undefined || (skipZero && text === "")) return;
            writer.uint32(tag);
            writer.string(text);
          },
          read: (reader) => reader.string(),
        };
      case "digits":
        return {
          wireType: wireTypes.bytes,
          zero: undefined,
          write: (tag) => (writer, value) => {
            const text = textOf(value);
            if (text === undefined) return;
            writer.uint32(tag);
            writer.string(text);
          },
          read: (reader) => digitsOf(reader.string()),
        };
      case "bool":
        return {
          wireType: wireTypes.varint,
          zero: false,
          write: (tag, skipZero) => (writer, value) => {
            if (typeof value !== "boolean" || (skipZero && !value)) return;
            writer.uint32(tag);
            writer.uint32(value ? 1 : 0);
          },
          writeBare: (writer, value) => writer.uint32(value === true ? 1 : 0),
          read: (reader) => reader.bool(),
        };
      case "int32":
      case "int64":
        return wholeKind(type.kind);
      case "bytes":
        return {
          wireType: wireTypes.bytes,
          zero: "",
          write: (tag, skipZero) => (writer, value) => {
            const blob = blobOf(value);
            if (blob === undefined || (skipZero && blob.length === 0)) return;
            writer.uint32(tag);
            writer.blob(blob);
          },
          read: (reader) => reader.base64(),
        };
      case "timestamp":
        return {
          wireType: wireTypes.bytes,
          zero: undefined,
          write: (tag) => (writer, value) => {
            if (typeof value === "string") writeTimestamp(writer, tag, value);
          },
          read: readTimestamp,
        };
      case "value":
        return {
          wireType: wireTypes.bytes,
          zero: undefined,
          write: (tag) => (writer, value) => {
            writer.uint32(tag);
            writeValue(writer, value);
          },
          read: (reader) => readValue(reader),
        };
      case "struct":
        return {
          wireType: wireTypes.bytes,
          zero: undefined,
          write: (tag) => (writer, value) => {
            if (!isRecord(value)) return;
            writer.uint32(tag);
            writeStruct(writer, value);
          },
          read: (reader) => readStruct(reader),
        };
      case "mask":
        return {
          wireType: wireTypes.bytes,
          zero: undefined,
          write: (tag) => (writer, value) => {
            if (!Array.isArray(value)) return;
            writer.uint32(tag);
            writeMask(writer, value);
          },
          read: (reader, before) => readMask(reader, Array.isArray(before) ? (before as string[]) : []),
        };
      case "enum":
        return enumKind(type.of);
      case "message":
        return this.#messageKind(type.of);
      case "wrapped":
        return this.#wrappedKind(type.of);
    }
  }

  #messageKind(model: MessageModel): Kind {
    const compiled = this.message(model);
    return {
      wireType: wireTypes.bytes,
      zero: undefined,
      write: (tag) => (writer, value) => {
        if (!isRecord(value)) return;
        writer.uint32(tag);
        const start = writer.begin();
        writeFields(compiled, writer, value);
        writer.end(start);
      },
      read: (reader, before) => readWithin(compiled, reader, isRecord(before) ? before : {}),
    };
  }

  /** A list, or an item that may be null: of its message a contract sees the one field. */
  #wrappedKind(model: MessageModel): Kind {
    const compiled = this.message(model);
    const inner = model.fields[0]?.name ?? "";
    const isList = model.fields[0]?.presence === "repeated";
    return {
      wireType: wireTypes.bytes,
      zero: undefined,
      write: (tag) => (writer, value) => {
        if (isList && !Array.isArray(value)) return;
        writer.uint32(tag);
        const start = writer.begin();
        writeFields(compiled, writer, { [inner]: value });
        writer.end(start);
      },
      read: (reader) => readWithin(compiled, reader, {})[inner] ?? (isList ? [] : null),
    };
  }
}

const wholeKind = (kind: "int32" | "int64"): Kind => ({
  wireType: wireTypes.varint,
  zero: 0,
  write: (tag, skipZero) => (writer, value) => {
    const whole = wholeOf(value);
    if (whole === undefined || (skipZero && (whole === 0 || whole === 0n))) return;
    writer.uint32(tag);
    writer.int64(whole);
  },
  writeBare: (writer, value) => writer.int64(wholeOf(value) ?? 0),
  read: kind === "int64" ? (reader) => reader.int64() : (reader) => reader.uint32() | 0,
});

const enumKind = (model: EnumModel): Kind => {
  const numbers = numbersOf(model);
  const values = valuesOf(model);
  return {
    wireType: wireTypes.varint,
    zero: undefined,
    write: (tag) => (writer, value) => {
      const number = numbers.get(value as string);
      if (number === undefined) return;
      writer.uint32(tag);
      writer.uint32(number);
    },
    writeBare: (writer, value) => writer.uint32(numbers.get(value as string) ?? 0),
    read: (reader) => {
      const number = reader.int64();
      if (number === 0) return undefined;
      const value = typeof number === "number" && number > 0 ? values[number] : undefined;
      if (value === undefined && reader.isStrict)
        throw new ProtobufError("unknown_enum_value", `${model.name} has no value ${number}.`);
      return value;
    },
  };
};

export const writeFields = ({ fields }: CompiledMessage, writer: Writer, values: Readonly<Values>): void => {
  for (const field of fields) {
    const value = values[field.name];
    if (value !== undefined && value !== null) field.write(writer, value);
  }
};

const readWithin = (compiled: CompiledMessage, reader: Reader, values: Values): Values => {
  if (++reader.depth > depthMax) throw new ProtobufError("too_deep", `Messages stand in each other more than ${depthMax} deep.`);
  reader.count();
  const outer = reader.enter();
  readFields(compiled, reader, values);
  reader.leave(outer);
  reader.depth--;
  return values;
};

/** Items of a list are whole, also within a patch. */
const readItem = (field: CompiledField, reader: Reader): unknown => {
  const { fillsLists } = reader;
  reader.fillsLists = true;
  const value = field.read(reader, undefined);
  reader.fillsLists = fillsLists;
  return value;
};

const listOf = (values: Values, name: string): unknown[] => {
  const known = values[name];
  return Array.isArray(known) ? (known as unknown[]) : (values[name] = []);
};

/** Reads up to the end of the message. */
export const readFields = (compiled: CompiledMessage, reader: Reader, values: Values): void => {
  const { byNumber, byGreatNumber, model } = compiled;
  while (reader.at < reader.end) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    const wireType = tag & 7;
    const field = number < smallNumbers ? byNumber[number] : byGreatNumber.get(number);
    if (field === undefined) {
      if (number === 0) throw new ProtobufError("malformed", "A field has the number 0.");
      if (reader.isStrict) throw new ProtobufError("unknown_field", `${model.name} has no field ${number}.`, `#${number}`);
      reader.skip(wireType);
    } else if (wireType === field.wireType) {
      if (field.isList) {
        reader.count();
        listOf(values, field.name).push(readItem(field, reader) ?? null);
      } else {
        const value = field.read(reader, values[field.name]);
        if (value !== undefined) values[field.name] = value;
      }
    } else if (field.readPacked !== undefined && wireType === wireTypes.bytes) {
      field.readPacked(reader, listOf(values, field.name));
    } else if (reader.isStrict) {
      throw new ProtobufError("malformed", `Field ${number} of ${model.name} is of another type.`, `#${number}`);
    } else reader.skip(wireType);
  }
  if (reader.fillsLists) for (const name of compiled.lists) if (values[name] === undefined) values[name] = [];
  if (!reader.isStrict) for (const [name, zero] of compiled.zeros) if (values[name] === undefined) values[name] = zero;
};

const writer = new Writer();

/** The bytes of a message, behind `headroom` zeros. */
export const encodeMessage = (compiled: CompiledMessage, values: Readonly<Values>, headroom: number): Uint8Array => {
  writer.reset();
  writer.room(headroom);
  writer.bytes.fill(0, 0, headroom);
  writer.at = headroom;
  writeFields(compiled, writer, values);
  return writer.take();
};

/** Reads a whole message. Throws `ProtobufError`. */
export const decodeMessage = (compiled: CompiledMessage, bytes: Uint8Array, options: ReaderOptions): Values => {
  const values: Values = {};
  readFields(compiled, new Reader(bytes, options), values);
  return values;
};
