/** Values of fields in answers: which type a field has, and how the value that the pipeline presents becomes one of it. */
import { GraphQLBoolean, GraphQLID, type GraphQLScalarType, GraphQLString } from "graphql";
import type { Field, FieldKind } from "../../../define/field.ts";
import type { Convert } from "./meta.ts";
import { Bytes, DateOnly, DateTime, Decimal, Duration, Integer, Json, Money } from "./scalars.ts";

const scalars: Readonly<Record<Exclude<FieldKind, "enum" | "object" | "array">, GraphQLScalarType>> = {
  id: GraphQLID,
  ref: GraphQLID,
  string: GraphQLString,
  text: GraphQLString,
  integer: Integer,
  money: Money,
  decimal: Decimal,
  boolean: GraphQLBoolean,
  date: DateOnly,
  dateTime: DateTime,
  duration: Duration,
  email: GraphQLString,
  url: GraphQLString,
  phone: GraphQLString,
  currency: GraphQLString,
  country: GraphQLString,
  language: GraphQLString,
  json: Json,
  binary: Bytes,
};

/** The scalar of a field that is neither an enum nor made of other fields. */
export const scalarOf = ({ kind }: Field): GraphQLScalarType | undefined =>
  kind === "enum" || kind === "object" || kind === "array" ? undefined : scalars[kind];

const digits = /^-?\d+$/;
const decimalForm = /^-?\d+(?:\.\d+)?$/;

export const integerText: Convert = (value) => {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" && digits.test(value) ? value : undefined;
};
const number: Convert = (value) => (typeof value === "number" ? value : undefined);
const decimal: Convert = (value) => {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && decimalForm.test(value) ? value : undefined;
};
const truth: Convert = (value) => (typeof value === "boolean" ? value : undefined);
/** What begins like a moment, a day or a duration: no mask does. */
const time: Convert = (value) => (typeof value === "string" && /^[-+P\d]/.test(value) ? value : undefined);
const base64: Convert = (value) => (typeof value === "string" && /^[A-Za-z0-9+/=]*$/.test(value) ? value : undefined);

const converts: Partial<Record<FieldKind, Convert>> = {
  integer: number,
  money: integerText,
  decimal,
  boolean: truth,
  date: time,
  dateTime: time,
  duration: time,
  binary: base64,
};

const each =
  (one: Convert): Convert =>
  (value) =>
    Array.isArray(value) ? value.map((item: unknown) => (item === null ? null : (one(item) ?? null))) : undefined;

/** How a field's values are written; `undefined`: as they are. A mask, which is text, is no value of the other kinds. */
export const convertOf = (field: Field, enumConvert: Convert | undefined): Convert | undefined => {
  if (field.kind === "enum") return enumConvert;
  if (field.kind !== "array" || field.item === undefined) return converts[field.kind];
  const one = convertOf(field.item, enumConvert);
  return one === undefined ? undefined : each(one);
};
