/** Single values on the wire: which type of XML Schema a kind of field has, and how its texts become what the contract reads. */
import type { DecimalOptions, Field, IntegerOptions } from "../../define/field.ts";
import { decimalScaleDefault } from "../../define/forms.ts";
import type { SoapType } from "../../define/soap.ts";
import { parseDecimal, plain, rounded, shifted } from "./decimal-text.ts";
import type { SimpleType } from "./model.ts";

/** White space of XML at both ends counts in no type but strings (XML Schema part 2, section 4.3.6). */
export const collapsed = (text: string): string => {
  let start = 0;
  let end = text.length;
  const isSpace = (at: number): boolean => {
    const code = text.charCodeAt(at);
    return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
  };
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
};

const asText = (value: unknown): string => (typeof value === "string" ? value : String(value));

const same = (text: string): string => text;

/** `+007` → `7`: what the contract takes is stricter than XML Schema. */
const readNumber = (text: string): string => {
  const given = collapsed(text);
  // The usual case first.
  if (/^(?:0|-?[1-9][0-9]{0,17})$/.test(given)) return given;
  if (/[eE]/.test(given)) return given;
  const number = parseDecimal(given);
  return number === undefined ? given : plain(number);
};

/** A day; an offset, which XML Schema allows and no field has, does not count. */
const readDate = (text: string): string => {
  const given = collapsed(text);
  return given.length > 10 && /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(given) ? given.slice(0, 10) : given;
};

/** XML Schema has no weeks. */
const writeDuration = (value: unknown): string =>
  asText(value).replace(/^P((?:[0-9]+[YM])*)([0-9]+)W(?:([0-9]+)D)?/, (_whole, before: string, weeks: string, days = "0") => {
    const total = BigInt(weeks) * 7n + BigInt(days as string);
    return `P${before}${total}D`;
  });

const simple = (base: SoapType, more: Partial<SimpleType> = {}): SimpleType => ({
  kind: "simple",
  base,
  isPlain: true,
  read: collapsed,
  write: asText,
  ...more,
});

const text = simple("string", { isPlain: false, read: same });
const boolean = simple("boolean");
const int = simple("int", { read: readNumber });
const long = simple("long", { read: readNumber });
const integer = simple("integer", { read: readNumber });
const date = simple("date", { read: readDate });
const moment = simple("dateTime");
const span = simple("duration", { write: writeDuration });
const bytes = simple("base64Binary", { read: (given) => given.replace(/[ \t\r\n]+/g, "") });
const number = simple("decimal", { read: readNumber });
const json = simple("string", {
  name: "Json",
  doc: "A JSON value (RFC 8259), as text.",
  isPlain: false,
  isJson: true,
  read: same,
  write: (value) => JSON.stringify(value),
});

/** Types that several places name. */
export const simpleTypes = { text, boolean, int, long, integer, date, moment, span, bytes, number, json } as const;

/** Types that a client's language has no null for. */
const valueBases: ReadonlySet<SoapType> = new Set([
  "boolean",
  "byte",
  "short",
  "int",
  "long",
  "decimal",
  "float",
  "double",
  "date",
  "dateTime",
]);

export const isValueType = ({ base }: SimpleType): boolean => valueBases.has(base);

/** What stands for null in a type that has none. */
export const zeroOf = ({ base }: SimpleType): string | undefined => {
  if (!valueBases.has(base)) return undefined;
  if (base === "boolean") return "false";
  if (base === "date") return "0001-01-01";
  return base === "dateTime" ? "0001-01-01T00:00:00" : "0";
};

const withoutOffset = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?$/;

/** Moments; `offset` is added to those without one. */
export const momentWith = (offset: string | undefined): SimpleType =>
  offset === undefined
    ? moment
    : simple("dateTime", {
        read: (given) => {
          const kept = collapsed(given);
          return withoutOffset.test(kept) ? kept + offset : kept;
        },
      });

const intMax = 2 ** 31 - 1;

const integerType = ({ min, max }: IntegerOptions): SimpleType =>
  min !== undefined && max !== undefined && min >= -intMax - 1 && max <= intMax ? int : long;

/** The type of a field's single values; undefined for objects and lists. Enumerations are named where they stand. */
export const simpleTypeOf = (field: Field, offset: string | undefined): SimpleType | undefined => {
  switch (field.kind) {
    case "integer":
      return integerType(field.options as IntegerOptions);
    case "money":
      return long;
    case "decimal":
      return number;
    case "boolean":
      return boolean;
    case "date":
      return date;
    case "dateTime":
      return momentWith(offset);
    case "duration":
      return span;
    case "binary":
      return bytes;
    case "json":
      return json;
    case "object":
    case "array":
      return undefined;
    default:
      return text;
  }
};

const wholeBases: ReadonlySet<SoapType> = new Set(["byte", "short", "int", "long", "integer"]);
const fractionBases: ReadonlySet<SoapType> = new Set(["decimal", "float", "double"]);
const numberKinds: ReadonlySet<Field["kind"]> = new Set(["integer", "money", "decimal"]);
const stringBases: ReadonlySet<SoapType> = new Set(["string", "anyURI"]);
const opaqueKinds: ReadonlySet<Field["kind"]> = new Set(["object", "array"]);

/** Bases that a kind of field may have, beside strings, which all may be. */
const basesOf: Partial<Record<Field["kind"], ReadonlySet<SoapType>>> = {
  boolean: new Set(["boolean"]),
  date: new Set(["date"]),
  dateTime: new Set(["dateTime"]),
  duration: new Set(["duration"]),
  binary: new Set(["base64Binary"]),
};

const mayBe = (field: Field, base: SoapType, scale: number): boolean => {
  if (opaqueKinds.has(field.kind) || field.kind === "json") return false;
  if (numberKinds.has(field.kind)) {
    if (wholeBases.has(base)) return scale === 0 && field.kind !== "decimal";
    return fractionBases.has(base) || (stringBases.has(base) && scale === 0);
  }
  if (scale !== 0) return false;
  return stringBases.has(base) || basesOf[field.kind]?.has(base) === true;
};

/** Digits after the point that a field keeps. */
const placesOf = (field: Field): number =>
  field.kind === "decimal" ? ((field.options as DecimalOptions).scale ?? decimalScaleDefault) : 0;

/** Numbers with digits after the point; `scale`: the field holds whole numbers of 1/10^scale. */
const fractionType = (field: Field, base: SoapType, scale: number): SimpleType => {
  const isBinary = base !== "decimal";
  const places = placesOf(field);
  return simple(base, {
    read: (given) => {
      const kept = collapsed(given);
      if (!isBinary && /[eE]/.test(kept)) return kept;
      const parsed = parseDecimal(kept);
      if (parsed === undefined) return kept;
      const moved = shifted(parsed, scale);
      return plain(isBinary ? rounded(moved, places) : moved);
    },
    write: (value) => {
      const parsed = parseDecimal(String(value));
      return parsed === undefined ? String(value) : plain(shifted(parsed, -scale));
    },
  });
};

/** A field as another type than its kind has; undefined where it cannot be. */
export const typeAs = (field: Field, base: SoapType, scale: number, offset: string | undefined): SimpleType | undefined => {
  if (!mayBe(field, base, scale)) return undefined;
  if (fractionBases.has(base)) return fractionType(field, base, scale);
  if (wholeBases.has(base)) return simple(base, { read: readNumber });
  if (base === "dateTime") return momentWith(offset);
  if (stringBases.has(base)) {
    // In letters what the field has otherwise: numbers and moments are as over REST.
    const own = simpleTypeOf(field, offset);
    return simple(base, {
      isPlain: false,
      read: own === undefined ? same : own.read,
      write: own === undefined ? asText : own.write,
    });
  }
  return simpleTypeOf(field, offset);
};

/** An element without a field: of its value's type, unless one is named. */
export const constantType = (base: SoapType): SimpleType => simple(base, { isPlain: !stringBases.has(base) });

/** Whether two texts are the same value of a type. */
export const isSameValue = ({ base }: SimpleType, a: string, b: string): boolean => {
  const [left, right] = [collapsed(a), collapsed(b)];
  if (left === right) return true;
  if (wholeBases.has(base) || fractionBases.has(base)) {
    const [one, other] = [parseDecimal(left), parseDecimal(right)];
    return one !== undefined && other !== undefined && plain(one) === plain(other);
  }
  if (base === "boolean") return new Set(["true", "1"]).has(left) === new Set(["true", "1"]).has(right);
  // Without fraction and offset: what clients write who have no moment.
  return (
    (base === "dateTime" && left.slice(0, 19) === right.slice(0, 19)) ||
    (base === "date" && left.slice(0, 10) === right.slice(0, 10))
  );
};
