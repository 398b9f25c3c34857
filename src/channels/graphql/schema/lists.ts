/**
 * What lists are asked for:
 *
 *   accounts(where: { balance: { gte: "100" }, customer: { country: { in: ["DE", "MT"] } } },
 *            filters: [{ overdrawn: true }, { largerThan: { amount: "5" } }],
 *            sort: [{ customer: { name: asc } }, { createdAt: desc }], first: 20, after: "…")
 */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigArgumentMap,
  GraphQLInputObjectType,
  type GraphQLInputFieldConfigMap,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
} from "graphql";
import type { ResourceContract } from "../../../contract/contract.ts";
import { isWriteOnly } from "../../../contract/json-schema.ts";
import { isFilterable, orderedKinds, textKinds } from "../../../contract/query.ts";
import type { Field } from "../../../define/field.ts";
import type { NamedFilter } from "../../../define/resource.ts";
import { described, type SchemaContext } from "./context.ts";
import { path } from "./meta.ts";
import { Names, pascal } from "./names.ts";
import { scalarOf } from "./values.ts";
import type { InputTypes } from "./inputs.ts";

/** Fields that a read can look at: of the own row, and over references of rows that can be read. */
const filterable = (field: Field): boolean => isFilterable(field) && !isWriteOnly(field);

const once = <K, V>(known: Map<K, V>, key: K, make: () => V): V => {
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = make()));
  return found;
};

export class ListArguments {
  readonly #context: SchemaContext;
  readonly #inputs: InputTypes;
  readonly #conditions = new Map<string, GraphQLInputObjectType>();
  readonly #wheres = new Map<ResourceContract, GraphQLInputObjectType>();
  readonly #sorts = new Map<ResourceContract, GraphQLInputObjectType>();
  readonly #filters = new Map<ResourceContract, GraphQLInputObjectType>();
  readonly #direction: GraphQLEnumType;

  constructor(context: SchemaContext, inputs: InputTypes) {
    this.#context = context;
    this.#inputs = inputs;
    this.#direction = new GraphQLEnumType({
      name: context.names.take("SortDirection"),
      values: { asc: { description: "From the least on; null is least." }, desc: { description: "From the greatest on." } },
    });
  }

  /** Arguments of what counts or measures: conditions and named filters. */
  conditions(resource: ResourceContract): GraphQLFieldConfigArgumentMap {
    const where = this.#where(resource);
    const named = this.#named(resource);
    return {
      ...(where === undefined ? {} : { where: { type: where, description: "Rows that meet all of it." } }),
      ...(named === undefined
        ? {}
        : { filters: { type: new GraphQLList(new GraphQLNonNull(named)), description: "Named filters that all have to hold." } }),
    };
  }

  /** Arguments of a connection. */
  list(resource: ResourceContract): GraphQLFieldConfigArgumentMap {
    const sort = this.#sort(resource);
    return {
      ...this.conditions(resource),
      ...(sort === undefined
        ? {}
        : { sort: { type: new GraphQLList(new GraphQLNonNull(sort)), description: "The order; ties are broken by id." } }),
      first: {
        type: GraphQLInt,
        description: `Rows of a page, at most ${resource.maxPerPage}; ${resource.perPage} where it is not given.`,
      },
      after: { type: GraphQLString, description: "The cursor behind which the page begins." },
      page: { type: GraphQLInt, description: "Number of the page, from 1, in place of a cursor." },
    };
  }

  /** A field's names in conditions and orders: a reference is `customerId`, what it leads to `customer`. */
  #members(
    resource: ResourceContract,
    ofField: (field: Field, name: string) => GraphQLInputType | undefined,
    ofRelation: (target: ResourceContract) => GraphQLInputType | undefined,
  ): GraphQLInputFieldConfigMap {
    const names = new Names(resource.fieldNames.filter((name) => resource.fields[name]?.kind !== "ref"));
    const members: GraphQLInputFieldConfigMap = {};
    for (const [name, field] of Object.entries(resource.fields)) {
      if (!filterable(field)) continue;
      const isReference = field.kind === "ref";
      const type = ofField(field, name);
      const called = isReference ? names.take(`${name}Id`, `${name}Reference`) : name;
      if (type !== undefined) members[called] = { type, ...described(field.options.doc), ...path(name) };
      const target = isReference ? resource.one.get(name)?.target : undefined;
      if (target === undefined || !this.#context.contract.operations.has(`${target.name}.get`)) continue;
      const related = ofRelation(target);
      if (related !== undefined) members[names.take(name)] = { type: related, ...path(name) };
    }
    return members;
  }

  #where(resource: ResourceContract): GraphQLInputObjectType | undefined {
    if (!Object.values(resource.fields).some(filterable)) return undefined;
    return once(
      this.#wheres,
      resource,
      () =>
        new GraphQLInputObjectType({
          name: this.#context.names.take(`${pascal(resource.singular)}Where`),
          description: `Conditions on ${resource.name}; all have to hold.`,
          fields: () =>
            this.#members(
              resource,
              (field, name) => this.#condition(field, `${pascal(resource.singular)}${pascal(name)}`),
              (target) => this.#where(target),
            ),
        }),
    );
  }

  #sort(resource: ResourceContract): GraphQLInputObjectType | undefined {
    const sortable = (field: Field): boolean => filterable(field) && field.kind !== "text";
    if (!Object.values(resource.fields).some(sortable)) return undefined;
    return once(
      this.#sorts,
      resource,
      () =>
        new GraphQLInputObjectType({
          name: this.#context.names.take(`${pascal(resource.singular)}Sort`),
          description: `One field that ${resource.name} are sorted by.`,
          isOneOf: true,
          fields: () =>
            this.#members(
              resource,
              (field) => (sortable(field) ? this.#direction : undefined),
              (target) => this.#sort(target),
            ),
        }),
    );
  }

  #named(resource: ResourceContract): GraphQLInputObjectType | undefined {
    if (Object.keys(resource.filters).length === 0) return undefined;
    const prefix = pascal(resource.singular);
    return once(
      this.#filters,
      resource,
      () =>
        new GraphQLInputObjectType({
          name: this.#context.names.take(`${prefix}Filter`),
          description: `One named filter of ${resource.name}.`,
          isOneOf: true,
          fields: () =>
            Object.fromEntries(
              Object.entries(resource.filters).map(([name, filter]) => [
                name,
                { type: this.#params(`${prefix}${pascal(name)}Filter`, filter), ...described(filter.doc), ...path(name) },
              ]),
            ),
        }),
    );
  }

  /** Parameters of a named filter; one without any is switched on by `true`. */
  #params(name: string, { params }: NamedFilter): GraphQLInputType {
    if (Object.keys(params).length === 0) return GraphQLBoolean;
    const required = new Set(
      Object.keys(params).filter(
        (param) => params[param]?.options.optional !== true && params[param]?.options.default === undefined,
      ),
    );
    return this.#inputs.object(name, params, { required, isPartial: false, description: "Parameters of the filter." });
  }

  #condition(field: Field, name: string): GraphQLInputObjectType {
    const value: GraphQLInputType & { readonly name: string } =
      field.kind === "enum"
        ? this.#context.enums.of(field, name).type
        : (scalarOf(field) as GraphQLInputType & { readonly name: string });
    const key = textKinds.has(field.kind) ? `${value.name} text` : value.name;
    return once(this.#conditions, key, () => {
      const many = new GraphQLList(new GraphQLNonNull(value));
      return new GraphQLInputObjectType({
        name: this.#context.names.take(`${value.name}Condition`),
        description: "Conditions on a value; all have to hold.",
        fields: {
          eq: { type: value },
          ne: { type: value },
          in: { type: many },
          notIn: { type: many },
          ...(orderedKinds.has(field.kind)
            ? { gt: { type: value }, gte: { type: value }, lt: { type: value }, lte: { type: value } }
            : {}),
          ...(textKinds.has(field.kind)
            ? {
                contains: { type: GraphQLString, description: "Has it somewhere; case does not count." },
                startsWith: { type: GraphQLString },
              }
            : {}),
          isNull: { type: GraphQLBoolean },
        },
      });
    });
  }
}
