/**
 * Compiles one field into its reader, and the readers of single values: path segments and filters.
 */
import type { Value } from "../../define/expression.ts";
import type { ArrayOptions, Field, Fields, TextOptions } from "../../define/field.ts";
import { arrayItemsMax, decimalScaleMax, stringLengthMax, textLengthMax } from "../../define/forms.ts";
import type { Issue } from "../issue.ts";
import { readBinary, readJson } from "./json.ts";
import { readDecimal, readInteger, readMoney } from "./numbers.ts";
import { checkPattern } from "../../define/pattern.ts";
import { type Found, issuesMax, type Read, Refused, refused, wrongType } from "./refused.ts";
import { compileRow } from "./row.ts";
import {
  readCountry,
  readCurrency,
  readEmail,
  readEnum,
  readId,
  readLanguage,
  readPhone,
  readRef,
  readString,
  readUrl,
} from "./strings.ts";
import { readDate, readDateTime, readDuration } from "./times.ts";

const noBoolean = wrongType("boolean");
const noList = wrongType("list");
const required = refused("required");

/** In text also `1` and `0`, as XML Schema writes booleans. */
const readBoolean: Read = (value, text) => {
  if (typeof value === "boolean") return value;
  if (!text) return noBoolean;
  if (value === "true" || value === "1") return true;
  return value === "false" || value === "0" ? false : noBoolean;
};

/** A list; in text a single value is a list of one and an empty string the empty list. */
const readArray = (item: Field, options: ArrayOptions): Read => {
  const min = options.minItems ?? 0;
  const max = options.maxItems ?? arrayItemsMax;
  const tooFew = refused("too_few", { min });
  const tooMany = refused("too_many", { max });
  const read = compileNullable(item);
  return (value, text) => {
    const list: readonly unknown[] | undefined = Array.isArray(value) ? value : text ? (value === "" ? [] : [value]) : undefined;
    if (list === undefined) return noList;
    if (list.length > max) return tooMany;
    if (list.length < min) return list.length === 0 ? required : tooFew;
    const values: Value[] = [];
    let found: Found[] | undefined;
    for (let index = 0; index < list.length; index++) {
      const one = read(list[index], text);
      if (!(one instanceof Refused)) {
        values.push(one);
        continue;
      }
      found ??= [];
      for (const [path, issue] of one.found) found.push([path === "" ? String(index) : `${index}.${path}`, issue]);
      if (found.length >= issuesMax) break;
    }
    return found === undefined ? values : new Refused(found);
  };
};

/** An object: all its fields as on a create, none unknown. */
const readObject = (fields: Fields): Read => {
  const needed = Object.entries(fields).filter(([, { options }]) => options.optional !== true && options.default === undefined);
  const required = new Set(needed.map(([name]) => name));
  return compileRow(fields, { required, partial: false, defaults: true, unknown: "refuse" }, compileRead);
};

/** The reader of a field's values other than null. Throws `TypeError` when the field's definition cannot be compiled. */
export const compileRead = (field: Field): Read => {
  const options = field.options as object;
  const text = options as TextOptions;
  if (text.pattern !== undefined) {
    const flaw = checkPattern(text.pattern);
    if (flaw !== undefined) throw new TypeError(`pattern ${JSON.stringify(text.pattern)}: ${flaw}`);
  }
  switch (field.kind) {
    case "id":
      return readId(field.prefix ?? "", field.client === true);
    case "ref":
      return readRef;
    case "string":
      return readString(text, { lines: false, lengthMax: stringLengthMax });
    case "text":
      return readString(text, { lines: true, lengthMax: textLengthMax });
    case "integer":
      return readInteger(options);
    case "money":
      return readMoney(options);
    case "decimal":
      return readDecimal(options);
    case "boolean":
      return readBoolean;
    case "enum":
      return readEnum(field.values ?? []);
    case "date":
      return readDate(options);
    case "dateTime":
      return readDateTime;
    case "duration":
      return readDuration;
    case "email":
      return readEmail(text);
    case "url":
      return readUrl(text);
    case "phone":
      return readPhone(text);
    case "currency":
      return readCurrency;
    case "country":
      return readCountry;
    case "language":
      return readLanguage;
    case "json":
      return readJson;
    case "object":
      return readObject(field.fields ?? {});
    case "array":
      if (field.item === undefined) throw new TypeError("an array needs the field of its items");
      return readArray(field.item, options);
    case "binary":
      return readBinary(options);
  }
};

/** The reader of a field's values with null, which only an optional field may have. */
const compileNullable = (field: Field): Read => {
  const read = compileRead(field);
  const none = field.options.optional === true ? null : required;
  return (value, text) => (value === null || value === undefined ? none : read(value, text));
};

/** Options that bound a field's values but not what one may ask about it: `balance >= -5` is a fair question about a field with `min: 0`. */
const unbounded = (field: Field): Field => {
  const { min: _min, max: _max, minLength: _minLength, pattern: _pattern, ...options } = field.options as Record<string, unknown>;
  return { ...field, options: field.kind === "decimal" ? { ...options, scale: decimalScaleMax } : options };
};

/**
 * The reader of one value that is compared with a field or names a row: a filter's or a path's. Type and form are checked; the field's own range,
 * scale, least length and pattern are not. `part`: the value is part of one (`contains`, `startsWith`), so only a string is asked for.
 */
export const compileValue = (
  field: Field,
  use: "whole" | "part" = "whole",
): ((
  value: unknown,
  text: boolean,
) => { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly issue: Issue }) => {
  const read =
    use === "part"
      ? readString({ minLength: 1 }, { lines: true, lengthMax: stringLengthMax })
      : compileNullable(unbounded(field));
  return (given, text) => {
    const value = read(given, text);
    if (!(value instanceof Refused)) return { ok: true, value };
    return { ok: false, issue: value.found[0]?.[1] ?? { code: "wrong_type" } };
  };
};
