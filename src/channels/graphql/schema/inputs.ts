/** Types of inputs: what commands and functions take. Whether a value fits is for the pipeline to say; what must be given is in the type. */
import {
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
} from "graphql";
import { wireDefault } from "../../../contract/example.ts";
import type { Field, Fields } from "../../../define/field.ts";
import { described, type SchemaContext } from "./context.ts";
import { Names, pascal } from "./names.ts";
import { scalarOf } from "./values.ts";

export interface InputShape {
  /** Fields that must be given. */
  readonly required: ReadonlySet<string>;
  /** A change: objects within it are changes too, so nothing in them must be given. */
  readonly isPartial: boolean;
  readonly description: string;
}

const docOf = (field: Field): string | undefined => {
  const fallback = wireDefault(field);
  const parts = [field.options.doc, fallback === undefined ? undefined : `${JSON.stringify(fallback)} where it is not given.`];
  const text = parts.filter((part) => part !== undefined).join(" ");
  return text === "" ? undefined : text;
};

const neededOf = (fields: Fields): ReadonlySet<string> =>
  new Set(
    Object.keys(fields).filter((name) => fields[name]?.options.optional !== true && fields[name]?.options.default === undefined),
  );

const nothing: ReadonlySet<string> = new Set();

export class InputTypes {
  readonly #context: SchemaContext;
  /** Enums of a resource's fields are called by the resource, wherever the field stands. */
  readonly #enumNames: ReadonlyMap<Field, string>;

  constructor(context: SchemaContext) {
    this.#context = context;
    const names = new Map<Field, string>();
    for (const { singular, fields } of context.contract.resources.values()) {
      for (const [name, field] of Object.entries(fields))
        if (field.kind === "enum" && !names.has(field)) names.set(field, `${pascal(singular)}${pascal(name)}`);
    }
    this.#enumNames = names;
  }

  enumName(field: Field, otherwise: string): string {
    return this.#enumNames.get(field) ?? otherwise;
  }

  /** An input of these fields. GraphQL allows none without a field: that is for the caller to leave out. */
  object(name: string, fields: Fields, { required, isPartial, description }: InputShape): GraphQLInputObjectType {
    return new GraphQLInputObjectType({
      name: this.#context.names.take(name),
      description,
      fields: () => {
        const members: GraphQLInputFieldConfigMap = {};
        const names = new Names();
        for (const [field, definition] of Object.entries(fields)) {
          const type = this.#type(definition, `${name.replace(/Input$/, "")}${pascal(field)}`, isPartial);
          members[names.take(field)] = {
            type: required.has(field) ? new GraphQLNonNull(type) : type,
            ...described(docOf(definition)),
          };
        }
        return members;
      },
    });
  }

  /** Of each field, a list of values as text. */
  lists(name: string, fields: readonly string[], description: string): GraphQLInputObjectType {
    const type = new GraphQLList(new GraphQLNonNull(GraphQLString));
    return new GraphQLInputObjectType({
      name: this.#context.names.take(name),
      description,
      fields: Object.fromEntries(fields.map((field) => [field, { type }])),
    });
  }

  #type(field: Field, name: string, isPartial: boolean): GraphQLInputType {
    if (field.kind === "enum") return this.#context.enums.of(field, this.enumName(field, name)).type;
    if (field.kind === "array" && field.item !== undefined) {
      const item = this.#type(field.item, `${name}Item`, false);
      return new GraphQLList(field.item.options.optional === true ? item : new GraphQLNonNull(item));
    }
    if (field.kind === "object" && field.fields !== undefined) return this.#nested(`${name}Input`, field.fields, isPartial);
    return scalarOf(field) as GraphQLInputType;
  }

  #nested(name: string, fields: Fields, isPartial: boolean): GraphQLInputType {
    return this.object(name, fields, {
      required: isPartial ? nothing : neededOf(fields),
      isPartial,
      description: "Part of an input.",
    });
  }
}
