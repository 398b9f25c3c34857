/**
 * The JSON form of messages (protobuf.dev/programming-guides/json): lowerCamelCase names (snake_case is taken too), int64 as strings, enum values by name,
 * bytes as base64, moments as RFC 3339. Unknown names and values are refused.
 */
import { jsonDepthMax } from "../../define/forms.ts";
import type { EnumModel, FieldModel, FieldType, MessageModel } from "./model.ts";
import { ProtobufError } from "./proto-service.ts";
import { camelCase, momentOf } from "./well-known.ts";

type Values = Record<string, unknown>;

const depthMax = 32;
const partsMax = 100_000;

const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (at: string, expected: string): ProtobufError =>
  new ProtobufError("wrong_type", `${at === "" ? "The message" : at} must be ${expected}.`, at);

const inside = (at: string, name: string | number): string => (at === "" ? String(name) : `${at}.${name}`);

/** A whole number: a JSON number, or a string of digits (protobuf takes `1e3` and `1.0` too). */
const wholeOf = (json: unknown, at: string, bounds: { readonly min: bigint; readonly max: bigint }): number | string => {
  let whole: bigint | undefined;
  if (typeof json === "bigint") whole = json;
  else if (typeof json === "string" && /^-?[0-9]{1,20}$/.test(json)) whole = BigInt(json);
  else if (typeof json === "number" && Number.isInteger(json)) whole = BigInt(json);
  if (whole === undefined) throw wrong(at, "a whole number");
  if (whole < bounds.min || whole > bounds.max) throw new ProtobufError("out_of_range", `${at} is out of range.`, at);
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : String(whole);
};

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const int32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n };

/** Standard or URL-safe base64, with or without padding. */
const base64Of = (json: unknown, at: string): string => {
  if (typeof json !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) throw wrong(at, "base64");
  return Buffer.from(json, "base64").toString("base64");
};

/** Reads; one for each message that is read. */
class JsonReader {
  #parts = partsMax;

  #count(): void {
    if (--this.#parts < 0) throw new ProtobufError("too_many", "The message has too many parts.");
  }

  message(
    model: FieldsByName,
    json: unknown,
    place: { readonly at: string; readonly depth: number; readonly fills: boolean },
  ): Values {
    const { at, depth, fills } = place;
    if (depth > depthMax) throw new ProtobufError("too_deep", `Messages stand in each other more than ${depthMax} deep.`, at);
    if (!isRecord(json)) throw wrong(at, "an object");
    this.#count();
    const values: Values = {};
    for (const [name, value] of Object.entries(json)) {
      const field = model.byName.get(name);
      if (field === undefined) {
        const told = inside(at, name.slice(0, 100));
        throw new ProtobufError("unknown_field", `${model.name} has no field ${JSON.stringify(name.slice(0, 100))}.`, told);
      }
      if (value === null && field.type.kind !== "value") continue;
      const place = { at: inside(at, name), depth: depth + 1, fills };
      const read = field.presence === "repeated" ? this.#list(field.type, value, place) : this.#value(field.type, value, place);
      if (read !== undefined) values[field.name] = read;
    }
    if (fills) for (const name of model.lists) values[name] ??= [];
    return values;
  }

  #list(type: FieldType, json: unknown, place: { readonly at: string; readonly depth: number }): unknown[] {
    if (!Array.isArray(json)) throw wrong(place.at, "a list");
    return json.map((item: unknown, index) => {
      this.#count();
      return this.#value(type, item, { at: inside(place.at, index), depth: place.depth, fills: true }) ?? null;
    });
  }

  #value(
    type: FieldType,
    json: unknown,
    place: { readonly at: string; readonly depth: number; readonly fills: boolean },
  ): unknown {
    const { at } = place;
    switch (type.kind) {
      case "string":
        if (typeof json !== "string") throw wrong(at, "a string");
        return json;
      case "digits":
        if (typeof json !== "string") throw wrong(at, "a string");
        return /^-?[0-9]{1,20}$/.test(json) && Number.isSafeInteger(Number(json)) ? Number(json) : json;
      case "bool":
        if (typeof json !== "boolean") throw wrong(at, "true or false");
        return json;
      case "int32":
        return wholeOf(json, at, int32);
      case "int64":
        return wholeOf(json, at, int64);
      case "bytes":
        return base64Of(json, at);
      case "timestamp": {
        const moment = typeof json === "string" ? momentOf(json) : undefined;
        if (moment === undefined) throw wrong(at, "a moment (RFC 3339)");
        return moment;
      }
      case "mask":
        if (typeof json !== "string") throw wrong(at, "paths with commas between them");
        return json === "" ? [] : json.split(",").map(camelCase);
      case "struct":
        if (!isRecord(json)) throw wrong(at, "an object");
        return this.#free(json, at, 0);
      case "value":
        return this.#free(json, at, 0);
      case "enum":
        return this.#enum(type.of, json, at);
      case "message":
        return this.message(namesOf(type.of), json, place);
      case "wrapped": {
        const { values, value } = this.message(namesOf(type.of), json, { ...place, fills: true });
        return values ?? value ?? null;
      }
    }
  }

  #enum(model: EnumModel, json: unknown, at: string): string | undefined {
    if (json === model.unspecified || json === 0) return undefined;
    const found = model.values.find(({ name, number }) => (typeof json === "number" ? number === json : name === json));
    if (found === undefined) throw new ProtobufError("unknown_enum_value", `${at} is no value of ${model.name}.`, at);
    return found.value;
  }

  /** Free JSON is taken as it is, within bounds. */
  #free(json: unknown, at: string, level: number): unknown {
    this.#count();
    if (typeof json === "bigint") throw new ProtobufError("out_of_range", `${at} has a number that is out of range.`, at);
    if (typeof json !== "object" || json === null) return json;
    if (level >= jsonDepthMax) throw new ProtobufError("too_deep", `A JSON value has more than ${jsonDepthMax} levels.`, at);
    for (const part of Object.values(json)) this.#free(part, at, level + 1);
    return json;
  }
}

interface FieldsByName {
  readonly name: string;
  readonly byName: ReadonlyMap<string, FieldModel>;
  readonly lists: readonly string[];
}

const known = new WeakMap<MessageModel, FieldsByName>();

const namesOf = (model: MessageModel): FieldsByName => {
  let found = known.get(model);
  if (found === undefined) {
    const byName = new Map<string, FieldModel>();
    for (const field of model.fields) byName.set(field.protoName, field);
    for (const field of model.fields) byName.set(camelCase(field.protoName), field);
    const lists = model.fields.filter(({ presence }) => presence === "repeated").map(({ name }) => name);
    known.set(model, (found = { name: model.name, byName, lists }));
  }
  return found;
};

/** Reads the JSON form. `fills`: a list that is not there is an empty one. Throws `ProtobufError`. */
export const messageFromJson = (model: MessageModel, json: unknown, options: { readonly fills: boolean }): Values =>
  new JsonReader().message(namesOf(model), json, { at: "", depth: 1, fills: options.fills });

const valueToJson = (type: FieldType, value: unknown): unknown => {
  switch (type.kind) {
    case "int64":
      return typeof value === "number" || typeof value === "bigint" || (typeof value === "string" && /^-?[0-9]+$/.test(value))
        ? String(value)
        : undefined;
    case "int32":
      return typeof value === "number" ? value : undefined;
    case "bool":
      return typeof value === "boolean" ? value : undefined;
    case "string":
    case "digits":
      return typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
    case "bytes":
      return value instanceof Uint8Array ? value.toBase64() : value;
    case "timestamp":
      return typeof value === "string" ? momentOf(value) : undefined;
    case "mask":
      return Array.isArray(value) ? value.join(",") : undefined;
    case "struct":
    case "value":
      return value;
    case "enum":
      return type.of.values.find((one) => one.value === value)?.name;
    case "message":
      return isRecord(value) ? messageToJson(type.of, value) : undefined;
    case "wrapped":
      return messageToJson(type.of, { values: value, value });
  }
};

/** Writes the JSON form; what is not there is left out. */
export const messageToJson = (model: MessageModel, values: Readonly<Values>): Values => {
  const json: Values = {};
  for (const { name, protoName, type, presence } of model.fields) {
    const value = values[name];
    if (value === undefined || value === null) continue;
    if (presence === "repeated") {
      if (Array.isArray(value) && value.length > 0)
        json[camelCase(protoName)] = value.map((one: unknown) => valueToJson(type, one));
      continue;
    }
    const written = valueToJson(type, value);
    const isZero = presence === "implicit" && (written === "" || written === 0 || written === "0" || written === false);
    if (written !== undefined && !isZero) json[camelCase(protoName)] = written;
  }
  return json;
};
