/**
 * What a tool answers, as JSON Schema 2020-12. Looser than the contract's own schema, so that every answer conforms to it: a policy may hide any value
 * behind a text or leave it out, a caller may choose fields, and a reference may be the row it leads to.
 */
import type { Operation } from "../../contract/contract.ts";
import type { Field, Fields } from "../../define/field.ts";
import type { Measure, Statistic } from "../../define/resource.ts";
import { isWriteOnly, type JsonSchema } from "../../contract/json-schema.ts";
import { typesOf, wordsOn } from "./field-schema.ts";

/** A value that may be hidden behind a text. */
const typed = (types: readonly unknown[]): unknown[] => [...new Set([...types, "string", "null"])];

/** `says`: with a few words on each field. Of a resource's rows they stand at its list. */
interface Options {
  readonly says: boolean;
}

const fieldOutput = (field: Field, options: Options): JsonSchema => {
  const words = options.says ? wordsOn(field) : undefined;
  return {
    type: typed([...typesOf(field), ...(field.target === undefined ? [] : ["object"])]),
    ...(words === undefined ? {} : { description: words }),
    ...(field.fields === undefined ? {} : { properties: fieldsOutput(field.fields, options) }),
    ...(field.item === undefined ? {} : { items: fieldOutput(field.item, options) }),
  };
};

const fieldsOutput = (fields: Fields, options: Options): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => !isWriteOnly(field))
      .map(([name, field]) => [name, fieldOutput(field, options)]),
  );

const objectOf = (fields: Fields, options: Options): JsonSchema => ({
  type: ["object", "null"],
  properties: fieldsOutput(fields, options),
});

const measureOutput = (measure: Measure): JsonSchema =>
  measure.kind === "count" || measure.kind === "countDistinct"
    ? { type: typed(["integer"]) }
    : { type: typed(["integer", "number", "boolean"]), description: `${measure.kind} of ${measure.field}.` };

const statisticOutput = ({ group = [], measures }: Statistic, fields: Fields): JsonSchema => {
  const grouped = group.map((by): [string, JsonSchema] => {
    if (typeof by !== "string") return [by.part, { type: typed([]), description: `The ${by.part} of ${by.by}, UTC.` }];
    const field = fields[by];
    return [by, field === undefined ? {} : fieldOutput(field, { says: false })];
  });
  const measured = Object.entries(measures).map(([name, measure]): [string, JsonSchema] => [name, measureOutput(measure)]);
  return { type: "object", properties: Object.fromEntries([...grouped, ...measured]) };
};

const dataOf = ({ output, resource }: Operation): JsonSchema => {
  const row: JsonSchema = resource === undefined ? {} : objectOf(resource.fields, { says: false });
  switch (output.kind) {
    case "row":
      return row;
    case "rows":
      return { type: ["array", "null"], items: row };
    case "count":
      return { type: typed(["integer"]) };
    case "value":
      return measureOutput(output.measure);
    case "stats":
      return { type: ["array", "null"], items: statisticOutput(output.statistic, resource?.fields ?? {}) };
    case "fields":
      return objectOf(output.fields, { says: true });
    case "document":
      return {
        type: ["object", "null"],
        description: `A file: ${output.mediaTypes.join(", ")}.`,
        properties: {
          mediaType: { type: "string" },
          filename: { type: "string" },
          encoding: { enum: ["text", "base64"] },
          content: { type: "string" },
        },
      };
    case "none":
      return { type: "null" };
  }
};

const isList = ({ output }: Operation): boolean => output.kind === "rows" || output.kind === "stats";

/** The schema of `structuredContent`: `data`, or in its place what is wrong, or what has to be confirmed. */
export const outputSchema = (operation: Operation, { asks }: { readonly asks: boolean }): JsonSchema => ({
  type: "object",
  properties: {
    data: dataOf(operation),
    ...(isList(operation)
      ? { pagination: { type: "object", description: "Where the list stands; `nextCursor` continues it." } }
      : {}),
    ...(operation.kind === "command" ? { replayed: { type: "boolean", description: "An earlier answer was given again." } } : {}),
    error: {
      type: "object",
      description: "Why it was refused: `type`, `message`, and `fields`, what is wrong with single values.",
    },
    ...(asks
      ? {
          confirmation: { type: "object", description: "Nothing was done yet: what would be, and the `token` that confirms it." },
        }
      : {}),
  },
});
