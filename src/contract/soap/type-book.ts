/**
 * The types of a service by name, made while its messages are. A name is given once: of two different types alike the later has a number, but what the
 * definition names is one type wherever it stands.
 */
import type { Field, Fields } from "../../define/field.ts";
import type { SoapDefinition } from "../../define/soap.ts";
import { isWriteOnly } from "../json-schema.ts";
import type { ComplexType, Content, Element, SimpleType, ValueType } from "./model.ts";
import { pascal } from "./names.ts";
import { isValueType, simpleTypeOf, simpleTypes, zeroOf } from "./simple-types.ts";

export type Direction = "input" | "output";

/** What is known of the place of a field. */
export interface Place {
  readonly direction: Direction;
  /** What types of its own begin with: `Account`. */
  readonly prefix: string;
  /** Names of fields that must be given; all may be left out where absent. */
  readonly required?: ReadonlySet<string>;
  /** Changes of a row: what is left out stays as it is. */
  readonly isPartial?: boolean;
}

/** Fields that must be given. */
export const neededOf = (fields: Fields): ReadonlySet<string> =>
  new Set(
    Object.entries(fields).flatMap(([name, { options }]) =>
      options.optional === true || options.default !== undefined ? [] : [name],
    ),
  );

/** A complex type while it is made. */
interface Draft extends ComplexType {
  elements: readonly Element[];
}

export class TypeBook {
  readonly offset: string | undefined;
  readonly lists: "wrapped" | "repeated";
  readonly #alwaysThere: boolean;
  readonly #byName = new Map<string, ValueType>();
  /** Types of objects, by their fields. */
  readonly #objects = new Map<Fields, { input?: ComplexType; output?: ComplexType }>();
  /** Types that are made once, by a key of their own. */
  readonly #once = new Map<string, ComplexType>();
  readonly #enums = new Map<string, SimpleType>();

  constructor({ offset, lists = "wrapped", valueTypes }: SoapDefinition) {
    this.offset = offset;
    this.lists = lists;
    this.#alwaysThere = valueTypes === "always";
  }

  /** All types that have a name, in the order in which they were made. */
  get types(): readonly ValueType[] {
    return [...this.#byName.values()];
  }

  /** `wanted`, or the next name like it that is free. */
  free(wanted: string): string {
    let name = wanted;
    for (let next = 2; this.#byName.has(name); next++) name = `${wanted}${next}`;
    return name;
  }

  /** A type that was made under `key` already, or is made now. */
  once(key: string, elements: () => readonly Element[], doc?: string): ComplexType {
    const known = this.#once.get(key);
    if (known !== undefined) return known;
    const draft: Draft = { kind: "complex", name: this.free(key), elements: [], ...(doc === undefined ? {} : { doc }) };
    this.#byName.set(draft.name, draft);
    this.#once.set(key, draft);
    draft.elements = elements();
    return draft;
  }

  /** A type under the very name that the definition gives it. */
  given(name: string, elements: () => readonly Element[]): ComplexType {
    const draft: Draft = { kind: "complex", name, elements: [] };
    this.#byName.set(name, draft);
    draft.elements = elements();
    return draft;
  }

  /** A list of values. The same values under the same name are one type. */
  enumeration(wanted: string, values: readonly string[], doc?: string): SimpleType {
    const key = JSON.stringify([wanted, values]);
    const known = this.#enums.get(key);
    if (known !== undefined) return known;
    const name = this.free(wanted);
    const type: SimpleType = { ...simpleTypes.text, name, values, ...(doc === undefined ? {} : { doc }) };
    this.#byName.set(name, type);
    this.#enums.set(key, type);
    return type;
  }

  /** The type of one value of a field that is no list. */
  valueType(name: string, field: Field, place: Place): ValueType {
    // A mask is a text, whatever the field.
    if (place.direction === "output" && field.options.mask !== undefined && field.kind !== "object") return simpleTypes.text;
    if (field.kind === "object") return this.object(`${place.prefix}${pascal(name)}`, field.fields ?? {}, place.direction);
    if (field.kind === "enum") return this.enumeration(`${place.prefix}${pascal(name)}`, field.values ?? []);
    const type = simpleTypeOf(field, this.offset);
    if (type === undefined) throw new TypeError(`${name}: a ${field.kind} is no single value`);
    if (type.name !== undefined && !this.#byName.has(type.name)) this.#byName.set(type.name, type);
    return type;
  }

  /** The type of objects with these fields, one for what is sent and one for what is answered. */
  object(wanted: string, fields: Fields, direction: Direction): ComplexType {
    const known = this.#objects.get(fields) ?? {};
    this.#objects.set(fields, known);
    const existing = known[direction];
    if (existing !== undefined) return existing;
    const name = this.free(direction === "input" ? `${wanted}Input` : wanted);
    const draft: Draft = { kind: "complex", name, elements: [] };
    known[direction] = draft;
    this.#byName.set(name, draft);
    const required = direction === "input" ? neededOf(fields) : undefined;
    draft.elements = this.elements(fields, { direction, prefix: wanted, ...(required === undefined ? {} : { required }) });
    return draft;
  }

  /** Elements of fields, as they are defined; without what nobody may read, in an answer. */
  elements(fields: Fields, place: Place): readonly Element[] {
    return Object.entries(fields)
      .filter(([, field]) => place.direction === "input" || !isWriteOnly(field))
      .map(([name, field]) => this.element(name, field, place));
  }

  element(name: string, field: Field, place: Place): Element {
    const content = this.content(name, field, place);
    return this.#bounded({ name, key: name, content, ...docOf(field) }, field, place);
  }

  content(
    name: string,
    field: Field,
    place: Place,
    given: { readonly list?: "wrapped" | "repeated"; readonly item?: string } = {},
  ): Content {
    const { item } = field;
    if (field.kind !== "array" || item === undefined) return { kind: "single", type: this.valueType(name, field, place) };
    const { list = this.lists } = given;
    if (list === "repeated" && item.kind !== "array") return { kind: "repeated", type: this.valueType(name, item, place) };
    const itemName = given.item ?? "item";
    const inner: Element = {
      name: itemName,
      key: itemName,
      content: this.content(name, item, place),
      isOptional: true,
      isNillable: item.options.optional === true,
    };
    return { kind: "wrapped", item: inner };
  }

  /** Whether the element may be left out or nil, and what stands for null where neither. */
  #bounded(element: Pick<Element, "name" | "key" | "content" | "doc">, field: Field, place: Place): Element {
    const { content } = element;
    const isNullable = field.options.optional === true;
    const isValue = content.kind === "single" && content.type.kind === "simple" && isValueType(content.type);
    if (this.#alwaysThere && isValue && place.isPartial !== true)
      return { ...element, isOptional: false, isNillable: false, ...(isNullable ? this.empty(content) : {}) };
    if (content.kind === "repeated")
      return {
        ...element,
        isOptional: true,
        isNillable: isNullable || place.isPartial === true,
        ...(place.required?.has(element.key ?? "") === true ? { isNeeded: true as const } : {}),
      };
    return {
      ...element,
      isOptional: place.required?.has(element.key ?? "") !== true,
      isNillable: isNullable || (place.direction === "output" && field.kind === "id"),
    };
  }

  /** What stands for null in an element that is always there. */
  empty(content: Content): { readonly empty?: string } {
    if (content.kind !== "single" || content.type.kind !== "simple") return {};
    const zero = zeroOf(content.type);
    return zero === undefined ? {} : { empty: zero };
  }
}

export const docOf = ({ options: { doc } }: Field): { readonly doc?: string } => (doc === undefined ? {} : { doc });
