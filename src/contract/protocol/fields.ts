/** Fields as rows of a table: name, type in words, whether it must be given or may be empty, what it means. */
import type { Field, Fields } from "../../define/field.ts";

const code = (text: string): string => `\`${text}\``;

const words: Readonly<Partial<Record<Field["kind"], string>>> = {
  id: "id",
  string: "text, one line",
  text: "text",
  integer: "whole number",
  money: "money, smallest units",
  decimal: "decimal number, as text",
  boolean: "true or false",
  date: "date, 2026-01-31",
  dateTime: "moment, RFC 3339",
  duration: "duration, ISO 8601",
  email: "e-mail address",
  url: "http or https address",
  phone: "telephone number, E.164",
  currency: "currency, ISO 4217",
  country: "country, ISO 3166-1",
  language: "language, BCP 47",
  json: "any JSON",
  binary: "bytes, base64",
};

type Bound = string | number | bigint | undefined;

const digits = /^-?[0-9]{5,}$/;
const separated = new Intl.NumberFormat("en");

/** 100000 → "100,000". */
const shown = (bound: Bound): string => {
  const text = String(bound);
  return digits.test(text) ? separated.format(BigInt(text)) : text;
};

const characters = (min: Bound, max: Bound): string => {
  if (min !== undefined && max !== undefined) return `${shown(min)} to ${shown(max)} characters`;
  return min !== undefined ? `at least ${shown(min)} characters` : `up to ${shown(max)} characters`;
};

const boundsOf = ({ options }: Field): string => {
  const { min, max, minLength, maxLength, scale } = options as Readonly<Record<string, Bound>>;
  const parts = [
    ...(min === undefined ? [] : [`at least ${shown(min)}`]),
    ...(max === undefined ? [] : [`at most ${shown(max)}`]),
    ...(minLength === undefined && maxLength === undefined ? [] : [characters(minLength, maxLength)]),
    ...(scale === undefined ? [] : [`${String(scale)} decimals`]),
  ];
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
};

const typeText = (field: Field): string => {
  switch (field.kind) {
    case "ref":
      return `id of ${code(field.target ?? "")}`;
    case "enum":
      return `one of ${(field.values ?? []).map(code).join(", ")}`;
    case "array":
      return `list of: ${field.item === undefined ? "" : typeText(field.item)}`;
    case "object":
      return "object";
    default:
      return `${words[field.kind] ?? field.kind}${boundsOf(field)}`;
  }
};

const defaultText = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "bigint" ? String(value) : JSON.stringify(value);

const meaningOf = ({ options }: Field): string => {
  const { doc, read, mask, write } = options;
  const standard: unknown = options.default;
  const notes = [
    ...(typeof doc === "string" ? [doc] : []),
    ...(standard === undefined || typeof standard === "function" ? [] : [`Default: ${code(defaultText(standard))}.`]),
    ...(Array.isArray(read)
      ? [`Shown ${mask === undefined ? "only" : "in full only"} to ${read.map((role) => code(String(role))).join(", ")}.`]
      : []),
    ...(write === "never" ? ["Set by the server."] : write === "create" ? ["Fixed once created."] : []),
  ];
  return notes.join(" ");
};

export interface FieldRowOptions {
  /** Fields of an input that must be given. */
  readonly required?: ReadonlySet<string>;
  /** A row: the third column says whether it may be empty. */
  readonly isRow?: boolean;
}

/** Rows of a table of fields; those within objects follow with dotted names. */
export const fieldRows = (
  fields: Fields,
  { required, isRow = false }: FieldRowOptions = {},
  prefix = "",
): readonly (readonly string[])[] =>
  Object.entries(fields).flatMap(([name, field]) => {
    const isOptional = field.options.optional === true;
    const isNeeded = required === undefined ? !isOptional && field.options.default === undefined : required.has(name);
    const third = isRow ? (isOptional ? "yes" : "no") : isNeeded ? "yes" : "no";
    const inner = field.fields ?? field.item?.fields;
    const below = field.kind === "array" ? `${prefix}${name}[].` : `${prefix}${name}.`;
    return [
      [code(`${prefix}${name}`), typeText(field), third, meaningOf(field)],
      ...(inner === undefined ? [] : fieldRows(inner, isRow ? { isRow } : {}, below)),
    ];
  });
