/** Enums of fields: their values under names that GraphQL allows. A field that several inputs share has one enum. */
import { GraphQLEnumType } from "graphql";
import type { Field } from "../../../define/field.ts";
import type { Convert } from "./meta.ts";
import { Names } from "./names.ts";

export interface Enumeration {
  readonly type: GraphQLEnumType;
  readonly convert: Convert;
}

export class Enums {
  readonly #names: Names;
  readonly #byField = new WeakMap<Field, Enumeration>();

  constructor(names: Names) {
    this.#names = names;
  }

  /** The enum of a field; `name` is what it is called where the field is seen first. */
  of(field: Field, name: string): Enumeration {
    let found = this.#byField.get(field);
    if (found === undefined) this.#byField.set(field, (found = this.#make(field, name)));
    return found;
  }

  #make({ values = [], options }: Field, name: string): Enumeration {
    const names = new Names();
    const named = new Map(values.map((value) => [value, names.take(value)]));
    const type = new GraphQLEnumType({
      name: this.#names.take(name, `${name}Value`),
      ...(options.doc === undefined ? {} : { description: options.doc }),
      values: Object.fromEntries([...named].map(([value, called]) => [called, { value }])),
    });
    return { type, convert: (value) => named.get(value as string) };
  }
}
