/** Request bodies: what each address reads, in every format. */
import type { Contract, Operation } from "../contract.ts";
import type { Address } from "./addresses.ts";
import type { Components, Json } from "./components.ts";
import { bodyContent } from "./media.ts";
import { rowName } from "./names.ts";
import { isFilterable } from "../query.ts";
import { comparedSchema } from "./parameters.ts";
import type { DocumentParts } from "./parts.ts";
import { batchItemsMax } from "./schemas.ts";

/** The body an address reads, if it reads one. */
export const requestBody = (address: Address, parts: DocumentParts): Json | undefined => {
  const { operation, use } = address;
  const { schemas, components } = parts;
  if (use === "batch")
    return { required: true, content: bodyContent(batchSchema(components), { example: batchExample(parts.contract) }) };
  if (use === "sealed") return { required: true, content: bodyContent(sealedCallSchema(components), {}) };
  if (operation === undefined) return undefined;
  const { resource } = operation;
  const patch = components.ref("schemas", "JsonPatch", () => jsonPatchSchema);
  switch (use) {
    case "create": {
      const one = schemas.input(operation);
      const example = schemas.inputExample(operation);
      return {
        required: true,
        content: bodyContent({ anyOf: [one, { type: "array", items: one, maxItems: batchItemsMax }] }, { example, many: true }),
      };
    }
    case "change":
      return {
        required: true,
        content: bodyContent(schemas.input(operation), {
          example: schemas.inputExample(operation),
          ...(address.method === "PATCH" ? { patch } : {}),
        }),
      };
    case "changeMany": {
      const id = resource?.fields["id"] === undefined ? { type: "string" } : schemas.output("id", resource.fields["id"]);
      const item = components.ref(
        "schemas",
        `${resource === undefined ? "" : rowName(resource)}${operation.action === "update" ? "Update" : "Replace"}Item`,
        () => withId(schemas.fields(operation.input, operation.required), id),
      );
      const example = [
        { id: resource === undefined ? "" : schemas.rowExample(resource)["id"], ...schemas.inputExample(operation) },
      ];
      return {
        required: true,
        content: bodyContent({ type: "array", items: item, maxItems: batchItemsMax }, { example, many: true }),
      };
    }
    case "deleteMany": {
      const ids = components.ref("schemas", "BatchIds", () => ({
        type: "object",
        properties: { ids: { type: "array", items: { type: "string" }, maxItems: batchItemsMax } },
        required: ["ids"],
        additionalProperties: false,
      }));
      return {
        required: true,
        content: bodyContent(ids, { example: { ids: [resource === undefined ? "" : schemas.rowExample(resource)["id"]] } }),
      };
    }
    case "setProperty": {
      const { property = "" } = address;
      const field = operation.input[property];
      if (field === undefined) return undefined;
      const { default: _default, ...schema } = schemas.field(property, field);
      return {
        required: true,
        content: bodyContent(schema, {
          example: schemas.inputExample({ ...operation, action: "replace", input: { [property]: field } })[property],
        }),
      };
    }
    case "function": {
      if (Object.keys(operation.input).length === 0) return undefined;
      return {
        required: operation.required.size > 0,
        content: bodyContent(schemas.input(operation), { example: schemas.inputExample(operation) }),
      };
    }
    case "query":
      return { required: true, content: bodyContent(querySchema(operation, parts), { example: { perPage: 20, count: true } }) };
    case "relate":
      return {
        required: true,
        content: bodyContent(relateSchema(address, parts), { example: relateExample(address, parts), many: true }),
      };
    default:
      return undefined;
  }
};

const withId = (schema: Json, id: Json): Json => ({
  ...schema,
  properties: { id, ...(schema["properties"] as Json) },
  required: ["id", ...((schema["required"] as readonly string[] | undefined) ?? [])],
});

/** RFC 6902. */
const jsonPatchSchema: Json = {
  type: "array",
  description: "RFC 6902: applied to the row as it is answered, all or nothing.",
  maxItems: batchItemsMax,
  items: {
    type: "object",
    properties: {
      op: { type: "string", enum: ["add", "remove", "replace", "move", "copy", "test"] },
      path: { type: "string", description: "RFC 6901.", examples: ["/name"] },
      from: { type: "string" },
      value: {},
    },
    required: ["op", "path"],
  },
};

const batchSchema = (components: Components): Json =>
  components.ref("schemas", "BatchRequest", () => ({
    type: "object",
    properties: {
      strategy: { type: "string", enum: ["atomic", "independent"], default: "independent" },
      calls: {
        type: "array",
        maxItems: batchItemsMax,
        items: {
          type: "object",
          properties: {
            id: {
              type: "string",
              pattern: "^[A-Za-z0-9_-]{1,64}$",
              description: "By which later calls refer to this one.",
              examples: ["a"],
            },
            method: {
              type: "string",
              enum: ["GET", "QUERY", "POST", "PUT", "PATCH", "DELETE"],
              description: "POST where there is a body, else GET.",
            },
            path: { type: "string", description: "Below this version, with its query." },
            body: { description: "What the address reads." },
          },
          required: ["path"],
          additionalProperties: false,
        },
      },
    },
    required: ["calls"],
    additionalProperties: false,
  }));

const sealedExample =
  "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TAL.XFBoMYUZodetZdvTiFvSkQ";

const sealedCallSchema = (components: Components): Json =>
  components.ref("schemas", "SealedCall", () => ({
    type: "object",
    properties: {
      appId: {
        type: "string",
        minLength: 1,
        maxLength: 256,
        description: "Id of the app; followed by a slash and an environment where it is not live.",
        examples: ["app_01HK3QGM00E6F8SH2A02S1KG4Q/sandbox"],
      },
      sealed: { type: "string", description: "The call as a JWE.", examples: [sealedExample] },
    },
    required: ["appId", "sealed"],
    additionalProperties: false,
  }));

const batchExample = (contract: Contract): Json => {
  const first = [...contract.operations.values()].find(({ action }) => action === "list");
  return { calls: first?.resource === undefined ? [] : [{ id: "a", method: "GET", path: `/${first.resource.name}?perPage=1` }] };
};

/** The body of QUERY (RFC 10008): the parameters of the list with typed values. */
const querySchema = (operation: Operation, { schemas }: DocumentParts): Json => {
  const { resource } = operation;
  if (resource === undefined) return {};
  return schemas.components.ref("schemas", `${rowName(resource)}Query`, () => {
    const value = (name: string): Json => {
      const field = resource.fields[name];
      return field === undefined ? {} : comparedSchema(name, field);
    };
    const names = resource.fieldNames.filter(
      (name) => resource.fields[name] !== undefined && isFilterable(resource.fields[name]),
    );
    const strings = { type: ["string", "array"], items: { type: "string" } };
    const filters = names.map((name) => {
      const one = value(name);
      const operators = { type: "object", description: 'Operators: `{ "gte": 5, "lt": 9 }`.' };
      return [name, { anyOf: [one, { type: "array", items: one }, operators, { type: "null" }] }] as const;
    });
    return {
      type: "object",
      description:
        "The parameters of the list, with typed values. A member that is no parameter is a filter: a value, a list, `null` or an object of operators; also `field[operator]` and `relation.field`.",
      properties: {
        page: { type: "integer", minimum: 1 },
        perPage: { type: "integer", minimum: 1, maximum: resource.maxPerPage },
        cursor: { type: "string" },
        count: { type: "boolean" },
        sortBy: strings,
        fields: strings,
        include: { type: "string" },
        filters: {
          description: 'Named filters: text as in the query string, or `{ "name": …, "params": { … } }`, or a list of them.',
        },
        ...Object.fromEntries(filters),
      },
    };
  });
};

const relateSchema = ({ many, operation }: Address, { schemas }: DocumentParts): Json => {
  if (many === undefined || many.relation.kind !== "manyToMany" || operation === undefined) return {};
  const { from, to } = many.relation;
  const id = many.target.fields["id"] === undefined ? { type: "string" } : schemas.output("id", many.target.fields["id"]);
  const rest = Object.fromEntries(Object.entries(operation.input).filter(([name]) => name !== from && name !== to));
  const one = {
    anyOf: [
      id,
      withId(schemas.fields(rest, new Set([...operation.required].filter((name) => name !== from && name !== to))), id),
    ],
  };
  return { anyOf: [...one.anyOf, { type: "array", items: one, maxItems: batchItemsMax }] };
};

const relateExample = ({ many }: Address, { schemas }: DocumentParts): unknown =>
  many === undefined ? undefined : { id: schemas.rowExample(many.target)["id"] };
