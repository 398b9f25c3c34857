/**
 * The roots: a field of the query for each read, of the mutation for each command, of the subscription for each type of events.
 *
 *   operation                          field
 *   accounts.list, accounts.get        accounts(…): AccountConnection, account(id:): Account
 *   accounts.count, accounts.property.total      accountsCount, accountsTotal
 *   accounts.stats.byCurrency          accountsStatsByCurrency
 *   profile.get                        profile
 *   accounts.statement (a query)       accountStatement(id:, input:)
 *   accounts.create, accounts.freeze   accountCreate(input:), accountFreeze(id:, input:)
 *   customers.import (of a collection) customersImport(input:)
 *   quoteFee                           quoteFee(input:)
 *   event accounts.opened              accountOpened(where:, after:)
 */
import {
  GraphQLBoolean,
  type GraphQLFieldConfigArgumentMap,
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from "graphql";
import type { Operation, ResourceContract } from "../../../contract/contract.ts";
import type { Field } from "../../../define/field.ts";
import type { Measure, Statistic } from "../../../define/resource.ts";
import { described, type SchemaContext } from "./context.ts";
import type { InputTypes } from "./inputs.ts";
import type { ListArguments } from "./lists.ts";
import { type Convert, meta } from "./meta.ts";
import { Names, pascal } from "./names.ts";
import type { Refusals } from "./refusals.ts";
import { BigInteger, DateTime, Decimal, Integer, Money } from "./scalars.ts";
import type { FieldConfig, FieldConfigs, OutputTypes } from "./outputs.ts";
import { convertOf, integerText, scalarOf } from "./values.ts";

/** Name of an operation's field, but for lists and single rows. */
export const fieldNameOf = ({ name, action, target, resource, member, singleton }: Operation): string => {
  if (singleton !== undefined) return action === "get" ? singleton : `${singleton}${pascal(action)}`;
  if (resource === undefined) return name;
  if (action === "stats") return `${resource.name}Stats${pascal(member ?? "")}`;
  if (action === "count" || action === "property") return `${resource.name}${pascal(member ?? "")}`;
  if (action === "function") return `${target === "item" ? resource.singular : resource.name}${pascal(member ?? "")}`;
  return `${resource.singular}${pascal(action)}`;
};

const doneDoc = "Whether it was done.";

export class Roots {
  readonly #context: SchemaContext;
  readonly #inputs: InputTypes;
  readonly #lists: ListArguments;
  readonly #types: OutputTypes;
  readonly #refusals: Refusals;

  constructor(
    context: SchemaContext,
    parts: {
      readonly inputs: InputTypes;
      readonly lists: ListArguments;
      readonly types: OutputTypes;
      readonly refusals: Refusals;
    },
  ) {
    this.#context = context;
    this.#inputs = parts.inputs;
    this.#lists = parts.lists;
    this.#types = parts.types;
    this.#refusals = parts.refusals;
  }

  query(): FieldConfigs {
    const fields: FieldConfigs = {};
    const names = new Names();
    const byPrefix = new Map<string, { readonly type: GraphQLObjectType; readonly operation: Operation }>();
    const called = names.take("node");
    for (const operation of this.#context.contract.operations.values()) {
      if (operation.kind !== "query") continue;
      const newest = this.#context.newest(operation.name);
      if (newest === undefined) continue;
      const { resource, singleton } = operation;
      if (operation.action === "list" && resource !== undefined) {
        const { perPage, maxPerPage } = resource;
        fields[names.take(resource.name)] = {
          type: this.#types.connection(resource),
          args: this.#lists.list(resource),
          description: operation.doc,
          ...meta({ kind: "list", operation: newest, perPage, maxPerPage }),
        };
      } else if (operation.action === "get" && resource !== undefined) {
        const type = this.#types.row(resource);
        if (singleton === undefined) byPrefix.set(resource.prefix, { type, operation: newest });
        const name = singleton ?? resource.singular;
        fields[names.take(name, `${resource.name}ById`)] = {
          type,
          ...(singleton === undefined ? { args: { id: { type: new GraphQLNonNull(GraphQLID) } } } : {}),
          description: operation.doc,
          ...meta({ kind: "get", operation: newest }),
        };
      } else fields[names.take(fieldNameOf(operation))] = this.#read(operation, newest);
    }
    fields[called] = {
      type: this.#types.node,
      args: { id: { type: new GraphQLNonNull(GraphQLID) } },
      description: "A row of any resource, by its id.",
      ...meta({ kind: "byId", types: byPrefix }),
    };
    return fields;
  }

  mutation(): FieldConfigs {
    const fields: FieldConfigs = {};
    const names = new Names();
    for (const operation of this.#context.contract.operations.values()) {
      const newest = this.#context.newest(operation.name);
      if (operation.kind === "command" && newest !== undefined)
        fields[names.take(fieldNameOf(operation))] = this.#command(operation, newest);
    }
    return fields;
  }

  subscription(): FieldConfigs {
    const fields: FieldConfigs = {};
    const names = new Names();
    for (const resource of this.#context.contract.resources.values()) {
      if (!this.#context.contract.operations.has(`${resource.name}.list`)) continue;
      for (const [event, definition] of Object.entries(resource.events)) {
        const name = `${resource.singular}${pascal(event)}`;
        fields[names.take(name)] = this.#event(resource, event, definition, `${pascal(name)}Event`);
      }
    }
    return fields;
  }

  #event(
    resource: ResourceContract,
    event: string,
    { doc, data }: ResourceContract["events"][string],
    name: string,
  ): FieldConfig {
    const type = `${resource.name}.${event}`;
    const members = Object.entries(data);
    const filterable = members.flatMap(([field, { kind }]) =>
      ["json", "object", "array", "binary"].includes(kind) ? [] : [field],
    );
    const text = doc ?? `Something happened to ${resource.name}.`;
    return {
      type: new GraphQLNonNull(
        new GraphQLObjectType({
          name: this.#context.names.take(name),
          description: text,
          fields: () => ({
            id: {
              type: new GraphQLNonNull(GraphQLString),
              description: "Its position: `after`, to go on behind it.",
              ...meta({ kind: "leaf", source: "id" }),
            },
            type: {
              type: new GraphQLNonNull(GraphQLString),
              description: `\`${type}\`.`,
              ...meta({ kind: "leaf", source: "type" }),
            },
            at: { type: new GraphQLNonNull(DateTime), ...meta({ kind: "leaf", source: "at" }) },
            subject: {
              type: GraphQLID,
              description: "Id of the row that it is about.",
              ...meta({ kind: "leaf", source: "subject" }),
            },
            ...(members.length === 0
              ? {}
              : {
                  data: {
                    type: this.#types.object(`${name}Data`, optional(data), "What an event tells."),
                    ...meta({ kind: "object", source: "data", isList: false }),
                  },
                }),
          }),
        }),
      ),
      args: {
        ...(filterable.length === 0
          ? {}
          : {
              where: {
                type: this.#inputs.lists(
                  `${name}Where`,
                  filterable,
                  "Values of the event's data, one of which it has to have in each of these fields.",
                ),
              },
            }),
        after: {
          type: GraphQLString,
          description: "The event behind which to go on; what comes from now on where it is not given.",
        },
      },
      description: text,
      ...meta({ kind: "event", type }),
    };
  }

  #inputArgument(operation: Operation): GraphQLFieldConfigArgumentMap {
    const { input, required, action } = operation;
    if (Object.keys(input).length === 0) return {};
    const isPartial = action === "update";
    const type = this.#inputs.object(`${pascal(fieldNameOf(operation))}Input`, input, {
      required,
      isPartial,
      description: isPartial ? "What is changed; what is not given stays, null empties." : `Input of ${fieldNameOf(operation)}.`,
    });
    return { input: { type: required.size > 0 || action !== "function" ? new GraphQLNonNull(type) : type } };
  }

  #idArgument({ target }: Operation): GraphQLFieldConfigArgumentMap {
    return target === "item" ? { id: { type: new GraphQLNonNull(GraphQLID) } } : {};
  }

  /** Counts, properties, statistics, functions that only read. */
  #read(operation: Operation, newest: Operation): FieldConfig {
    const { output, resource, doc } = operation;
    if (operation.action === "function") {
      const { type, convert } = this.#answer(operation);
      return {
        type,
        args: { ...this.#idArgument(operation), ...this.#inputArgument(operation) },
        description: doc,
        ...meta({ kind: "read", operation: newest, convert }),
      };
    }
    const args = resource === undefined ? {} : this.#lists.conditions(resource);
    if (output.kind === "stats" && resource !== undefined)
      return {
        type: this.#statistics(operation, resource, output.statistic),
        args,
        description: doc,
        ...meta({ kind: "value", operation: newest }),
      };
    const measured =
      output.kind === "value" && resource !== undefined ? this.#measure(output.measure, resource) : { type: Integer };
    return {
      type: measured.type,
      args,
      description: doc,
      ...meta({ kind: "value", operation: newest, convert: measured.convert }),
    };
  }

  #measure(
    measure: Measure,
    resource: ResourceContract,
  ): { readonly type: GraphQLOutputType; readonly convert?: Convert | undefined } {
    if (measure.kind === "count" || measure.kind === "countDistinct") return { type: Integer };
    const field = resource.fields[measure.field];
    if (measure.kind === "avg" || field?.kind === "decimal") return { type: Decimal };
    if (measure.kind === "sum") return { type: field?.kind === "money" ? Money : BigInteger, convert: integerText };
    return field === undefined
      ? { type: GraphQLString }
      : this.#group(field, `${pascal(resource.singular)}${pascal(measure.field)}`);
  }

  #group(field: Field, name: string): { readonly type: GraphQLOutputType; readonly convert?: Convert | undefined } {
    const made = field.kind === "enum" ? this.#context.enums.of(field, this.#inputs.enumName(field, name)) : undefined;
    return { type: made?.type ?? scalarOf(field) ?? GraphQLString, convert: convertOf(field, made?.convert) };
  }

  #statistics(operation: Operation, resource: ResourceContract, { group = [], measures }: Statistic): GraphQLObjectType {
    const name = pascal(fieldNameOf(operation));
    const fields: FieldConfigs = {};
    const names = new Names();
    const add = (
      source: string,
      { type, convert }: { readonly type: GraphQLOutputType; readonly convert?: Convert | undefined },
    ): void => {
      fields[names.take(source)] = { type, ...meta({ kind: "leaf", source, convert }) };
    };
    for (const one of group) {
      if (typeof one !== "string") add(one.part, { type: GraphQLString });
      else {
        const field = resource.fields[one];
        add(
          one,
          field === undefined ? { type: GraphQLString } : this.#group(field, `${pascal(resource.singular)}${pascal(one)}`),
        );
      }
    }
    for (const [measure, definition] of Object.entries(measures)) add(measure, this.#measure(definition, resource));
    const row = new GraphQLObjectType({
      name: this.#context.names.take(`${name}Row`),
      description: "One group.",
      fields,
    });
    return new GraphQLObjectType({
      name: this.#context.names.take(name),
      description: operation.doc,
      fields: {
        rows: {
          type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(row))),
          ...meta({ kind: "object", source: "rows", isList: true }),
        },
        isTruncated: {
          type: new GraphQLNonNull(GraphQLBoolean),
          description: "There are more groups than an answer holds.",
          ...meta({ kind: "leaf", source: "isTruncated" }),
        },
      },
    });
  }

  /** What a function answers. */
  #answer(operation: Operation): {
    readonly type: GraphQLOutputType;
    readonly convert?: Convert | undefined;
    readonly isList?: true;
  } {
    const { output, resource } = operation;
    switch (output.kind) {
      case "row":
        return { type: resource === undefined ? GraphQLBoolean : this.#types.row(resource) };
      case "rows":
        return resource === undefined
          ? { type: GraphQLBoolean }
          : { type: new GraphQLList(new GraphQLNonNull(this.#types.row(resource))), isList: true };
      case "fields":
        return Object.keys(output.fields).length === 0
          ? { type: GraphQLBoolean }
          : {
              type: this.#types.object(
                `${pascal(fieldNameOf(operation))}Result`,
                output.fields,
                `What ${fieldNameOf(operation)} answers.`,
              ),
            };
      case "document":
        return { type: this.#types.document };
      case "count":
        return { type: Integer };
      case "none":
      case "value":
      case "stats":
        return { type: GraphQLBoolean };
    }
  }

  #command(operation: Operation, newest: Operation): FieldConfig {
    const { doc, output, resource, target } = operation;
    const name = pascal(fieldNameOf(operation));
    const args: GraphQLFieldConfigArgumentMap = {
      ...this.#idArgument(operation),
      ...this.#inputArgument(operation),
      idempotencyKey: {
        type: GraphQLString,
        description: "Whoever repeats the call with the same key gets the same answer; nothing is done twice. Kept for 24 hours.",
      },
    };
    if (target === "item" || target === "singleton")
      args["ifMatch"] = {
        type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
        description: "Tags (`etag`) of which the row has to have one; `*`: any.",
      };
    return {
      type: new GraphQLObjectType({
        name: this.#context.names.take(`${name}Payload`),
        description: `What came of ${fieldNameOf(operation)}.`,
        fields: () => {
          const fields: FieldConfigs = {};
          const names = new Names(["refusal", "status", "replayed"]);
          if (output.kind === "none")
            fields[names.take("done")] = {
              type: new GraphQLNonNull(GraphQLBoolean),
              description: doneDoc,
              ...meta({ kind: "done" }),
            };
          else {
            const { type, convert, isList } = this.#answer(operation);
            const called = output.kind === "row" ? resource?.singular : output.kind === "rows" ? resource?.name : undefined;
            fields[names.take(called ?? "result")] = { type, ...meta({ kind: "answer", isList: isList === true, convert }) };
          }
          fields["status"] = {
            type: new GraphQLNonNull(GraphQLInt),
            description: "As HTTP has it: 200, 201 created, 202 noted and waiting, 204 nothing to tell; or that of the refusal.",
            ...meta({ kind: "status" }),
          };
          fields["replayed"] = {
            type: new GraphQLNonNull(GraphQLBoolean),
            description: "An earlier answer, given again.",
            ...meta({ kind: "replayed" }),
          };
          fields["refusal"] = {
            type: this.#refusals.of(operation, `${name}Refusal`),
            description: "Why it was not done. Where this is not selected, a refusal is an error of the answer.",
            ...meta({ kind: "refusal" }),
          };
          return fields;
        },
      }),
      args,
      ...described(doc),
      ...meta({ kind: "command", operation: newest }),
    };
  }
}

/** Fields of an event, any of which a caller may not see. */
const optional = (fields: Readonly<Record<string, Field>>): Readonly<Record<string, Field>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, { ...field, options: { ...field.options, optional: true } }]),
  );
