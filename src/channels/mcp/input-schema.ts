/** What a tool takes, as JSON Schema 2020-12: the fields of its operation, the row it is about, and for lists what REST has as parameters. */
import type { Contract, Operation, ResourceContract } from "../../contract/contract.ts";
import { fieldsSchema, type JsonSchema } from "../../contract/json-schema.ts";
import { isFilterable } from "../../contract/openapi/parameters.ts";
import type { Field, Fields } from "../../define/field.ts";
import { fieldSchema } from "../../contract/json-schema.ts";
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

/** What of a query an operation takes. */
export const queryOf = ({ action }: Operation): "list" | "filters" | "row" | "none" => {
  switch (action) {
    case "list":
      return "list";
    case "count":
    case "property":
    case "stats":
      return "filters";
    case "get":
      return "row";
    default:
      return "none";
  }
};

const operators =
  "A value; a list, of which one; null, if empty; or an object of conditions: eq, ne, lt, lte, gt, gte, contains, startsWith, null.";

/** What a field is compared with: a value of its type, a list, or conditions. */
const compared = (field: Field): JsonSchema => {
  const { type = [], description } = fieldSchema({ ...field, options: { doc: field.options.doc } } as Field, {
    direction: "output",
  });
  const values = field.kind === "enum" ? `One of: ${(field.values ?? []).join(", ")}.` : undefined;
  const text = [description, values].filter((part) => part !== undefined).join(" ");
  return {
    type: [...new Set([...[type].flat(), "array", "object", "null"])],
    ...(text === "" ? {} : { description: text }),
  };
};

const filters = (resource: ResourceContract): Record<string, JsonSchema> => {
  const filterable = Object.entries(resource.fields).filter(([, field]) => isFilterable(field));
  const named = Object.entries(resource.filters);
  const related = [...resource.one.keys()].map((name) => `${name}.…`);
  return {
    where: {
      type: "object",
      description: `Conditions on fields, all of which have to hold. ${operators}${related.length === 0 ? "" : ` Fields of related rows: ${related.join(", ")}`}`,
      properties: Object.fromEntries(filterable.map(([name, field]) => [name, compared(field)])),
    },
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

const paramsSchema = (params: Fields): JsonSchema => slim(fieldsSchema(params, { direction: "input", required: needed(params) }));

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

/** Without what a model has no use for. */
const slim = (schema: JsonSchema): JsonSchema => {
  const { examples: _examples, writeOnly: _writeOnly, readOnly: _readOnly, properties, items, ...rest } = schema;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as Record<string, JsonSchema>).map(([name, own]) => [name, slim(own)]),
          ),
        }),
    ...(items === undefined ? {} : { items: typeof items === "object" && items !== null ? slim(items as JsonSchema) : items }),
  };
};

const withoutDefault = ({ default: _default, ...schema }: JsonSchema): JsonSchema => schema;

const bodyOf = (
  operation: Operation,
  contract: Contract,
): { properties: Record<string, JsonSchema>; required: readonly string[] } => {
  const schema = slim(
    fieldsSchema(operation.input, {
      direction: "input",
      required: operation.required,
      partial: operation.action === "update",
      prefixOf: (resource) => contract.resources.get(resource)?.prefix,
    }),
  );
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  return {
    // A default is for what a create leaves out; a change leaves what it does not name.
    properties:
      operation.action === "update"
        ? Object.fromEntries(Object.entries(properties).map(([name, own]) => [name, withoutDefault(own)]))
        : properties,
    required: (schema["required"] ?? []) as readonly string[],
  };
};

/** The schema of a tool's arguments. `operation` in the words of the version that is served. */
export const inputSchema = (operation: Operation, contract: Contract, names: ArgumentNames): JsonSchema => {
  const { resource } = operation;
  const query = queryOf(operation);
  const body = bodyOf(operation, contract);
  const properties: Record<string, JsonSchema> = {
    ...(names.id === undefined
      ? {}
      : { [names.id]: { type: "string", description: `Id of the ${resource?.singular ?? "row"}.` } }),
    ...body.properties,
    ...(resource !== undefined && (query === "list" || query === "filters") ? filters(resource) : {}),
    ...(resource !== undefined && query === "list" ? pages(resource) : {}),
    ...(resource !== undefined && (query === "list" || query === "row") ? chosen(resource) : {}),
    ...(names.confirm === undefined
      ? {}
      : {
          [names.confirm]: { type: "string", description: "The `token` of the confirmation that the first call has answered." },
        }),
  };
  const required = [...(names.id === undefined ? [] : [names.id]), ...body.required];
  return {
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
};
