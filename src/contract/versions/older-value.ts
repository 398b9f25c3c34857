/**
 * Values of fields that an older version has and the newest has not, or has in another type. They never reach the newest version's checks, so they
 * are checked here, by the JSON Schema that the older version's documents show, and handed on in the form JSON has for them: money as a number up
 * to 2^53−1 and a string of digits beyond, decimals as strings, bytes as base64.
 *
 * `write`: the value must be within the field's bounds. `compare` (a filter's): only of its type and form.
 */
import Schema from "typebox/schema";
import type { Field } from "../../define/field.ts";
import { fieldSchema, type JsonSchema } from "../json-schema.ts";
import type { Issue } from "./wire.ts";

export interface ReadOptions {
  /** Numbers and booleans may come as strings: XML, CSV, query strings. */
  readonly text: boolean;
  readonly use: "write" | "compare";
}

/** Path within the value ("" for the value itself) and what is wrong there. */
export type Found = readonly [path: string, issue: Issue];

export type ReadValue = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly found: readonly Found[] };

const foundMax = 100;
const wholeNumber = /^-?(?:0|[1-9][0-9]{0,18})$/;

const integerOf = (value: unknown, text: boolean): unknown => {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (!text || typeof value !== "string" || !wholeNumber.test(value)) return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
};

/** The value in the form JSON has for it, as far as it has one. */
const inJson = (field: Field, value: unknown, text: boolean): unknown => {
  switch (field.kind) {
    case "integer":
    case "money":
      return integerOf(value, text);
    case "decimal":
      return typeof value === "number" || typeof value === "bigint" ? String(value) : value;
    case "boolean":
      return text && (value === "true" || value === "false") ? value === "true" : value;
    case "binary":
      return value instanceof Uint8Array ? value.toBase64() : value;
    case "array":
      return Array.isArray(value) && field.item !== undefined
        ? value.map((item: unknown) => inJson(field.item as Field, item, text))
        : value;
    case "object": {
      if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) return value;
      const entries = Object.entries(value).map(([name, part]: [string, unknown]) => {
        const own = field.fields !== undefined && Object.hasOwn(field.fields, name) ? field.fields[name] : undefined;
        return [name, own === undefined ? part : inJson(own, part, text)] as const;
      });
      return Object.fromEntries(entries);
    }
    default:
      return value;
  }
};

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const words: Readonly<Record<string, string>> = {
  array: "list",
  number: "number",
  integer: "integer",
  boolean: "boolean",
  object: "object",
};

/** Kinds that have a name for their form; the others are told by their pattern. */
const formats: ReadonlySet<string> = new Set([
  "id",
  "date",
  "dateTime",
  "duration",
  "email",
  "url",
  "phone",
  "currency",
  "country",
  "language",
  "decimal",
  "money",
]);

const limited = (code: string, name: string, { limit }: SchemaError["params"]): Issue => ({
  code,
  params: { [name]: Number(limit) },
});

/** A schema's error in the words of the platform's issues. */
const issueOf = ({ keyword, params }: SchemaError, field: Field): Issue => {
  switch (keyword) {
    case "type": {
      const [type] = [params["type"]].flat();
      return { code: "wrong_type", params: { expected: words[String(type)] ?? "string" } };
    }
    case "minimum":
    case "exclusiveMinimum":
      return limited("too_small", "min", params);
    case "maximum":
    case "exclusiveMaximum":
      return limited("too_large", "max", params);
    case "minLength":
      return limited("too_short", "min", params);
    case "maxLength":
      return limited("too_long", "max", params);
    case "minItems":
      return limited("too_few", "min", params);
    case "maxItems":
      return limited("too_many", "max", params);
    case "enum":
      return { code: "not_in_list", params: { values: (field.values ?? []).join(", ") } };
    case "required":
      return { code: "required" };
    case "boolean":
    case "additionalProperties":
      return { code: "unknown_field" };
    default:
      return {
        code: "bad_format",
        params: {
          format: formats.has(field.kind)
            ? field.kind
            : field.kind === "ref"
              ? "reference"
              : field.kind === "binary"
                ? "base64"
                : "pattern",
        },
      };
  }
};

const foundIn = (errors: readonly SchemaError[], field: Field): Found[] => {
  const found = new Map<string, Issue>();
  for (const error of errors.slice(0, foundMax)) {
    const path = error.instancePath.slice(1).replaceAll("/", ".");
    if (!found.has(path)) found.set(path, issueOf(error, path === "" ? field : (field.fields?.[path] ?? field.item ?? field)));
  }
  return found.size === 0 ? [["", { code: "bad_format", params: { format: "pattern" } }]] : [...found];
};

type Validator = ReturnType<typeof Schema.Compile>;

/** Compiled when first needed. */
const validators = { write: new WeakMap<Field, Validator>(), compare: new WeakMap<Field, Validator>() };

const validatorOf = (field: Field, use: ReadOptions["use"]): Validator => {
  const known = validators[use].get(field);
  if (known !== undefined) return known;
  const schema: JsonSchema = fieldSchema(use === "write" ? field : { ...field, options: {} }, { direction: "input" });
  const validator = Schema.Compile(schema);
  validators[use].set(field, validator);
  return validator;
};

/** Checks one value of an older field; it is not null. Never throws. */
export const readOlder = (field: Field, value: unknown, options: ReadOptions): ReadValue => {
  const json = inJson(field, value, options.text);
  const validator = validatorOf(field, options.use);
  if (validator.Check(json)) return { ok: true, value: json };
  const [, errors] = validator.Errors(json);
  return { ok: false, found: foundIn(errors, field) };
};
