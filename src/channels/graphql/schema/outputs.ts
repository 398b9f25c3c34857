/**
 * Types of what is answered: a type per resource with its relations, objects within rows, connections.
 *
 *   type Account implements Node {
 *     id: ID!  name: String  balance: Money  customerId: ID  customer: Customer
 *     transfers(where: …, sort: …, first: Int, after: String): TransferConnection
 *     etag: String
 *   }
 *
 * A reference `customer` is two fields: `customerId`, and `customer`, the row. All fields of a row but its id may be null: what roles or policies withhold from
 * a caller is null to him, and the answer's `errors` say so.
 */
import {
  GraphQLBoolean,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLID,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from "graphql";
import type { ResourceContract } from "../../../contract/contract.ts";
import { isWriteOnly } from "../../../contract/json-schema.ts";
import type { Field, Fields } from "../../../define/field.ts";
import { described, type SchemaContext } from "./context.ts";
import type { ListArguments } from "./lists.ts";
import type { InputTypes } from "./inputs.ts";
import { meta } from "./meta.ts";
import { Names, pascal } from "./names.ts";
import { Integer } from "./scalars.ts";
import { convertOf, scalarOf } from "./values.ts";

export type FieldConfig = GraphQLFieldConfig<unknown, unknown>;
export type FieldConfigs = GraphQLFieldConfigMap<unknown, unknown>;

const masks = {
  last4: "Who may not read it sees the last four characters.",
  hidden: "Who may not read it sees “••••”, or null.",
  email: "Who may not read it sees the first letter and the domain.",
} as const;

const docOf = ({ options: { doc, mask } }: Field): string =>
  [doc, mask === undefined ? undefined : masks[mask]].filter((part) => part !== undefined).join(" ");

export class OutputTypes {
  /** Rows of any resource. */
  readonly node: GraphQLInterfaceType;
  readonly document: GraphQLObjectType;
  readonly #pageInfo: GraphQLObjectType;
  readonly #context: SchemaContext;
  readonly #lists: ListArguments;
  readonly #inputs: InputTypes;
  readonly #rows = new Map<string, GraphQLObjectType>();
  readonly #connections = new Map<string, GraphQLObjectType>();

  constructor(context: SchemaContext, inputs: InputTypes, lists: ListArguments) {
    this.#context = context;
    this.#inputs = inputs;
    this.#lists = lists;
    const { names } = context;
    this.node = new GraphQLInterfaceType({
      name: names.take("Node"),
      description: "A row of any resource, by its id.",
      fields: { id: { type: new GraphQLNonNull(GraphQLID) } },
    });
    this.#pageInfo = new GraphQLObjectType({
      name: names.take("PageInfo"),
      description: "Where a list stands.",
      fields: {
        hasNextPage: { type: new GraphQLNonNull(GraphQLBoolean) },
        hasPreviousPage: { type: new GraphQLNonNull(GraphQLBoolean) },
        startCursor: { type: GraphQLString },
        endCursor: { type: GraphQLString, description: "The cursor behind the last row: `after` of the next page." },
        currentPage: { type: GraphQLInt, description: "Of a list that goes by numbers of pages." },
        totalPages: { type: GraphQLInt, description: "Counted where it is asked for." },
        perPage: { type: new GraphQLNonNull(GraphQLInt) },
        maxPerPage: { type: new GraphQLNonNull(GraphQLInt) },
      },
    });
    this.document = new GraphQLObjectType({
      name: names.take("Document"),
      description: "A file.",
      fields: {
        mediaType: { type: new GraphQLNonNull(GraphQLString), ...meta({ kind: "leaf", source: "mediaType" }) },
        filename: { type: new GraphQLNonNull(GraphQLString), ...meta({ kind: "leaf", source: "filename" }) },
        encoding: {
          type: new GraphQLNonNull(GraphQLString),
          description: "`text`, or `base64` (RFC 4648 section 4).",
          ...meta({ kind: "leaf", source: "encoding" }),
        },
        content: { type: new GraphQLNonNull(GraphQLString), ...meta({ kind: "leaf", source: "content" }) },
      },
    });
  }

  /** The type of a resource's rows. */
  row(resource: ResourceContract): GraphQLObjectType {
    let type = this.#rows.get(resource.name);
    if (type === undefined) {
      const get = this.#context.newest(`${resource.name}.get`);
      const name = pascal(resource.singular);
      type = new GraphQLObjectType({
        name: this.#context.names.take(name, `${name}Row`),
        ...described(resource.doc),
        ...(get === undefined ? {} : { interfaces: [this.node] }),
        fields: () => this.#rowFields(resource),
      });
      this.#rows.set(resource.name, type);
    }
    return type;
  }

  /** An object of fields that belong to no resource: what a function answers, what an event tells. */
  object(name: string, fields: Fields, description: string): GraphQLObjectType {
    return new GraphQLObjectType({
      name: this.#context.names.take(name),
      description,
      fields: () => this.fieldsOf(fields, name, { names: this.#namesFor(fields), resource: undefined, isSure: true }),
    });
  }

  connection(resource: ResourceContract): GraphQLObjectType {
    let type = this.#connections.get(resource.name);
    if (type !== undefined) return type;
    const row = this.row(resource);
    const node = new GraphQLNonNull(row);
    const edge = new GraphQLObjectType({
      name: this.#context.names.take(`${row.name}Edge`),
      description: "A row and its place in the list.",
      fields: {
        cursor: { type: GraphQLString, description: "None where the order goes over a relation.", ...meta({ kind: "cursor" }) },
        node: { type: node, ...meta({ kind: "node" }) },
      },
    });
    type = new GraphQLObjectType({
      name: this.#context.names.take(`${row.name}Connection`),
      description: `A page of ${resource.name}.`,
      fields: {
        edges: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(edge))), ...meta({ kind: "edges" }) },
        nodes: {
          type: new GraphQLNonNull(new GraphQLList(node)),
          description: "The rows of the edges.",
          ...meta({ kind: "nodes" }),
        },
        pageInfo: { type: new GraphQLNonNull(this.#pageInfo), ...meta({ kind: "pageInfo" }) },
        totalCount: { type: Integer, description: "All matches; counted where it is asked for.", ...meta({ kind: "total" }) },
      },
    });
    this.#connections.set(resource.name, type);
    return type;
  }

  #namesFor(fields: Fields): Names {
    return new Names(Object.keys(fields).filter((name) => fields[name]?.kind !== "ref"));
  }

  #rowFields(resource: ResourceContract): FieldConfigs {
    const { contract, newest } = this.#context;
    const names = this.#namesFor(resource.fields);
    const shown = Object.fromEntries(Object.entries(resource.fields).filter(([, field]) => !isWriteOnly(field)));
    const fields = this.fieldsOf(shown, pascal(resource.singular), { names, resource, isSure: false });
    for (const [name, { by, target }] of resource.one) {
      if (Object.hasOwn(resource.fields, name)) continue;
      const operation = newest(`${target.name}.get`);
      if (operation !== undefined)
        fields[names.take(name)] = { type: this.row(target), ...meta({ kind: "one", source: by, operation }) };
    }
    for (const [relation, { target }] of resource.many) {
      const operation = newest(`${target.name}.list`);
      const own = contract.resources.get(target.name) ?? target;
      if (operation === undefined) continue;
      const { perPage, maxPerPage } = own;
      fields[names.take(relation)] = {
        type: this.connection(own),
        args: this.#lists.list(own),
        description: `Its ${relation}.`,
        ...meta({ kind: "many", operation, resource: resource.name, relation, perPage, maxPerPage }),
      };
    }
    if (newest(`${resource.name}.get`) !== undefined)
      fields[names.take("etag", "entityTag")] = {
        type: GraphQLString,
        description: "Tag of the row as the caller sees it: for `ifMatch`. Reads all of its fields.",
        ...meta({ kind: "etag" }),
      };
    return fields;
  }

  /** Fields as they are answered. `isSure`: what is not optional is never null; of rows that is sure of the id only. */
  fieldsOf(
    fields: Fields,
    prefix: string,
    {
      names,
      resource,
      isSure,
    }: { readonly names: Names; readonly resource: ResourceContract | undefined; readonly isSure: boolean },
  ): FieldConfigs {
    const made: FieldConfigs = {};
    for (const [name, field] of Object.entries(fields)) {
      const reason = resource === undefined ? undefined : this.#context.deprecations.reasonOf(resource.name, name);
      const isNever = field.options.optional !== true && field.options.read === undefined && field.options.mask === undefined;
      const isRequired = isNever && (isSure || name === "id");
      const shared = { ...described(docOf(field)), ...(reason === undefined ? {} : { deprecationReason: reason }) };
      const isReference = field.kind === "ref";
      const called = isReference ? names.take(`${name}Id`, `${name}Reference`) : name;
      const { type, ...more } = this.#value(name, field, `${prefix}${pascal(name)}`);
      made[called] = { type: isRequired ? new GraphQLNonNull(type) : type, ...shared, ...more };
      const relation = isReference ? this.#reference(name, field) : undefined;
      if (relation !== undefined) made[names.take(name)] = { ...relation, ...shared };
    }
    return made;
  }

  /** The row that a reference leads to, where rows of its kind can be read at all. */
  #reference(source: string, { target: targetName = "" }: Field): FieldConfig | undefined {
    const target = this.#context.contract.resources.get(targetName);
    const operation = this.#context.newest(`${targetName}.get`);
    return target === undefined || operation === undefined
      ? undefined
      : { type: this.row(target), ...meta({ kind: "one", source, operation }) };
  }

  #value(source: string, field: Field, name: string): FieldConfig {
    const { type, item } = this.#type(field, name);
    if (item.kind === "object") return { type, ...meta({ kind: "object", source, isList: field.kind === "array" }) };
    const enumConvert = item.kind === "enum" ? this.#context.enums.of(item, name).convert : undefined;
    return { type, ...meta({ kind: "leaf", source, convert: convertOf(field, enumConvert) }) };
  }

  /** The type of a value, and what it is a value or a list of. Lists of lists are JSON. */
  #type(field: Field, name: string): { readonly type: GraphQLOutputType & object; readonly item: Field } {
    if (field.kind === "array" && field.item !== undefined) {
      const inner = this.#type(field.item, name);
      const isNullable = field.item.options.optional === true;
      return { type: new GraphQLList(isNullable ? inner.type : new GraphQLNonNull(inner.type as never)), item: inner.item };
    }
    if (field.kind === "object" && field.fields !== undefined)
      return { type: this.object(name, field.fields, docOf(field) === "" ? "Part of a row." : docOf(field)), item: field };
    if (field.kind === "enum")
      return { type: this.#context.enums.of(field, this.#inputs.enumName(field, name)).type, item: field };
    return { type: scalarOf(field) as GraphQLOutputType & object, item: field };
  }
}
