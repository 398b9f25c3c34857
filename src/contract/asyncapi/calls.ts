/** Operations as they are called over a WebSocket: a message with their input, and one with their answer. */
import type { Contract, Operation } from "../contract.ts";
import type { Json } from "../openapi/components.ts";
import { memberName } from "../openapi/names.ts";
import type { Schemas } from "../openapi/schemas.ts";
import { conditionSchemas, correlated, idSchema, refusalAnswer } from "./envelope.ts";

/** What the document says of one operation of the server: what it receives, and what it replies. */
export interface Receiving {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly receives: readonly string[];
  readonly replies: readonly string[];
}

const text: Json = { type: "string" };

/** The body of QUERY over HTTP, which has a schema of its own per collection; here its general form. */
const listQuery = (schemas: Schemas): Json =>
  schemas.components.ref("schemas", "ListQuery", () => ({
    type: "object",
    description:
      'What a list is asked for, as in the body of QUERY: a field\'s name with a value, a list, null or operators (`{ "gte": 5 }`) is a filter.',
    properties: {
      page: { type: "integer", minimum: 1 },
      perPage: { type: "integer", minimum: 1 },
      cursor: text,
      count: { type: "boolean" },
      sortBy: { anyOf: [text, { type: "array", items: text }], examples: ["name.desc"] },
      fields: { anyOf: [text, { type: "array", items: text }], examples: ["id,name"] },
      include: { anyOf: [text, { type: "array", items: text }] },
      filters: { anyOf: [text, { type: "array", items: { anyOf: [text, { type: "object" }] } }] },
    },
    additionalProperties: true,
  }));

const parentSchema: Json = {
  type: "object",
  description: "The row whose related rows are listed.",
  properties: { resource: text, id: text, relation: text },
  required: ["resource", "id", "relation"],
  additionalProperties: false,
};

const takesQuery: ReadonlySet<string> = new Set(["list", "get", "count", "property", "stats"]);
const takesBody: ReadonlySet<string> = new Set(["create", "update", "replace", "function"]);

const inputSchema = (operation: Operation, schemas: Schemas): Json => {
  const { action, target } = operation;
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  if (target === "item") {
    properties["id"] = { ...text, description: "Id of the row." };
    required.push("id");
  }
  if (takesBody.has(action)) {
    properties["body"] = schemas.input(operation);
    if (action !== "function" || operation.required.size > 0) required.push("body");
  }
  if (takesQuery.has(action)) properties["query"] = listQuery(schemas);
  if (action === "list") properties["parent"] = parentSchema;
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }), additionalProperties: false };
};

const documentSchema = (schemas: Schemas): Json =>
  schemas.components.ref("schemas", "DocumentData", () => ({
    type: "object",
    description: "A file.",
    properties: { mediaType: text, filename: text, encoding: { enum: ["text", "base64"] }, content: text },
    required: ["mediaType", "filename", "encoding", "content"],
  }));

const callMessage = (operation: Operation, schemas: Schemas): Json => {
  const input = inputSchema(operation, schemas);
  return {
    name: `${operation.name} call`,
    title: operation.name,
    summary: operation.doc,
    ...correlated,
    payload: {
      type: "object",
      properties: { id: idSchema, operation: { const: operation.name }, input, ...conditionSchemas(operation) },
      required: ["id", "operation", ...(input["required"] === undefined ? [] : ["input"])],
      additionalProperties: false,
    },
  };
};

const answerMessage = (operation: Operation, schemas: Schemas): Json => {
  const { output, action } = operation;
  const data = output.kind === "document" ? documentSchema(schemas) : schemas.data(operation);
  const isEmpty = output.kind === "none";
  return {
    name: `${operation.name} answer`,
    title: `Answer of ${operation.name}`,
    ...correlated,
    payload: {
      anyOf: [
        {
          type: "object",
          properties: {
            id: idSchema,
            success: { const: true },
            status: { type: "integer", examples: [200] },
            ...(isEmpty ? {} : { data }),
            ...(output.kind === "row" && action !== "function" ? { etag: { ...text, description: "For `ifMatch`." } } : {}),
            ...(action === "list" ? { pagination: schemas.pagination() } : {}),
            ...(operation.kind === "command"
              ? { replayed: { const: true, description: "An earlier answer was given again." } }
              : {}),
            limits: { $ref: "#/components/schemas/Limits" },
          },
          required: ["id", "success", "status"],
        },
        refusalAnswer(schemas),
      ],
    },
  };
};

/** Messages and operations of all calls. */
export const callOperations = (
  contract: Contract,
  schemas: Schemas,
): { readonly messages: Readonly<Record<string, Json>>; readonly operations: readonly Receiving[] } => {
  const messages: Record<string, Json> = {};
  const operations: Receiving[] = [];
  for (const operation of contract.operations.values()) {
    const name = memberName(operation.name);
    messages[`${name}Call`] = callMessage(operation, schemas);
    messages[`${name}Answer`] = answerMessage(operation, schemas);
    operations.push({
      name: operation.name.split(".").join("_"),
      title: operation.name,
      description: operation.doc,
      receives: [`${name}Call`],
      replies: [`${name}Answer`],
    });
  }
  return { messages, operations };
};
