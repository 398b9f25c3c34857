/**
 * Operations as protobuf, for clients of gRPC and Connect: questions become requests, answers become what REST would have said. Messages are read and written
 * by @bufbuild/protobuf from the descriptors that a server gives, so that nothing of our own codec is on the client's side.
 */
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Contract, Operation } from "../../../src/contract/contract.ts";
import { protoOf } from "../../../src/contract/protobuf/index.ts";
import { versionView } from "../../../src/contract/versions.ts";
import type { Input, RawFilter, RawInclude, RawQuery } from "../../../src/pipeline/call.ts";
import { type Asked, type Heard, messageIn, type Target } from "../driver.ts";

type Values = Readonly<Record<string, unknown>>;

/** A number that no message has: what the service does not know is sent under it. */
const unknownNumber = 18_998;

const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

const operators: Readonly<Record<RawFilter["op"], string>> = {
  eq: "EQUAL",
  ne: "NOT_EQUAL",
  lt: "LESS",
  lte: "LESS_OR_EQUAL",
  gt: "GREATER",
  gte: "GREATER_OR_EQUAL",
  contains: "CONTAINS",
  startsWith: "STARTS_WITH",
  null: "NULL",
};

export interface Form {
  readonly service: string;
  readonly method: string;
  readonly operation: Operation;
}

/** How an operation is called; undefined: it has no form. */
export const formOf = ({ service, version, operation: name, input }: Asked, target: Target): Form | undefined => {
  if (input.ids !== undefined || input.parents !== undefined) return undefined;
  if (input.body !== undefined && !isRecord(input.body)) return undefined;
  const contract: Contract = target.contract(service);
  const wanted = version ?? contract.version;
  const operation = versionView(contract, wanted).contract.operations.get(name);
  const { methods, fullName } = protoOf(contract, wanted, target.numbersOf(contract));
  for (const method of methods.values()) {
    if (operation !== undefined && method.streaming === "none" && method.operation.name === name)
      return { service: fullName, method: method.name, operation };
  }
  return undefined;
};

/** A registry of what serialized FileDescriptorProtos describe. */
export const registryOf = (files: Iterable<Uint8Array>): FileRegistry => {
  const writer = new BinaryWriter();
  for (const file of files) writer.tag(1, WireType.LengthDelimited).bytes(file);
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, writer.finish()));
};

export const methodIn = (registry: FileRegistry, { service, method }: Form): DescMethod => {
  const found: DescService | undefined = registry.getService(service);
  const described = found?.methods.find(({ name }) => name === method);
  if (described === undefined) throw new Error(`${service} has no method ${method}`);
  return described;
};

const upper = (text: string): string =>
  text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase();

const enumName = ({ values }: DescEnum, value: unknown): unknown =>
  values.find(({ name }) => name.endsWith(`_${upper(String(value))}`))?.name ?? value;

/** A list that may be absent is a message with the list as its one field. */
const listIn = ({ fieldKind, message }: DescField): DescField | undefined => {
  const [only, ...more] = fieldKind === "message" && message.typeName.endsWith("List") ? message.fields : [];
  return more.length === 0 && only?.fieldKind === "list" ? only : undefined;
};

/** A value of the contract as protobuf's JSON. */
const jsonOf = (field: DescField, value: unknown): unknown => {
  const list = listIn(field);
  if (list !== undefined && Array.isArray(value)) return { [list.jsonName]: jsonOf(list, value) };
  if (Array.isArray(value)) return value.map((one: unknown) => jsonOf(field, one));
  if (field.enum !== undefined) return enumName(field.enum, value);
  const { message } = field;
  if (message !== undefined && isRecord(value) && !message.typeName.startsWith("google.protobuf."))
    return recordJson(message, value);
  return value;
};

const fieldOf = ({ fields }: DescMessage, name: string): DescField | undefined =>
  fields.find(({ jsonName }) => jsonName === name) ?? fields.find(({ localName }) => localName === name);

const recordJson = (message: DescMessage, value: Values): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const field = fieldOf(message, name);
      return one === null ? [] : [[field?.jsonName ?? name, field === undefined ? one : jsonOf(field, one)]];
    }),
  );

/** Paths of a merge patch. */
const pathsOf = (body: Values, message: DescMessage, prefix = ""): string[] =>
  Object.entries(body).flatMap(([name, value]) => {
    const inner = fieldOf(message, name)?.message;
    const isNested = isRecord(value) && inner !== undefined && !inner.typeName.startsWith("google.protobuf.");
    return isNested ? pathsOf(value, inner, `${prefix}${name}.`) : [`${prefix}${name}`];
  });

const includeJson = ({ name, perPage, sortBy, include }: RawInclude): Values => ({
  relation: name,
  ...(perPage === undefined ? {} : { pageSize: perPage }),
  ...(sortBy === undefined ? {} : { orderBy: sortBy.map((one) => one.replace(".", " ")) }),
  ...(include === undefined ? {} : { include: include.map(includeJson) }),
});

const queryJson = ({ filters, named, sortBy, page, perPage, cursor, count, fields, include }: RawQuery): Values => ({
  ...(filters === undefined
    ? {}
    : { filters: filters.map(({ path, op, values }) => ({ field: path, operator: `OPERATOR_${operators[op]}`, values })) }),
  ...(named === undefined ? {} : { namedFilters: named }),
  ...(sortBy === undefined ? {} : { orderBy: sortBy.map((one) => one.replace(/\.(asc|desc)$/, " $1")) }),
  ...(page === undefined ? {} : { page }),
  ...(perPage === undefined ? {} : { pageSize: perPage }),
  ...(cursor === undefined ? {} : { pageToken: cursor }),
  ...(fields === undefined ? {} : { readMask: fields.join(",") }),
  ...(include === undefined ? {} : { include: include.map(includeJson) }),
  ...(count === undefined ? {} : { count }),
});

/** Name and value of each field of the request. */
const requestJson = (
  { operation }: Form,
  message: DescMessage,
  { id, body, query, parent }: Input,
): readonly (readonly [string, unknown])[] => {
  const isList = operation.action === "list";
  const asked = queryJson(isList && query?.cursor === undefined ? { count: true, ...query } : (query ?? {}));
  const given = isRecord(body) ? body : {};
  const mask = operation.action === "update" && Object.values(given).some((value) => value === null || isRecord(value));
  return [
    ...(id === undefined ? [] : [["id", id] as const]),
    ...Object.entries(asked),
    ...(parent === undefined ? [] : [["parent", parent] as const]),
    ...Object.entries(given).filter(([, value]) => value !== null),
    ...(mask ? [["updateMask", pathsOf(given, message).join(",")] as const] : []),
  ];
};

/** Writes what the library refuses to: a field that there is none of, a value of another type. */
const raw = (number: number, value: unknown): Uint8Array =>
  new BinaryWriter()
    .tag(number, WireType.LengthDelimited)
    .string(typeof value === "string" ? value.toWellFormed() : (JSON.stringify(value) ?? ""))
    .finish();

/** The bytes of a request. */
export const requestBytes = (registry: FileRegistry, form: Form, input: Input): Uint8Array => {
  const { input: message } = methodIn(registry, form);
  const parts = requestJson(form, message, input).map(([name, value]) => {
    const field = fieldOf(message, name);
    if (field === undefined) return raw(unknownNumber, value);
    try {
      const json = { [field.jsonName]: jsonOf(field, value) } as JsonValue;
      return toBinary(message, fromJson(message, json, { registry }));
    } catch {
      return raw(field.number, value);
    }
  });
  return new Uint8Array(Buffer.concat(parts));
};

const integers: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

/** A value as REST has it. */
const valueOf = (field: DescField, value: unknown): unknown => {
  const list = listIn(field);
  if (list !== undefined && isRecord(value)) return valueOf(list, value[list.jsonName] ?? []);
  if (Array.isArray(value)) return value.map((one: unknown) => valueOf(field, one));
  if (field.enum !== undefined) return contractEnum(field.enum, String(value));
  if (field.scalar !== undefined && integers.has(field.scalar)) {
    const exact = Number(value);
    return Number.isSafeInteger(exact) ? exact : value;
  }
  if (field.message?.typeName === "google.protobuf.Timestamp") return new Date(String(value)).toISOString();
  if (field.message !== undefined && isRecord(value) && !field.message.typeName.startsWith("google.protobuf."))
    return dataOf(field.message, value);
  return value;
};

/** `STATE_KEPT_BACK` → `kept_back`. Which of the contract's values it is, its form does not tell exactly; those of the tests it does. */
const contractEnum = ({ sharedPrefix = "" }: DescEnum, name: string): string => name.toLowerCase().slice(sharedPrefix.length);

/** A message as REST has it: related rows stand where their references do. */
const dataOf = (message: DescMessage, json: Values): Record<string, unknown> => {
  const data: Record<string, unknown> = {};
  let included: unknown;
  for (const [name, value] of Object.entries(json)) {
    const field = message.fields.find(({ jsonName }) => jsonName === name);
    if (field === undefined) continue;
    if (field.enum !== undefined && String(value).endsWith("_UNSPECIFIED")) continue;
    if (name === "included" && field.message?.typeName.endsWith("Included") === true) included = valueOf(field, value);
    else data[name] = valueOf(field, value);
  }
  return isRecord(included) ? { ...data, ...included } : data;
};

/** The answer of an operation as REST has it. */
export const answerOf = (registry: FileRegistry, form: Form, bytes: Uint8Array): Pick<Heard, "data" | "page"> => {
  const { output: message } = methodIn(registry, form);
  const { kind } = form.operation.output;
  const isWhole = kind === "fields" || kind === "count" || kind === "value";
  const decoded = fromBinary(message, bytes);
  const json = toJson(message, decoded, { registry, alwaysEmitImplicit: isWhole }) as Values;
  const data = dataOf(message, json);
  const list = message.fields.find(({ fieldKind }) => fieldKind === "list")?.jsonName ?? "";
  switch (kind) {
    case "row":
      return { data: Object.values(data)[0] };
    case "rows":
    case "stats": {
      const info = (data["pageInfo"] ?? {}) as Record<string, unknown>;
      const next = data["nextPageToken"];
      const page = next === undefined || next === "" ? info : { ...info, nextCursor: next };
      return { data: data[list] ?? [], ...(kind === "stats" && Object.keys(page).length === 0 ? {} : { page }) };
    }
    case "count":
      return { data: data["count"] };
    case "value":
      return { data: data["value"] };
    case "none":
      return {};
    case "fields":
    case "document":
      return { data };
  }
};

const eachField = (bytes: Uint8Array, take: (number: number, value: Uint8Array | number) => void): void => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) take(number, reader.bytes());
    else if (type === WireType.Varint) take(number, Number(reader.int64()));
    else reader.skip(type, number);
  }
};
const textOf = (value: Uint8Array | number): string =>
  typeof value === "number" ? String(value) : Buffer.from(value).toString();

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** What a google.rpc.Status says (error_details.proto), read field by field. */
export const refusalOf = (status: Uint8Array): Omit<Heard, "face" | "replayed"> => {
  let message = "";
  let outcome = "";
  let retryAfter: number | undefined;
  const details: Record<string, unknown> = {};
  // A field may be called what every object has.
  const issues = Object.create(null) as Record<string, string[]>;
  const readers: Readonly<Record<string, (number: number, value: Uint8Array | number) => void>> = {
    ErrorInfo(number, value) {
      if (number === 1) outcome = textOf(value);
      if (number !== 3 || typeof value === "number") return;
      const pair = ["", ""];
      eachField(value, (at, text) => void (pair[at - 1] = textOf(text)));
      if (pair[0] !== "status") details[String(pair[0])] = parsed(String(pair[1]));
    },
    BadRequest(number, value) {
      if (number !== 1 || typeof value === "number") return;
      let field = "";
      let sentence = "";
      eachField(value, (at, text) => {
        if (at === 1) field = textOf(text);
        if (at === 2) sentence = textOf(text);
      });
      (issues[field] ??= []).push(sentence);
    },
    RetryInfo(number, value) {
      if (number !== 1 || typeof value === "number") return;
      eachField(value, (at, seconds) => {
        if (at === 1) retryAfter = Number(seconds);
      });
    },
  };
  eachField(status, (number, value) => {
    if (number === 2) message = textOf(value);
    if (number !== 3 || typeof value === "number") return;
    let type = "";
    eachField(value, (at, inner) => {
      if (at === 1) type = textOf(inner).replace("type.googleapis.com/google.rpc.", "");
      if (at === 2 && typeof inner !== "number") eachField(inner, readers[type] ?? (() => undefined));
    });
  });
  return {
    outcome,
    message: messageIn(message, issues),
    ...(Object.keys(issues).length === 0 ? {} : { issues }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
};
