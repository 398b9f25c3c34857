/**
 * Numbers of fields and enum values, as binary formats need them (protobuf). A number is given once, in the order of the definition, and never to
 * another field: the numbers of removed fields stay taken. A declared rename takes its number along.
 *
 *   numbers: { "accounts": { "id": 1, "customer": 2, "name": 3 }, "accounts.status": { "active": 1, "frozen": 2 },
 *              "accounts.relations": { "customer": 1, "transfers": 2 }, "accounts.freeze.input": { "reason": 1 }, "keys.scopes[]": { "values": 1 } }
 *
 * `…[]` and `…[?]` keep a decision, not a field: a list that may be absent without being empty, and a list whose items may be null, were given a message
 * of their own when they were first numbered, and have it for good.
 */
import type { Field, Fields } from "../../define/field.ts";
import type { Contract, Operation } from "../contract.ts";
import { versionViews } from "../versions.ts";
import { goneName, newestNames } from "./newest-names.ts";

export type Numbers = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Greatest number of a field: one below the range 19,000 … 19,999 that protobuf reserves, as the id of a function's row moves its input by one. */
export const numberMax = 18_998;

/** A list that needs a message of its own; and items that do. */
export const listKey = (message: string, name: string): string => `${message}.${name}[]`;
export const itemKey = (message: string, name: string): string => `${message}.${name}[?]`;

/** `accounts.freeze.input` is no part of a field `freeze`. */
const isOperationKey = /^\.(?:input|output|relations)(?:\.|$)/;

class Numbering {
  readonly #numbers: Record<string, Record<string, number>> = {};

  constructor(known: Numbers) {
    for (const [message, names] of Object.entries(known)) this.#numbers[message] = { ...names };
  }

  /** Hands the old name's number over to the new one, once, and what is inside with it. `isFree`: what had the new name before is gone. */
  rename(message: string, from: string, to: string, isFree: boolean): void {
    const names = this.#numbers[message];
    const number = names?.[from];
    if (names === undefined || number === undefined) return;
    const holder = names[to];
    if (holder !== undefined) {
      if (!isFree || names[goneName(to)] !== undefined) return;
      names[goneName(to)] = holder;
      this.#move(`${message}.${to}`, `${message}.${goneName(to)}`);
    }
    names[to] = number;
    delete names[from];
    this.#move(`${message}.${from}`, `${message}.${to}`);
  }

  /** `items.state`, `items.state[]`, `items.state.inner` → `items.status`, … */
  #move(from: string, to: string): void {
    for (const key of Object.keys(this.#numbers)) {
      const rest = key.slice(from.length);
      if (!key.startsWith(from) || (rest !== "" && !/^[.[]/.test(rest)) || isOperationKey.test(rest)) continue;
      const names = this.#numbers[key];
      if (names !== undefined) this.#numbers[`${to}${rest}`] ??= names;
      delete this.#numbers[key];
    }
  }

  add(message: string, names: readonly string[]): void {
    const known = (this.#numbers[message] ??= {});
    let last = Math.max(0, ...Object.values(known));
    for (const name of names) known[name] ??= ++last;
    if (last > numberMax) throw new RangeError(`${message} has had more than ${numberMax} fields`);
  }

  /** `nameOf`: under which name a field is numbered. */
  fields(message: string, fields: Fields, nameOf: (name: string) => string = (name) => name): void {
    const known = this.#numbers[message];
    for (const [given, field] of Object.entries(fields)) {
      const name = nameOf(given);
      const { item, options } = field;
      if (item === undefined || known?.[name] !== undefined) continue;
      if (options.optional === true || options.default !== undefined) this.add(listKey(message, name), ["values"]);
      if (item.options.optional === true) this.add(itemKey(message, name), ["value"]);
    }
    this.add(message, Object.keys(fields).map(nameOf));
    for (const [name, field] of Object.entries(fields)) this.#inside(`${message}.${nameOf(name)}`, field);
  }

  #inside(path: string, { values, fields, item }: Field): void {
    if (values !== undefined) this.add(path, values);
    if (fields !== undefined) this.fields(path, fields);
    if (item !== undefined) this.#inside(path, item);
  }

  /** Messages by name, fields by number. */
  result(): Numbers {
    return Object.fromEntries(
      Object.entries(this.#numbers)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([message, names]) => [message, Object.fromEntries(Object.entries(names).toSorted(([, a], [, b]) => a - b))]),
    );
  }
}

/** Whether an operation's input has numbers of its own; else it is made of the resource's fields, and has theirs. */
export const hasOwnInput = ({ action, function: fn }: Operation): boolean => action === "function" || fn?.input !== undefined;

/** Columns of a statistic's rows: what it is grouped by, then its measures. */
const columnsOf = (output: Operation["output"]): readonly string[] =>
  output.kind === "stats"
    ? [
        ...(output.statistic.group ?? []).map((group) => (typeof group === "string" ? group : group.part)),
        ...Object.keys(output.statistic.measures),
      ]
    : [];

/** What only older versions have: fields that were removed since, and what is inside fields that had another type. */
const addOlder = (numbering: Numbering, contract: Contract): void => {
  for (const [version, { contract: older }] of versionViews(contract)) {
    if (older === contract) continue;
    for (const { name, fields } of older.resources.values()) {
      const names = newestNames(contract, version, name);
      numbering.fields(name, fields, names.newestOf);
    }
    for (const operation of older.operations.values()) {
      const { resource, action, input } = operation;
      if (resource === undefined || action === "function" || !hasOwnInput(operation)) continue;
      numbering.fields(`${operation.name}.input`, input, newestNames(contract, version, resource.name).newestOf);
    }
  }
};

/** Messages in which a resource's fields have numbers, with the names that they have now. */
const messagesOf = (contract: Contract, resource: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = contract.resources.get(resource);
  if (found === undefined) return new Map();
  const messages = new Map([[resource, new Set(found.fieldNames)]]);
  messages.set(`${resource}.relations`, new Set([...found.one.keys(), ...found.many.keys()]));
  for (const operation of contract.operations.values()) {
    if (operation.resource !== found || operation.action === "function") continue;
    if (hasOwnInput(operation)) messages.set(`${operation.name}.input`, new Set(Object.keys(operation.input)));
    if (operation.output.kind === "stats") messages.set(`${operation.name}.output`, new Set(columnsOf(operation.output)));
  }
  return messages;
};

const applyRenames = (numbering: Numbering, contract: Contract): void => {
  for (const { changes } of contract.older.toReversed()) {
    for (const change of changes) {
      if (change.change !== "renamed") continue;
      const { resource, from, to } = change;
      const isFree = changes.some((other) => other.change === "removed" && other.resource === resource && other.field === to);
      for (const [message, names] of messagesOf(contract, resource))
        if (!names.has(from)) numbering.rename(message, from, to, isFree);
    }
  }
};

/** The numbers of `known`, and new ones for what has none yet. */
export const numberFields = (contract: Contract, known: Numbers): Numbers => {
  const numbering = new Numbering(known);
  applyRenames(numbering, contract);
  for (const { name, fields, events, one, many } of contract.resources.values()) {
    numbering.fields(name, fields);
    const relations = [...one.keys(), ...many.keys()];
    if (relations.length > 0) numbering.add(`${name}.relations`, relations);
    for (const [event, { data }] of Object.entries(events)) numbering.fields(`${name}.events.${event}`, data);
  }
  for (const operation of contract.operations.values()) {
    const { name, input, output } = operation;
    if (hasOwnInput(operation)) numbering.fields(`${name}.input`, input);
    if (output.kind === "fields") numbering.fields(`${name}.output`, output.fields);
    const columns = columnsOf(output);
    if (columns.length > 0) numbering.add(`${name}.output`, columns);
  }
  addOlder(numbering, contract);
  return numbering.result();
};
