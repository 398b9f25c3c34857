/**
 * Numbers of fields and enum values, as binary formats need them (protobuf). A number is given once, in the order of the definition, and never to
 * another field: the numbers of removed fields stay taken. A declared rename takes its number along.
 *
 *   numbers: { "accounts": { "id": 1, "customer": 2, "name": 3 }, "accounts.status": { "active": 1, "frozen": 2 } }
 */
import type { Fields } from "../../define/field.ts";
import type { Contract } from "../contract.ts";

export type Numbers = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Greatest number of a protobuf field below the range 19,000 … 19,999 that is reserved there. */
const numberMax = 18_999;

class Numbering {
  readonly #numbers: Record<string, Record<string, number>> = {};

  constructor(known: Numbers) {
    for (const [message, names] of Object.entries(known)) this.#numbers[message] = { ...names };
  }

  /** Hands the old name's number over to the new one, once. */
  rename(message: string, from: string, to: string): void {
    const names = this.#numbers[message];
    const number = names?.[from];
    if (names === undefined || number === undefined || names[to] !== undefined) return;
    names[to] = number;
    delete names[from];
  }

  add(message: string, names: readonly string[]): void {
    const known = (this.#numbers[message] ??= {});
    let last = Math.max(0, ...Object.values(known));
    for (const name of names) known[name] ??= ++last;
    if (last > numberMax) throw new RangeError(`${message} has had more than ${numberMax} fields`);
  }

  fields(message: string, fields: Fields): void {
    this.add(message, Object.keys(fields));
    for (const [name, { values, fields: inner, item }] of Object.entries(fields)) {
      if (values !== undefined) this.add(`${message}.${name}`, values);
      if (inner !== undefined) this.fields(`${message}.${name}`, inner);
      if (item?.values !== undefined) this.add(`${message}.${name}`, item.values);
      if (item?.fields !== undefined) this.fields(`${message}.${name}`, item.fields);
    }
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

/** The numbers of `known`, and new ones for what has none yet. */
export const numberFields = (contract: Contract, known: Numbers): Numbers => {
  const numbering = new Numbering(known);
  for (const { changes } of contract.older.toReversed()) {
    for (const change of changes) if (change.change === "renamed") numbering.rename(change.resource, change.from, change.to);
  }
  for (const { name, fields, events } of contract.resources.values()) {
    numbering.fields(name, fields);
    for (const [event, { data }] of Object.entries(events)) numbering.fields(`${name}.events.${event}`, data);
  }
  for (const { name, action, input, output } of contract.operations.values()) {
    if (action === "function") numbering.fields(`${name}.input`, input);
    if (output.kind === "fields") numbering.fields(`${name}.output`, output.fields);
  }
  return numbering.result();
};
