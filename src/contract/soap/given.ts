/** Elements that a definition gives: which field each holds, and as what. What does not fit is told to `problem`, and the element left out. */
import type { Field, Fields } from "../../define/field.ts";
import { type SoapElement, type SoapElements, type SoapType, soapTypes } from "../../define/soap.ts";
import type { ComplexType, Content, Element, SimpleType, ValueType } from "./model.ts";
import { pascal } from "./names.ts";
import { constantType, isValueType, typeAs } from "./simple-types.ts";
import { type Direction, docOf, neededOf, type TypeBook } from "./type-book.ts";

export interface GivenPlace {
  /** For what does not fit: `checkDimensions input`. */
  readonly at: string;
  readonly direction: Direction;
  readonly required: ReadonlySet<string>;
  /** The request names a row: `id` is its id, but for a field of that name. */
  readonly ofRow?: boolean;
}

/** The property of a request that holds the row's id, where a field is called `id` as well. */
export const rowIdKey = (fields: Fields): string => (Object.hasOwn(fields, "id") ? "rowId" : "id");

/** A name without colon, in ASCII (Namespaces in XML, section 3); those that begin with `xml` are reserved. */
const xmlName = /^(?!xml)[A-Za-z_][A-Za-z0-9_.-]{0,99}$/i;
export const isXmlName = (name: string): boolean => xmlName.test(name);

const isSoapType = (name: string): name is SoapType => (soapTypes as readonly string[]).includes(name);

/** What a schema shows of an element, as text. */
const shownOf = ({ name, content, isOptional, isNillable }: Element): string => {
  const typeOf = (type: ValueType): string => type.name ?? (type.kind === "simple" ? type.base : "");
  const what = content.kind === "wrapped" ? `[${shownOf(content.item)}]` : `${content.kind} ${typeOf(content.type)}`;
  return `${name} ${what} ${isOptional} ${isNillable}`;
};

export class GivenElements {
  readonly #book: TypeBook;
  readonly #types: Readonly<Record<string, SoapElements>>;
  readonly #valuesAlwaysThere: boolean;
  readonly #problem: (text: string) => void;
  /** By a type's name: what it is for each object it stands for. The first is the type that is shown. */
  readonly #made = new Map<string, Map<Fields, { input?: ComplexType; output?: ComplexType }>>();

  constructor(
    book: TypeBook,
    options: {
      readonly types: Readonly<Record<string, SoapElements>>;
      readonly valuesAlwaysThere: boolean;
      readonly problem: (text: string) => void;
    },
  ) {
    this.#book = book;
    this.#types = options.types;
    this.#valuesAlwaysThere = options.valuesAlwaysThere;
    this.#problem = options.problem;
  }

  elements(specs: SoapElements, fields: Fields, place: GivenPlace): readonly Element[] {
    const names = new Set<string>();
    const held = new Set<string>();
    return specs.flatMap((given) => {
      const spec: SoapElement = typeof given === "string" ? { name: given } : given;
      const problem = (text: string): readonly Element[] => {
        this.#problem(`${place.at}: element "${spec.name}" ${text}`);
        return [];
      };
      if (!isXmlName(spec.name)) return problem("has a name that is none in XML");
      if (names.has(spec.name)) return problem("stands twice");
      names.add(spec.name);
      if (place.direction === "input" && (spec.value !== undefined || spec.refused !== undefined))
        return problem("has `value` or `refused`, which only elements of answers have");
      const key = this.#keyOf(spec, fields, place);
      if (key === undefined) {
        if (spec.field === undefined && (spec.value !== undefined || spec.refused !== undefined)) return [this.#constant(spec)];
        return problem(`stands for no field (fields: ${Object.keys(fields).join(", ")})`);
      }
      if (held.has(key)) return problem(`holds "${key}" once more`);
      held.add(key);
      const field = fields[key];
      if (field === undefined || key === "rowId") return [this.#rowId(spec, key)];
      const content = this.#content(spec, key, field, place);
      if (typeof content === "string") return problem(content);
      return [this.#element(spec, key, field, content, place)];
    });
  }

  #keyOf({ name, field }: SoapElement, fields: Fields, { ofRow = false }: GivenPlace): string | undefined {
    const row = rowIdKey(fields);
    if (field !== undefined) return Object.hasOwn(fields, field) || (ofRow && field === row) ? field : undefined;
    const low = name.toLowerCase();
    const found = Object.keys(fields).filter((one) => one.toLowerCase() === low);
    if (found.length === 1) return found[0];
    return ofRow && found.length === 0 && row.toLowerCase() === low ? row : undefined;
  }

  #rowId(spec: SoapElement, key: string): Element {
    return {
      name: spec.name,
      key,
      content: { kind: "single", type: constantType("string") },
      isOptional: false,
      isNillable: false,
      ...(spec.doc === undefined ? {} : { doc: spec.doc }),
    };
  }

  #constant(spec: SoapElement): Element {
    const { value, refused } = spec;
    const sample = value ?? (typeof refused === "object" ? refused.value : "");
    const named = spec.type !== undefined && isSoapType(spec.type) ? spec.type : undefined;
    const base = named ?? (typeof sample === "boolean" ? "boolean" : typeof sample === "number" ? "int" : "string");
    return {
      name: spec.name,
      key: undefined,
      content: { kind: "single", type: constantType(base) },
      isOptional: spec.optional ?? (value === undefined && base === "string"),
      isNillable: false,
      ...(spec.doc === undefined ? {} : { doc: spec.doc }),
      ...(value === undefined ? {} : { value: String(value) }),
      ...(refused === undefined ? {} : { refused }),
    };
  }

  #element(spec: SoapElement, key: string, field: Field, content: Content, place: GivenPlace): Element {
    const type = content.kind === "single" && content.type.kind === "simple" ? content.type : undefined;
    const isAlwaysThere = this.#valuesAlwaysThere && type !== undefined && isValueType(type);
    const mayBeAbsent = place.direction === "input" ? !place.required.has(key) : field.options.optional === true;
    const isOptional = content.kind === "repeated" || (spec.optional ?? (!isAlwaysThere && mayBeAbsent));
    const empty =
      spec.empty === undefined
        ? isOptional || field.options.optional !== true
          ? {}
          : this.#book.empty(content)
        : spec.empty === null
          ? {}
          : { empty: String(spec.empty) };
    return {
      name: spec.name,
      key,
      content,
      isOptional,
      isNillable: false,
      // Where the unit is another, so are the words.
      ...(spec.doc !== undefined ? { doc: spec.doc } : spec.scale === undefined ? docOf(field) : {}),
      ...empty,
      ...(content.kind === "repeated" && place.direction === "input" && place.required.has(key)
        ? { isNeeded: true as const }
        : {}),
      ...(spec.refused === undefined ? {} : { refused: spec.refused }),
    };
  }

  /** The element's content, or what does not fit. */
  #content(spec: SoapElement, key: string, field: Field, place: GivenPlace): Content | string {
    const { list = this.#book.lists, item = "item" } = spec;
    const inner = field.kind === "array" ? field.item : undefined;
    if (inner?.kind === "array") return "holds a list of lists, which has no form here";
    const type = this.#type(spec, key, inner ?? field, place);
    if (typeof type === "string") return type;
    if (inner === undefined) return { kind: "single", type };
    if (list === "repeated") return { kind: "repeated", type };
    return {
      kind: "wrapped",
      item: {
        name: item,
        key: item,
        content: { kind: "single", type },
        isOptional: true,
        isNillable: inner.options.optional === true,
      },
    };
  }

  #type({ type, scale = 0 }: SoapElement, key: string, field: Field, place: GivenPlace): ValueType | string {
    if (!Number.isInteger(scale) || scale < 0 || scale > 18) return "has a scale that is none from 0 to 18";
    if (type === undefined) {
      if (scale !== 0) return "has a scale, so it needs a type: decimal, float or double";
      return this.#book.valueType(key, field, { direction: place.direction, prefix: pascal(place.at.split(/[ .]/)[0] ?? "") });
    }
    if (isSoapType(type)) return this.#simple(type, scale, field, place);
    const elements = Object.hasOwn(this.#types, type) ? this.#types[type] : undefined;
    if (elements === undefined) return `is of an unknown type "${type}"`;
    if (field.kind !== "object") return `is of the type "${type}", but its field is no object`;
    return this.#complex(type, elements, field.fields ?? {}, place.direction);
  }

  #simple(base: SoapType, scale: number, field: Field, { direction }: GivenPlace): SimpleType | string {
    const isMasked = direction === "output" && field.options.mask !== undefined;
    if (isMasked && base !== "string") return "has a mask, so it is a string";
    return typeAs(field, base, scale, this.#book.offset) ?? `cannot be of the type ${base}: its field is ${field.kind}`;
  }

  #complex(name: string, specs: SoapElements, fields: Fields, direction: Direction): ComplexType {
    const byFields = this.#made.get(name) ?? new Map<Fields, { input?: ComplexType; output?: ComplexType }>();
    this.#made.set(name, byFields);
    const known = byFields.get(fields) ?? {};
    const existing = known[direction];
    if (existing !== undefined) return existing;
    const isFirst = byFields.size === 0;
    byFields.set(fields, known);
    const first = isFirst ? undefined : [...byFields.values()].flatMap(({ input, output }) => input ?? output ?? [])[0];
    const place: GivenPlace = { at: `type ${name}`, direction, required: neededOf(fields) };
    const make = (): readonly Element[] => this.elements(specs, fields, place);
    const type: ComplexType = first === undefined ? this.#book.given(name, make) : { kind: "complex", name, elements: make() };
    known[direction] = type;
    if (first !== undefined && first.elements.map(shownOf).join("\n") !== type.elements.map(shownOf).join("\n"))
      this.#problem(
        `type ${name} stands for objects whose fields differ: say of its elements which type they have, and which are optional`,
      );
    return type;
  }
}
