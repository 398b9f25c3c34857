/** A message per resource: its fields that anyone may read, and the relations that may be answered with it. */
import type { Contract, ResourceContract } from "../contract.ts";
import { isWriteOnly } from "../json-schema.ts";
import { newestNames } from "../lock/newest-names.ts";
import type { Numbers } from "../lock/numbers.ts";
import { addFields, innerName } from "./fields.ts";
import { emptyMessage, type FieldType, type MessageModel, ownNumbers } from "./model.ts";
import { type Names, pascalCase, snakeCase } from "./names.ts";
import { ownField } from "./common-messages.ts";

export class Rows {
  readonly #newest: Contract;
  readonly #version: string;
  readonly #numbers: Numbers;
  readonly #scope: string;
  readonly #names: Names;
  readonly #messages = new Map<string, MessageModel>();

  constructor(of: {
    readonly newest: Contract;
    readonly version: string;
    readonly numbers: Numbers;
    readonly scope: string;
    readonly names: Names;
  }) {
    this.#newest = of.newest;
    this.#version = of.version;
    this.#numbers = of.numbers;
    this.#scope = of.scope;
    this.#names = of.names;
  }

  get all(): readonly MessageModel[] {
    return [...this.#messages.values()];
  }

  /** Under which name of the lock a field of this version has its number. */
  nameOf(resource: ResourceContract): (name: string) => string {
    return newestNames(this.#newest, this.#version, resource.name).newestOf;
  }

  /** Names of the lock that are not removed, whichever version has them. */
  newestNamesOf(resource: ResourceContract): readonly string[] {
    return this.#newest.resources.get(resource.name)?.fieldNames ?? [];
  }

  message(resource: ResourceContract): MessageModel {
    const known = this.#messages.get(resource.name);
    if (known !== undefined) return known;
    const wanted = pascalCase(resource.singular);
    const name = this.#names.claim(this.#names.has(wanted) ? `${wanted}Row` : wanted);
    const message = emptyMessage(name, this.#scope, resource.doc);
    this.#messages.set(resource.name, message);
    const shown = Object.entries(resource.fields).filter(([, field]) => !isWriteOnly(field));
    addFields(message, Object.fromEntries(shown), {
      numbers: this.#numbers,
      key: resource.name,
      nameOf: this.nameOf(resource),
      direction: "output",
      others: [...this.newestNamesOf(resource), ...resource.fieldNames.map(this.nameOf(resource))],
    });
    this.#addIncluded(message, resource);
    return message;
  }

  /** Type of a field of the resource, as its own message has it. */
  typeOf(resource: ResourceContract, name: string): FieldType | undefined {
    return this.message(resource).fields.find((field) => field.name === name)?.type;
  }

  #addIncluded(message: MessageModel, resource: ResourceContract): void {
    const numbers = this.#numbers[`${resource.name}.relations`] ?? {};
    const nameOf = this.nameOf(resource);
    // What nobody reads cannot be included.
    const isRead = ([, { target }]: readonly [string, { readonly target: ResourceContract }]): boolean =>
      Object.keys(target.rows).length > 0;
    const one = [...resource.one].filter(isRead);
    const many = [...resource.many].filter(isRead);
    if (one.length + many.length === 0) return;
    const included = emptyMessage(innerName(message, "Included"), message.fullName, "Related rows, where they were asked for.");
    const add = (name: string, target: ResourceContract, isMany: boolean): void => {
      included.fields.push({
        name,
        protoName: snakeCase(name),
        number: numbers[nameOf(name)] ?? numbers[name] ?? 0,
        type: { kind: "message", of: this.message(target) },
        presence: isMany ? "repeated" : "explicit",
        doc: isMany ? `Rows of ${target.name}.` : `The row of ${target.name} that it refers to.`,
      });
    };
    for (const [name, { target }] of one) add(name, target, false);
    for (const [name, { target }] of many) add(name, target, true);
    included.fields.sort((a, b) => a.number - b.number);
    message.messages.push(included);
    message.fields.push({
      ...ownField(
        "$included",
        ownNumbers.included,
        { kind: "message", of: included },
        "Related rows, where they were asked for.",
      ),
      protoName: message.fields.some(({ protoName }) => protoName === "included") ? "included_rows" : "included",
      presence: "explicit",
    });
  }
}
