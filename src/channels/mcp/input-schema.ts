/** What a tool takes, as JSON Schema 2020-12: the fields of its operation, the row it is about, and for lists what REST has as parameters. */
import type { Operation, ResourceContract } from "../../contract/contract.ts";
import type { JsonSchema, SchemaOptions } from "../../contract/json-schema.ts";
import { isFilterable, queryOf } from "../../contract/query.ts";
import type { Field, Fields } from "../../define/field.ts";
import { compactField, typesOf, wordsOn } from "./field-schema.ts";
import { mcpLimits } from "./limits.ts";

/** Arguments beside the fields of an operation, by the names they have in its tool: a field of the same name goes first. */
export interface ArgumentNames {
  /** The row; undefined where the operation is about none. */
  readonly id: string | undefined;
  /** The token of a confirmation; undefined where none is asked for. */
  readonly confirm: string | undefined;
}

const freeName = (taken: Fields, ...names: readonly string[]): string =>
  names.find((name) => !Object.hasOwn(taken, name)) ?? `${names.at(-1)}_`;

/** How the arguments of an operation's tool are called. */
export const argumentNames = ({ target, input, resource }: Operation, { asks }: { readonly asks: boolean }): ArgumentNames => ({
  id: target === "item" ? freeName(input, "id", `${resource?.singular ?? "row"}Id`, "rowId") : undefined,
  confirm: asks ? freeName(input, "confirm", "confirmation", "confirmationToken") : undefined,
});

const operators =
  "A value; a list, of which one; null, if empty; or an object of conditions: eq, ne, lt, lte, gt, gte, contains, startsWith, null.";

/** What a field is compared with: a value of its type, a list, or conditions. */
const compared = (field: Field): JsonSchema => {
  const values = field.kind === "enum" ? `One of: ${(field.values ?? []).join(", ")}.` : undefined;
  const text = [wordsOn(field), values].filter((part) => part !== undefined).join(" ");
  return {
    type: [...new Set([...typesOf(field), "array", "object", "null"])],
    ...(text === "" ? {} : { description: text }),
  };
};

/** Conditions; a tool that does not list rows leaves their names to the one that does. */
const filters = (resource: ResourceContract, { isList }: { readonly isList: boolean }): Record<string, JsonSchema> => {
  const filterable = Object.entries(resource.fields).filter(([, field]) => isFilterable(field));
  const named = Object.entries(resource.filters);
  const related = [...resource.one.keys()].map((name) => `${name}.…`);
  return {
    where: isList
      ? {
          type: "object",
          description: `Conditions on fields, all of which have to hold. ${operators}${related.length === 0 ? "" : ` Fields of related rows: ${related.join(", ")}`}`,
          properties: Object.fromEntries(filterable.map(([name, field]) => [name, compared(field)])),
        }
      : { type: "object", description: `Conditions on fields, as in ${resource.name}_list.` },
    ...(named.length === 0
      ? {}
      : {
          filters: {
            type: "array",
            description: "Named filters.",
            items: {
              anyOf: named.map(([name, { params, doc }]) => ({
                type: "object",
                ...(doc === undefined ? {} : { description: doc }),
                properties: {
                  name: { const: name },
                  ...(Object.keys(params).length === 0 ? {} : { params: paramsSchema(params) }),
                },
                required: ["name"],
                additionalProperties: false,
              })),
            },
          },
        }),
  };
};

const needed = (fields: Fields): ReadonlySet<string> =>
  new Set(
    Object.keys(fields).filter((name) => fields[name]?.options.optional !== true && fields[name]?.options.default === undefined),
  );

const paramsSchema = (params: Fields): JsonSchema => objectSchema(params, needed(params), { direction: "input" });

const strings = (description: string): JsonSchema => ({ type: "array", items: { type: "string" }, description });

const chosen = (resource: ResourceContract): Record<string, JsonSchema> => {
  const relations = [...resource.one.keys(), ...resource.many.keys()];
  return {
    fields: strings("Only these fields are answered; `relation.field` within a relation."),
    ...(relations.length === 0
      ? {}
      : { include: strings(`Related rows to put in: ${relations.join(", ")}; with options as in \`transfers(perPage:5)\`.`) }),
  };
};

const pages = (resource: ResourceContract): Record<string, JsonSchema> => ({
  sortBy: strings("Fields in order, each with `.asc` or `.desc`."),
  page: { type: "integer", minimum: 1 },
  perPage: {
    type: "integer",
    minimum: 1,
    maximum: resource.maxPerPage,
    default: Math.min(resource.perPage, mcpLimits.rowsDefault),
  },
  cursor: { type: "string", description: "In place of `page`: continues behind `pagination.nextCursor`; empty begins." },
  count: { type: "boolean", description: "Whether totals are counted with a cursor." },
});

/** Fields as an object; of a change nothing has to be given, and what is left out stays as it is. */
const objectSchema = (fields: Fields, required: ReadonlySet<string>, options: SchemaOptions): JsonSchema => {
  const properties = Object.entries(fields).map(([name, field]): [string, JsonSchema] => {
    const { default: fallback, ...schema } = compactField(field, options);
    return [name, fallback === undefined || options.partial === true ? schema : { ...schema, default: fallback }];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.size === 0 ? {} : { required: [...required] }),
    additionalProperties: false,
  };
};

/** The schema of a tool's arguments. `operation` in the words of the version that is served. */
export const inputSchema = (operation: Operation, names: ArgumentNames): JsonSchema => {
  const { resource, action } = operation;
  const query = queryOf(operation);
  const body = objectSchema(operation.input, operation.required, { direction: "input", partial: action === "update" });
  const properties: Record<string, JsonSchema> = {
    ...(names.id === undefined
      ? {}
      : { [names.id]: { type: "string", description: `Id of the ${resource?.singular ?? "row"}.` } }),
    ...(body["properties"] as Record<string, JsonSchema>),
    ...(resource !== undefined && (query === "list" || query === "filters")
      ? filters(resource, { isList: query === "list" })
      : {}),
    ...(resource !== undefined && query === "list" ? pages(resource) : {}),
    ...(resource !== undefined && (query === "list" || query === "row") ? chosen(resource) : {}),
    ...(names.confirm === undefined
      ? {}
      : {
          [names.confirm]: { type: "string", description: "The `token` of the confirmation that the first call has answered." },
        }),
  };
  const required = [...(names.id === undefined ? [] : [names.id]), ...operation.required];
  return {
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
};
