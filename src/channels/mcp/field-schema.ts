/**
 * Fields as models read them: the contract's schema without what only takes up room. Forms that a standard fixes are told by a word in place of a pattern, and
 * bounds that are only those of JSON's numbers are left out; what is sent is checked in any case.
 */
import { fieldSchema, type JsonSchema, type SchemaOptions } from "../../contract/json-schema.ts";
import type { Field, Fields, TextOptions } from "../../define/field.ts";

/** What is said of a field that says nothing of itself. */
const standards: Partial<Record<Field["kind"], string>> = {
  money: "Minor units.",
  decimal: "Exact decimal.",
  duration: "ISO 8601 duration.",
  phone: "E.164.",
  currency: "ISO 4217 code.",
  country: "ISO 3166-1 alpha-2 code.",
  language: "BCP 47 tag.",
  binary: "Base64.",
};

const isBound = (value: unknown): boolean => value !== Number.MAX_SAFE_INTEGER && value !== Number.MIN_SAFE_INTEGER;

/** A few words on a field; undefined: none. */
export const wordsOn = (field: Field): string | undefined => field.options.doc ?? standards[field.kind];

type Draft = Record<string, unknown>;

const properties = (fields: Fields, options: SchemaOptions): Draft =>
  Object.fromEntries(Object.entries(fields).map(([name, inner]) => [name, compactField(inner, options)]));

/** The schema of one field of an input. */
export const compactField = (field: Field, options: SchemaOptions): JsonSchema => {
  const {
    examples: _examples,
    description: _description,
    readOnly: _readOnly,
    writeOnly: _writeOnly,
    contentEncoding: _contentEncoding,
    pattern,
    allOf: _allOf,
    minimum,
    maximum,
    maxLength,
    maxItems,
    ...rest
  } = fieldSchema(field, options);
  const { pattern: own, maxLength: ownLength } = field.options as TextOptions;
  const { maxItems: ownItems } = field.options as { readonly maxItems?: number };
  const words = wordsOn(field);
  return {
    ...rest,
    ...(own === undefined ? {} : { pattern: pattern ?? `^(?:${own})$` }),
    ...(minimum !== undefined && isBound(minimum) ? { minimum } : {}),
    ...(maximum !== undefined && isBound(maximum) ? { maximum } : {}),
    ...(ownLength === undefined ? {} : { maxLength }),
    ...(ownItems === undefined ? {} : { maxItems }),
    ...(field.fields === undefined ? {} : { properties: properties(field.fields, options) }),
    ...(field.item === undefined ? {} : { items: compactField(field.item, { ...options, partial: false }) }),
    ...(words === undefined ? {} : { description: words }),
  };
};

/** The types of a field's values in answers, as JSON Schema names them. */
export const typesOf = (field: Field): readonly unknown[] => {
  const { mask: _mask, ...options } = field.options;
  return [fieldSchema({ ...field, options }, { direction: "output" })["type"] ?? []].flat();
};
