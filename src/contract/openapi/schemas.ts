/** Schemas of rows, inputs and answers, each under its name in the components. */
import type { Field, Fields } from "../../define/field.ts";
import type { Measure, Statistic } from "../../define/resource.ts";
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import { isWriteOnly, type ExampleOptions, examplesOf, fieldSchema, fieldsSchema, type JsonSchema } from "../json-schema.ts";
import type { Components, Json } from "./components.ts";
import { memberName, rowName } from "./names.ts";

/** Most items of a batch. */
export const batchItemsMax = 1000;

/** A list without items says nothing of them; some readers want that said. */
const withItems = (schema: Json): Json => {
  const { type, items, properties } = schema as { type?: unknown; items?: unknown; properties?: Readonly<Record<string, Json>> };
  return {
    ...schema,
    ...([type].flat().includes("array") && items === undefined ? { items: {} } : {}),
    ...(typeof items === "object" && items !== null ? { items: withItems(items as Json) } : {}),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, own]) => [name, withItems(own)])) }),
  };
};

const success = (data: Json, more: Json = {}): Json => ({
  type: "object",
  properties: { success: { const: true }, data, ...more },
  required: ["success", "data", ...Object.keys(more)],
});

/** Makes schemas of one version of a contract. `newest`: what statistics are computed in. */
export class Schemas {
  readonly components: Components;
  readonly #newest: Contract;
  readonly #examples: ExampleOptions;

  constructor(components: Components, contract: Contract, newest: Contract) {
    this.components = components;
    this.#newest = newest;
    this.#examples = { prefixOf: (resource) => contract.resources.get(resource)?.prefix };
  }

  /** The row as it is answered: with the relations that can be included in it. */
  row(resource: ResourceContract): Json {
    return this.components.ref("schemas", rowName(resource), () => {
      const schema = withItems(fieldsSchema(resource.fields, { direction: "output", ...this.#examples }));
      const properties: Record<string, unknown> = { ...(schema["properties"] as Json) };
      for (const [name, { target }] of resource.one) {
        const own = properties[name] as JsonSchema | undefined;
        const related = this.row(target);
        properties[name] = own === undefined ? this.#included(related, target) : this.#orIncluded(own, related);
      }
      for (const [name, { target }] of resource.many) {
        properties[name] = { type: "array", items: this.row(target), description: `Only with \`include=${name}\`.` };
      }
      return { ...schema, properties, description: resource.doc };
    });
  }

  #included(related: Json, target: ResourceContract): Json {
    return { anyOf: [related, { type: "null" }], description: `The ${target.singular}; only when included.` };
  }

  /** A reference, or the row it leads to once that is included. */
  #orIncluded(own: JsonSchema, related: Json): Json {
    const { description, examples, readOnly, ...id } = own;
    return {
      anyOf: [id, related],
      description: `${typeof description === "string" ? `${description} ` : ""}With \`include\`: the row itself.`,
      ...(examples === undefined ? {} : { examples }),
      ...(readOnly === undefined ? {} : { readOnly }),
    };
  }

  rowExample(resource: ResourceContract): Json {
    const shown = Object.entries(resource.fields).filter(([, field]) => !isWriteOnly(field));
    return examplesOf(Object.fromEntries(shown), this.#examples);
  }

  /** What `data` of an operation's answer holds. */
  data(operation: Operation): Json {
    const { output, resource } = operation;
    switch (output.kind) {
      case "row":
        return resource === undefined ? {} : this.row(resource);
      case "rows":
        return { type: "array", items: resource === undefined ? {} : this.row(resource) };
      case "count":
        return { type: "integer", minimum: 0, examples: [42] };
      case "value":
        return this.#measure(operation, output.measure);
      case "stats":
        return { type: "array", items: this.statistic(operation, output.statistic) };
      case "fields":
        return this.components.ref("schemas", `${memberName(operation.name)}Output`, () =>
          withItems(fieldsSchema(output.fields, { direction: "output", ...this.#examples })),
        );
      // A document is a file of a type of its own (`documentContent`).
      case "document":
      case "none":
        return { type: "null" };
    }
  }

  dataExample(operation: Operation): unknown {
    const { output, resource } = operation;
    switch (output.kind) {
      case "row":
        return resource === undefined ? {} : this.rowExample(resource);
      case "rows":
        return resource === undefined ? [] : [this.rowExample(resource)];
      case "count":
        return 42;
      case "fields":
        return examplesOf(output.fields, this.#examples);
      case "value":
      case "stats":
      case "document":
      case "none":
        return undefined;
    }
  }

  /** A statistic's row: what it is grouped by, then its measures. */
  statistic(operation: Operation, statistic: Statistic): Json {
    const properties: Record<string, unknown> = {};
    for (const group of statistic.group ?? []) {
      const name = typeof group === "string" ? group : group.part;
      const field = operation.resource?.fields[typeof group === "string" ? group : group.by];
      if (typeof group !== "string") {
        const forms = { year: "2026", month: "2026-01", day: "2026-01-31", hour: "2026-01-31T09" };
        properties[name] = {
          type: ["string", "null"],
          description: `The ${group.part} of \`${group.by}\`, UTC.`,
          examples: [forms[group.part]],
        };
      } else properties[name] = field === undefined ? {} : this.output(name, field);
    }
    for (const [name, measure] of Object.entries(statistic.measures)) properties[name] = this.#measure(operation, measure, name);
    return { type: "object", properties, required: Object.keys(properties) };
  }

  output(name: string, field: Field): Json {
    const { readOnly: _readOnly, ...schema } = withItems(fieldSchema(field, { direction: "output", name, ...this.#examples }));
    return schema;
  }

  /** Measures are values of the newest version in every version. */
  #measure(operation: Operation, measure: Measure, name?: string): Json {
    if (measure.kind === "count") return { type: "integer", minimum: 0, examples: [42] };
    const newest = this.#newest.operations.get(operation.name);
    const statistic = newest?.output.kind === "stats" && name !== undefined ? newest.output.statistic.measures[name] : undefined;
    const own = statistic ?? (newest?.output.kind === "value" ? newest.output.measure : measure);
    const of = own.kind === "count" ? "" : own.field;
    const field = newest?.resource?.fields[of];
    const description = `${measure.kind} of \`${of}\`.`;
    switch (measure.kind) {
      case "countDistinct":
        return { type: "integer", minimum: 0, description, examples: [7] };
      case "avg":
        return {
          type: ["string", "null"],
          description: `${description} An exact decimal; null over no rows.`,
          examples: ["12.5"],
        };
      case "sum":
        return field?.kind === "decimal"
          ? { type: ["string", "null"], description: `${description} Null over no rows.`, examples: ["12.5"] }
          : {
              type: ["integer", "string", "null"],
              description: `${description} A string of digits beyond 2^53−1, null over no rows.`,
              examples: [12_500],
            };
      case "min":
      case "max": {
        const schema = field === undefined ? {} : this.output(of, { ...field, options: { ...field.options, optional: true } });
        return { ...schema, description: `${description} Null over no rows.` };
      }
    }
  }

  /** The body of a create, a change or a function. */
  input(operation: Operation): Json {
    const { action, resource, name } = operation;
    const suffix = { create: "Create", update: "Update", replace: "Replace" } as const;
    const isRow = action === "create" || action === "update" || action === "replace";
    const title = isRow && resource !== undefined ? `${rowName(resource)}${suffix[action]}` : `${memberName(name)}Input`;
    return this.components.ref("schemas", title, () => {
      const schema = withItems(
        fieldsSchema(operation.input, {
          direction: "input",
          required: operation.required,
          partial: action === "update",
          ...this.#examples,
        }),
      );
      return { ...(action === "update" ? withoutDefaults(schema) : schema), description: operation.doc };
    });
  }

  inputExample(operation: Operation): Json {
    const all = examplesOf(operation.input, this.#examples);
    if (operation.action !== "update") return all;
    const changed = Object.entries(all).find(([name]) => operation.input[name]?.kind !== "ref");
    return changed === undefined ? all : Object.fromEntries([changed]);
  }

  /** An input of fields that are not an operation's: a pair's, a filter's. */
  fields(fields: Fields, required: ReadonlySet<string>): Json {
    return withItems(fieldsSchema(fields, { direction: "input", required, ...this.#examples }));
  }

  field(name: string, field: Field): Json {
    return withItems(fieldSchema(field, { direction: "input", name, ...this.#examples }));
  }

  /** `{ "success": true, "data": … }` */
  answer(operation: Operation): Json {
    const { resource, output, name } = operation;
    if (output.kind === "row" && resource !== undefined) {
      return this.components.ref("schemas", `${rowName(resource)}Answer`, () => success(this.row(resource)));
    }
    if (output.kind === "rows" && operation.action === "list" && resource !== undefined) {
      return this.components.ref("schemas", `${rowName(resource)}List`, () =>
        success({ type: "array", items: this.row(resource) }, { pagination: this.pagination() }),
      );
    }
    if (output.kind === "stats") {
      return this.components.ref("schemas", `${memberName(name)}Answer`, () => {
        const whole = success(this.data(operation));
        return { ...whole, properties: { ...(whole["properties"] as Json), pagination: this.cut() } };
      });
    }
    return this.components.ref("schemas", `${memberName(name)}Answer`, () => success(this.data(operation)));
  }

  cut(): Json {
    return this.components.ref("schemas", "CutInfo", () => ({
      type: "object",
      description: "There are more groups than one answer holds; these are the first ones. A filter narrows them.",
      properties: {
        truncated: { const: true },
        perPage: { type: "integer", minimum: 1, examples: [1_000] },
        maxPerPage: { type: "integer", minimum: 1, examples: [1_000] },
      },
      required: ["truncated", "perPage", "maxPerPage"],
    }));
  }

  pagination(): Json {
    return this.components.ref("schemas", "PageInfo", () => ({
      type: "object",
      description: "Where the page stands. By cursor there are no totals unless they are asked for with `count=true`.",
      properties: {
        totalRecords: { type: "integer", minimum: 0, examples: [1] },
        totalPages: { type: "integer", minimum: 1, examples: [1] },
        currentPage: { type: "integer", minimum: 1, examples: [1] },
        perPage: { type: "integer", minimum: 1, examples: [20] },
        maxPerPage: { type: "integer", minimum: 1, examples: [100] },
        nextCursor: { type: "string", description: "Continues behind the last row; absent on the last page." },
      },
      required: ["perPage", "maxPerPage"],
    }));
  }
}

/** A default is for what a create leaves out; a change leaves what it does not name. */
const withoutDefaults = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema["properties"] as Readonly<Record<string, JsonSchema>>).map(([name, { default: _default, ...rest }]) => [
      name,
      rest,
    ]),
  ),
});

/** What is wrong with single values: field → sentences. */
const issuesSchema = (components: Components): Json =>
  components.ref("schemas", "FieldIssues", () => ({
    type: "object",
    description: "Field or parameter → what is wrong with it, in the language of the answer.",
    additionalProperties: { type: "array", items: { type: "string" } },
  }));

const errorProperties: Json = {
  code: { type: "integer", description: "The HTTP status.", examples: [422] },
  type: { type: "string", description: "Stable and machine readable.", examples: ["validation_failed"] },
  message: { type: "string", description: "In the language of the answer." },
  requestId: { type: "string", description: "To be named to support." },
  details: { type: "object", description: "Machine-readable facts, such as the limit that was met.", additionalProperties: true },
};

const errorSchema = (components: Components): Json =>
  components.ref("schemas", "RefusalError", () => ({
    type: "object",
    properties: errorProperties,
    required: ["code", "type", "message", "requestId"],
  }));

/** A refusal in the envelope, with the types that a status may have. */
export const refusalSchema = (
  components: Components,
  of: { readonly status: number; readonly types: readonly string[] },
): Json => ({
  type: "object",
  properties: {
    success: { const: false },
    error: {
      type: "object",
      properties: { ...errorProperties, code: { const: of.status }, type: { type: "string", enum: of.types } },
      required: ["code", "type", "message", "requestId"],
    },
    ...(of.types.includes("batch_failed")
      ? {
          data: {
            description: "With `validation_failed`: the fields. With `batch_failed`: one verdict per item.",
            anyOf: [issuesSchema(components), { type: "array", items: verdictSchema(components) }],
          },
        }
      : of.status === 422
        ? { data: issuesSchema(components) }
        : {}),
  },
  required: ["success", "error"],
});

/** The same as a problem document. */
export const problemSchema = (components: Components): Json =>
  components.ref("schemas", "ProblemDocument", () => ({
    type: "object",
    description: "RFC 9457.",
    properties: {
      type: { type: "string", format: "uri-reference", examples: ["/problems/validation_failed"] },
      title: { type: "string" },
      status: { type: "integer", examples: [422] },
      requestId: { type: "string" },
      details: { type: "object", additionalProperties: true },
      errors: issuesSchema(components),
    },
    required: ["type", "title", "status", "requestId"],
  }));

/** What became of one item of a batch. */
export const verdictSchema = (components: Components): Json =>
  components.ref("schemas", "BatchVerdict", () => ({
    type: "object",
    properties: {
      success: { type: "boolean" },
      status: { type: "integer", examples: [201] },
      data: { description: "What the call answered; of a refused one, the fields that were wrong." },
      error: errorSchema(components),
      replayed: { const: true, description: "An earlier answer was given again." },
    },
    required: ["success", "status"],
  }));

/** One verdict per item, in order. */
export const verdictsSchema = (components: Components): Json =>
  components.ref("schemas", "BatchAnswer", () =>
    success({ type: "array", items: verdictSchema(components), maxItems: batchItemsMax }),
  );
