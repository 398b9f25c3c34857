/** Fields of a contract as fields of messages, with the enums and messages that they need. */
import type { Field, Fields } from "../../define/field.ts";
import { itemKey, listKey, type Numbers } from "../lock/numbers.ts";
import { type EnumModel, emptyMessage, type FieldModel, type FieldType, type MessageModel } from "./model.ts";
import { pascalCase, snakeCase, upperSnakeCase } from "./names.ts";
import { noteOf } from "./notes.ts";

export interface FieldsOptions {
  readonly numbers: Numbers;
  /** Under which the fields have their numbers: `accounts`, `accounts.freeze.input`. */
  readonly key: string;
  /** Under which name of that key a field has its number. */
  readonly nameOf?: (name: string) => string;
  readonly direction: "input" | "output";
  /** Added to every number: room for fields of the message's own. */
  readonly offset?: number;
  /** A type that is there already; of a list, of its items, or of the message around it. */
  readonly typeOf?: (name: string) => FieldType | undefined;
  /** Names with numbers under that key that are not removed, though the message does not have them. */
  readonly others?: Iterable<string>;
}

const simple: Partial<Record<Field["kind"], FieldType>> = {
  integer: { kind: "int64" },
  money: { kind: "int64" },
  boolean: { kind: "bool" },
  dateTime: { kind: "timestamp" },
  json: { kind: "value" },
  binary: { kind: "bytes" },
};
const text: FieldType = { kind: "string" };

/** Type of a field that is neither enum, object nor list. */
export const scalarOf = (field: Field | undefined): FieldType => simple[field?.kind ?? "string"] ?? text;

/** A name within a message, for what stands inside: not its own, and not another's. */
export const innerName = (message: MessageModel, wanted: string): string => {
  const taken = new Set([message.name, ...message.messages.map(({ name }) => name), ...message.enums.map(({ name }) => name)]);
  let name = wanted;
  while (taken.has(name)) name += "Value";
  return name;
};

const enumOf = (message: MessageModel, name: string, field: Field, numbers: Readonly<Record<string, number>>): EnumModel => {
  const own = innerName(message, pascalCase(name));
  const prefix = upperSnakeCase(own);
  const taken = new Set([`${prefix}_UNSPECIFIED`, ...message.enums.flatMap(({ values }) => values.map((value) => value.name))]);
  const values = (field.values ?? []).map((value) => {
    const number = numbers[value] ?? 0;
    const wanted = `${prefix}_${upperSnakeCase(value) || "EMPTY"}`;
    const valueName = taken.has(wanted) ? `${wanted}_${number}` : wanted;
    taken.add(valueName);
    return { value, name: valueName, number };
  });
  const gone = Object.entries(numbers).filter(([value]) => field.values?.includes(value) !== true);
  return {
    name: own,
    fullName: `${message.fullName}.${own}`,
    doc: noteOf(name, field, "input"),
    values,
    unspecified: `${prefix}_UNSPECIFIED`,
    reserved: {
      numbers: gone.map(([, number]) => number),
      names: gone.map(([value]) => `${prefix}_${upperSnakeCase(value)}`).filter((value) => !taken.has(value)),
    },
  };
};

/** A message around one value: a list that may be absent without being empty, a list in a list, an item that may be null. */
const wrapper = (message: MessageModel, name: string, inner: Omit<FieldModel, "name" | "protoName" | "number">): MessageModel => {
  const isList = inner.presence === "repeated";
  const around = emptyMessage(innerName(message, name), message.fullName, inner.doc);
  const own = isList ? "values" : "value";
  around.fields.push({ ...inner, name: own, protoName: own, number: 1 });
  message.messages.push(around);
  return around;
};

interface Place {
  readonly name: string;
  /** Under which its parts have their numbers. */
  readonly path: string;
  readonly options: FieldsOptions;
}

const typeOf = (message: MessageModel, field: Field, { name, path, options }: Place): FieldType => {
  const { numbers, direction } = options;
  if (field.kind === "enum") {
    const of = enumOf(message, name, field, numbers[path] ?? {});
    message.enums.push(of);
    return { kind: "enum", of };
  }
  if (field.kind === "object") {
    const of = emptyMessage(innerName(message, pascalCase(name)), message.fullName, noteOf(name, field, direction));
    message.messages.push(of);
    addFields(of, field.fields ?? {}, { numbers, key: path, direction });
    return { kind: "message", of };
  }
  return scalarOf(field);
};

/** Type of a list's items. */
const itemOf = (message: MessageModel, item: Field, place: Place & { readonly isWrapped: boolean }): FieldType => {
  const { name, isWrapped } = place;
  if (item.kind === "array" && item.item !== undefined) {
    const inner = itemOf(message, item.item, { ...place, isWrapped: item.item.options.optional === true });
    const list = { type: inner, presence: "repeated" as const, doc: "A list." };
    return { kind: "wrapped", of: wrapper(message, `${pascalCase(name)}List`, list) };
  }
  const type = typeOf(message, item, place);
  if (!isWrapped) return type;
  const value = { type, presence: "explicit" as const, doc: "Absent for null." };
  return { kind: "wrapped", of: wrapper(message, `${pascalCase(name)}Item`, value) };
};

const fieldOf = (message: MessageModel, given: string, field: Field, options: FieldsOptions): FieldModel => {
  const { numbers, key, offset = 0 } = options;
  const numbered = options.nameOf?.(given) ?? given;
  const place: Place = { name: given, path: `${key}.${numbered}`, options };
  const shared = {
    name: given,
    protoName: snakeCase(given),
    number: (numbers[key]?.[numbered] ?? 0) + offset,
    doc: noteOf(given, field, options.direction),
  };
  const known = options.typeOf?.(given);
  if (field.item === undefined) return { ...shared, type: known ?? typeOf(message, field, place), presence: "explicit" };
  const isWrapped = numbers[itemKey(key, numbered)] !== undefined;
  const hasPresence = numbers[listKey(key, numbered)] !== undefined;
  if (hasPresence && known !== undefined) return { ...shared, type: known, presence: "explicit" };
  const item = known ?? itemOf(message, field.item, { ...place, isWrapped });
  if (!hasPresence) return { ...shared, type: item, presence: "repeated" };
  const list = { type: item, presence: "repeated" as const, doc: shared.doc };
  return { ...shared, type: { kind: "wrapped", of: wrapper(message, `${pascalCase(given)}List`, list) }, presence: "explicit" };
};

/** Adds fields to a message, and reserves the numbers and names of those that were removed. */
export const addFields = (message: MessageModel, fields: Fields, options: FieldsOptions): void => {
  const { numbers, key, nameOf = (name) => name, offset = 0 } = options;
  const entries = Object.entries(fields);
  const used = new Set(message.fields.map(({ number }) => number));
  for (const [name, field] of entries) {
    const model = fieldOf(message, name, field, options);
    message.fields.push(model);
    used.add(model.number);
  }
  message.fields.sort((a, b) => a.number - b.number);
  const current = new Set([...entries.map(([name]) => nameOf(name)), ...(options.others ?? [])]);
  const names = new Set(message.fields.map(({ protoName }) => protoName));
  for (const [name, number] of Object.entries(numbers[key] ?? {})) {
    if (current.has(name) || used.has(number + offset)) continue;
    message.reserved.numbers.push(number + offset);
    // A name that was given to another field cannot be reserved.
    if (/^[a-zA-Z0-9]+$/.test(name) && !names.has(snakeCase(name))) message.reserved.names.push(snakeCase(name));
  }
};
