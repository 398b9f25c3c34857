/**
 * Fields → JSON Schema 2020-12, as OpenAPI 3.1 and 3.2, MCP and forms use it.
 *
 *   fieldsSchema({ name: t.string({ doc: "Full name." }), born: t.date({ optional: true }) }, { direction: "input", required: new Set(["name"]) })
 *     → { type: "object",
 *         properties: { name: { type: "string", maxLength: 255, description: "Full name.", examples: ["Name"] },
 *                       born: { type: ["string", "null"], format: "date", examples: ["2026-01-31"] } },
 *         required: ["name"], additionalProperties: false }
 *
 * `input` is what a caller may send, `output` what is answered: no unknown fields in input; in output all fields, those that not everyone may read
 * not required, and no word on further fields, which a later release may add.
 *
 * The schema accepts what the acceptor accepts (src/pipeline/accept), but for what JSON Schema cannot say; `json-schema.test.ts` has the list, one case
 * each: characters that strings may not hold; the range of money and decimals written as strings; digits of decimals written as numbers; first and last
 * dates; the lists of currencies, countries and languages (too long to repeat at every field); what the URL parser refuses; bounds of free JSON; unused
 * bits of base64. A validator that asserts `format: email` refuses a few addresses that the WHATWG rule takes.
 */
import type { ArrayOptions, DecimalOptions, Field, Fields, IntegerOptions, MoneyOptions, TextOptions } from "../define/field.ts";
import {
  arrayItemsMax,
  base64LengthOf,
  base64Pattern,
  binaryBytesMax,
  countryPattern,
  currencyPattern,
  dateTimePattern,
  decimalDigitsMax,
  decimalPattern,
  decimalScaleDefault,
  durationPattern,
  emailLengthMax,
  emailPattern,
  idPattern,
  languageLengthMax,
  languagePattern,
  moneyPattern,
  phonePattern,
  refPattern,
  stringLengthMax,
  textLengthMax,
  urlLengthMax,
  urlPattern,
  uuidPattern,
} from "../define/forms.ts";
import { type ExampleOptions, exampleOf, wireDefault } from "./example.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

/** What a caller may send, or what is answered. */
export type Direction = "input" | "output";

export interface SchemaOptions extends ExampleOptions {
  readonly direction: Direction;
  /** Input of a merge patch (RFC 7396): objects within it are patches too, so nothing in them must be given. Items of lists are whole. */
  readonly partial?: boolean;
}

export interface FieldsSchemaOptions extends SchemaOptions {
  /** Names that must be given; in output every field that everyone may read, unless said otherwise. */
  readonly required?: ReadonlySet<string>;
}

const safeMin = Number.MIN_SAFE_INTEGER;
const safeMax = Number.MAX_SAFE_INTEGER;

const clamp = (bound: bigint | undefined, otherwise: number): number => {
  if (bound === undefined) return otherwise;
  if (bound > BigInt(safeMax)) return safeMax;
  return bound < BigInt(safeMin) ? safeMin : Number(bound);
};

/** Length and pattern of a string kind; the standard's form and the field's own pattern both have to hold. */
const stringSchema = (field: Field, lengthMax: number, more: JsonSchema = {}): JsonSchema => {
  const { minLength = 0, maxLength = lengthMax, pattern } = field.options as TextOptions;
  const own = pattern === undefined ? undefined : `^(?:${pattern})$`;
  return {
    type: "string",
    ...(minLength > 0 ? { minLength } : {}),
    maxLength,
    ...(own === undefined ? {} : more["pattern"] === undefined ? { pattern: own } : { allOf: [{ pattern: own }] }),
    ...more,
  };
};

const integerSchema = (options: IntegerOptions): JsonSchema => ({
  type: "integer",
  minimum: options.min ?? safeMin,
  maximum: options.max ?? safeMax,
});

/** `minimum` and `maximum` hold for numbers, the pattern for strings: JSON Schema applies each only to its own type. */
const moneySchema = (options: MoneyOptions): JsonSchema => ({
  type: ["integer", "string"],
  minimum: clamp(options.min, safeMin),
  maximum: clamp(options.max, safeMax),
  pattern: moneyPattern,
});

const decimalSchema = (options: DecimalOptions, direction: Direction): JsonSchema => {
  const pattern = decimalPattern(options.scale ?? decimalScaleDefault);
  if (direction === "output") return { type: "string", pattern };
  const greatest = 10 ** decimalDigitsMax;
  return {
    type: ["string", "number"],
    pattern,
    ...(options.min === undefined ? { exclusiveMinimum: -greatest } : { minimum: Number(options.min) }),
    ...(options.max === undefined ? { exclusiveMaximum: greatest } : { maximum: Number(options.max) }),
  };
};

const arraySchema = (field: Field, options: SchemaOptions): JsonSchema => {
  const { minItems = 0, maxItems = arrayItemsMax } = field.options as ArrayOptions;
  return {
    type: "array",
    items: field.item === undefined ? true : fieldSchema(field.item, { ...options, asItem: true }),
    ...(minItems > 0 ? { minItems } : {}),
    maxItems,
  };
};

/** Fields of an object that must be there: neither optional nor with a default. */
const neededOf = (fields: Fields): ReadonlySet<string> =>
  new Set(
    Object.keys(fields).filter((name) => fields[name]?.options.optional !== true && fields[name]?.options.default === undefined),
  );

const nothing: ReadonlySet<string> = new Set();

const objectSchema = (fields: Fields, options: SchemaOptions): JsonSchema =>
  fieldsSchema(fields, {
    ...options,
    ...(options.direction === "input" ? { required: options.partial === true ? nothing : neededOf(fields) } : {}),
  });

const kindSchema = (field: Field, options: SchemaOptions): JsonSchema => {
  const { direction } = options;
  switch (field.kind) {
    case "id":
      return field.client === true
        ? { type: "string", pattern: `${idPattern(field.prefix ?? "")}|${uuidPattern}` }
        : { type: "string", pattern: idPattern(field.prefix ?? "") };
    case "ref":
      return { type: "string", pattern: refPattern };
    case "string":
      return stringSchema(field, stringLengthMax);
    case "text":
      return stringSchema(field, textLengthMax);
    case "integer":
      return integerSchema(field.options as IntegerOptions);
    case "money":
      return moneySchema(field.options as MoneyOptions);
    case "decimal":
      return decimalSchema(field.options as DecimalOptions, direction);
    case "boolean":
      return { type: "boolean" };
    case "enum":
      return { type: "string", enum: field.values ?? [] };
    case "date":
      return { type: "string", format: "date" };
    case "dateTime":
      return { type: "string", format: "date-time", ...(direction === "input" ? { pattern: dateTimePattern } : {}) };
    case "duration":
      // No `format: duration`: its grammar (RFC 3339, appendix A) has neither fractions nor `P1Y1D`, which ISO 8601 has.
      return { type: "string", pattern: durationPattern };
    case "email":
      return stringSchema(field, emailLengthMax, { format: "email", pattern: emailPattern });
    case "url":
      return stringSchema(field, urlLengthMax, { format: "uri", pattern: urlPattern });
    case "phone":
      return stringSchema(field, stringLengthMax, { pattern: phonePattern });
    case "currency":
      return { type: "string", pattern: currencyPattern };
    case "country":
      return { type: "string", pattern: countryPattern };
    case "language":
      return { type: "string", maxLength: languageLengthMax, pattern: languagePattern };
    case "json":
      return { type: ["object", "array", "string", "number", "boolean"] };
    case "object":
      return objectSchema(field.fields ?? {}, options);
    case "array":
      return arraySchema(field, { ...options, partial: false });
    case "binary": {
      const { maxBytes = binaryBytesMax } = field.options as { readonly maxBytes?: number };
      return { type: "string", contentEncoding: "base64", pattern: base64Pattern, maxLength: base64LengthOf(maxBytes) };
    }
  }
};

/** The same with null. */
const orNull = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  type: [schema["type"], "null"].flat(),
  ...(Array.isArray(schema["enum"]) ? { enum: [...(schema["enum"] as readonly unknown[]), null] } : {}),
});

/** What is said of kinds whose form has a name of its own. */
const standards: Partial<Record<Field["kind"], string>> = {
  money: "Whole minor units of the currency; a string of digits beyond 2^53−1.",
  decimal: "An exact decimal number.",
  duration: "ISO 8601 duration.",
  phone: "E.164 telephone number.",
  currency: "ISO 4217 code.",
  country: "ISO 3166-1 alpha-2 code.",
  language: "BCP 47 language tag.",
  binary: "Base64.",
};

const maskNotes = {
  last4: "Who may not read it sees only the last four characters, after “••••”.",
  hidden: "Who may not read it sees “••••”.",
  email: "Who may not read it sees only its first letter and the domain.",
} as const;

const descriptionOf = (field: Field, direction: Direction): JsonSchema => {
  const { doc, mask } = field.options;
  const standard = standards[field.kind];
  const parts = [doc, standard, direction === "output" && mask !== undefined ? maskNotes[mask] : undefined];
  const description = parts.filter((part) => part !== undefined).join(" ");
  return description === "" ? {} : { description };
};

/** Whether callers never write it. */
const isReadOnly = (field: Field): boolean =>
  field.options.set !== undefined || field.options.write === "never" || (field.kind === "id" && field.client !== true);

/** Whether nobody ever reads it. */
export const isWriteOnly = (field: Field): boolean => field.options.read?.length === 0 && field.options.mask === undefined;

/** Schema of one field. `asItem`: of a list's items, which have no example of their own. */
export const fieldSchema = (field: Field, options: SchemaOptions & { readonly asItem?: boolean }): JsonSchema => {
  const plain = kindSchema(field, options);
  const schema = field.options.optional === true ? orNull(plain) : plain;
  const masked = options.direction === "output" && field.options.mask !== undefined;
  const fallback = options.direction === "input" ? wireDefault(field) : undefined;
  const isContainer = field.kind === "object" || field.kind === "array";
  const example =
    options.asItem === true || (isContainer && field.options.example === undefined) ? undefined : exampleOf(field, options);
  return {
    ...(masked ? { anyOf: [schema, { type: "string" }] } : schema),
    ...descriptionOf(field, options.direction),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(isReadOnly(field) && options.asItem !== true && options.direction === "output" ? { readOnly: true } : {}),
    ...(isWriteOnly(field) && options.direction === "input" ? { writeOnly: true } : {}),
    ...(example === undefined ? {} : { examples: [example] }),
  };
};

/** Schema of an object with these fields. */
export const fieldsSchema = (fields: Fields, options: FieldsSchemaOptions): JsonSchema => {
  const { direction, required } = options;
  const shown = Object.entries(fields).filter(([, field]) => direction === "input" || !isWriteOnly(field));
  const properties = Object.fromEntries(shown.map(([name, field]) => [name, fieldSchema(field, { ...options, name })]));
  const needed = shown.flatMap(
    ([
      name,
      {
        options: { read, mask },
      },
    ]) =>
      (required === undefined ? direction === "output" && (read === undefined || mask !== undefined) : required.has(name))
        ? [name]
        : [],
  );
  return {
    type: "object",
    properties,
    ...(needed.length === 0 ? {} : { required: needed }),
    ...(direction === "input" ? { additionalProperties: false } : {}),
  };
};

export { type ExampleOptions, exampleOf, examplesOf } from "./example.ts";
