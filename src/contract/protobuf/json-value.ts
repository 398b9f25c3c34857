/**
 * google.protobuf.Value and Struct: any JSON value as messages.
 *
 *   Value { null_value = 1, number_value = 2, string_value = 3, bool_value = 4, struct_value = 5, list_value = 6 }
 *   Struct { map<string, Value> fields = 1 }   ListValue { repeated Value values = 1 }
 */
import { jsonDepthMax } from "../../define/forms.ts";
import { ProtobufError } from "./proto-service.ts";
import { type Reader, type Writer, wireTypes } from "./wire.ts";

const tag = (number: number, wireType: number): number => (number << 3) | wireType;

const nullTag = tag(1, wireTypes.varint);
const numberTag = tag(2, wireTypes.fixed64);
const stringTag = tag(3, wireTypes.bytes);
const boolTag = tag(4, wireTypes.varint);
const structTag = tag(5, wireTypes.bytes);
const listTag = tag(6, wireTypes.bytes);
const firstTag = tag(1, wireTypes.bytes);
const secondTag = tag(2, wireTypes.bytes);

/** Writes a Value without its length. What JSON cannot hold is null. */
const writeKind = (writer: Writer, value: unknown): void => {
  switch (typeof value) {
    case "string":
      writer.uint32(stringTag);
      writer.string(value);
      return;
    case "number":
      writer.uint32(numberTag);
      writer.double(value);
      return;
    case "boolean":
      writer.uint32(boolTag);
      writer.uint32(value ? 1 : 0);
      return;
    case "object": {
      if (value === null) break;
      writer.uint32(Array.isArray(value) ? listTag : structTag);
      const start = writer.begin();
      if (Array.isArray(value)) for (const item of value) writeItem(writer, item);
      else writeMembers(writer, value);
      writer.end(start);
      return;
    }
    default:
  }
  writer.uint32(nullTag);
  writer.uint32(0);
};

const writeItem = (writer: Writer, value: unknown): void => {
  writer.uint32(firstTag);
  writeValue(writer, value);
};

const writeMembers = (writer: Writer, object: object): void => {
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    writer.uint32(firstTag);
    const start = writer.begin();
    writer.uint32(firstTag);
    writer.string(key);
    writer.uint32(secondTag);
    writeValue(writer, value);
    writer.end(start);
  }
};

/** Writes a google.protobuf.Value with its length. */
export const writeValue = (writer: Writer, value: unknown): void => {
  const start = writer.begin();
  writeKind(writer, value);
  writer.end(start);
};

/** Writes a google.protobuf.Struct with its length. */
export const writeStruct = (writer: Writer, value: object): void => {
  const start = writer.begin();
  writeMembers(writer, value);
  writer.end(start);
};

const tooDeep = (): ProtobufError => new ProtobufError("too_deep", `A JSON value has more than ${jsonDepthMax} levels.`);

const unknown = (reader: Reader, message: string, found: number): void => {
  if (reader.isStrict) throw new ProtobufError("unknown_field", `google.protobuf.${message} has no field ${found >>> 3}.`);
  reader.skip(found & 7);
};

/** The last of its kinds; none is null. */
export const readValue = (reader: Reader, level = 0): unknown => {
  reader.count();
  const outer = reader.enter();
  let value: unknown = null;
  while (reader.at < reader.end) {
    const found = reader.uint32();
    switch (found) {
      case nullTag:
        reader.uint32();
        value = null;
        break;
      case numberTag:
        value = reader.double();
        if (!Number.isFinite(value)) throw new ProtobufError("out_of_range", "A JSON value has no NaN and no infinity.");
        break;
      case stringTag:
        value = reader.string();
        break;
      case boolTag:
        value = reader.bool();
        break;
      case structTag:
        value = readStruct(reader, level);
        break;
      case listTag:
        value = readList(reader, level);
        break;
      default:
        unknown(reader, "Value", found);
    }
  }
  reader.leave(outer);
  return value;
};

export const readStruct = (reader: Reader, level = 0): Record<string, unknown> => {
  if (level >= jsonDepthMax) throw tooDeep();
  const outer = reader.enter();
  const object: Record<string, unknown> = {};
  while (reader.at < reader.end) {
    const found = reader.uint32();
    if (found === firstTag) readMember(reader, object, level);
    else unknown(reader, "Struct", found);
  }
  reader.leave(outer);
  return object;
};

const readMember = (reader: Reader, object: Record<string, unknown>, level: number): void => {
  const outer = reader.enter();
  let key = "";
  let value: unknown = null;
  while (reader.at < reader.end) {
    const found = reader.uint32();
    if (found === firstTag) key = reader.string();
    else if (found === secondTag) value = readValue(reader, level + 1);
    else unknown(reader, "Struct.FieldsEntry", found);
  }
  reader.leave(outer);
  // As a property of its own, whatever it is called: the acceptor refuses `__proto__`.
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};

const readList = (reader: Reader, level: number): unknown[] => {
  if (level >= jsonDepthMax) throw tooDeep();
  const outer = reader.enter();
  const list: unknown[] = [];
  while (reader.at < reader.end) {
    const found = reader.uint32();
    if (found === firstTag) list.push(readValue(reader, level + 1));
    else unknown(reader, "ListValue", found);
  }
  reader.leave(outer);
  return list;
};
