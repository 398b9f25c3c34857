/** Examples of values as the wire has them: made up from the field's kind and bounds, always the same, and valid for the field. */
import type { ArrayOptions, DecimalOptions, Field, Fields, IntegerOptions, MoneyOptions, TextOptions } from "../define/field.ts";
import { decimalScaleDefault, emailLengthMax, stringLengthMax, textLengthMax, urlLengthMax } from "../define/forms.ts";
import { exampleOfPattern } from "../define/pattern.ts";

export interface ExampleOptions {
  /** The field's name: a string's example is made of it. */
  readonly name?: string;
  /** Prefix of the ids of a resource, for examples of references to it. */
  readonly prefixOf?: (resource: string) => string | undefined;
}

const identifier = "01JQZ8M3T9XK4W7B2N5C6D8FGH";

/** `firstName` → `First name`. */
const title = (name: string): string => {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}`;
};

const within = <T extends number | bigint>(wanted: T, min: T | undefined, max: T | undefined): T => {
  if (min !== undefined && wanted < min) return min;
  return max !== undefined && wanted > max ? max : wanted;
};

const moneyOnWire = (value: bigint): number | string => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value));

/** A string of the field's length and pattern; `undefined` where the pattern is too much for a made-up one. */
const stringExample = (field: Field, lengthMax: number, wanted: readonly string[]): string | undefined => {
  const { minLength: min = 0, maxLength: max = lengthMax, pattern } = field.options as TextOptions;
  const whole = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, "u");
  const fits = (text: string): boolean => text.length >= min && text.length <= max && (whole === undefined || whole.test(text));
  const found = wanted.find(fits);
  if (found !== undefined || field.kind === "email" || field.kind === "url" || field.kind === "phone") return found;
  if (pattern !== undefined) return exampleOfPattern(pattern, { min, max });
  return (wanted[0] ?? "x").padEnd(min, "x").slice(0, max);
};

const decimalExample = ({ scale = decimalScaleDefault, min, max }: DecimalOptions): string => {
  const wanted = scale === 0 ? "12" : "12.5";
  if (min !== undefined && Number(wanted) < Number(min)) return min;
  return max !== undefined && Number(wanted) > Number(max) ? max : wanted;
};

const dateExample = ({ min, max }: { readonly min?: string; readonly max?: string }): string => {
  const wanted = "2026-01-31";
  if (min !== undefined && wanted < min) return min;
  return max !== undefined && wanted > max ? max : wanted;
};

const arrayExample = (field: Field, options: ExampleOptions): unknown => {
  const { minItems = 0, maxItems = 1 } = field.options as ArrayOptions;
  const item = field.item === undefined ? undefined : exampleOf(field.item, options);
  return item === undefined
    ? minItems === 0
      ? []
      : undefined
    : Array.from({ length: Math.max(minItems, Math.min(1, maxItems)) }, () => item);
};

const binaryExample = ({ maxBytes = 3 }: { readonly maxBytes?: number }): string =>
  Buffer.from([1, 2, 3].slice(0, maxBytes)).toString("base64");

/** The field's own example, or one made up; `undefined` where none can be made. */
export const exampleOf = (field: Field, options: ExampleOptions = {}): unknown => {
  const own = field.options.example;
  if (own !== undefined) return typeof own === "bigint" ? moneyOnWire(own) : own;
  switch (field.kind) {
    case "id":
      return `${field.prefix}_${identifier}`;
    case "ref":
      return `${options.prefixOf?.(field.target ?? "") ?? "ref"}_${identifier}`;
    case "string":
      return stringExample(field, stringLengthMax, [title(options.name ?? "text")]);
    case "text":
      return stringExample(field, textLengthMax, [title(options.name ?? "text")]);
    case "integer": {
      const { min, max } = field.options as IntegerOptions;
      return within(1, min, max);
    }
    case "money": {
      const { min, max } = field.options as MoneyOptions;
      return moneyOnWire(within(12_500n, min, max));
    }
    case "decimal":
      return decimalExample(field.options as DecimalOptions);
    case "boolean":
      return true;
    case "enum":
      return field.values?.[0];
    case "date":
      return dateExample(field.options as { min?: string; max?: string });
    case "dateTime":
      return "2026-01-31T09:30:00.000Z";
    case "duration":
      return "P1DT2H";
    case "email":
      return stringExample(field, emailLengthMax, ["ann@example.com", "ann@a.at"]);
    case "url":
      return stringExample(field, urlLengthMax, ["https://example.com/", "https://a.at"]);
    case "phone":
      return stringExample(field, stringLengthMax, ["+43123456789"]);
    case "currency":
      return "EUR";
    case "country":
      return "AT";
    case "language":
      return "de";
    case "json":
      return { key: "value" };
    case "object":
      return examplesOf(field.fields ?? {}, options);
    case "array":
      return arrayExample(field, options);
    case "binary":
      return binaryExample(field.options as { maxBytes?: number });
  }
};

/** An example of each field, by name; without those that have none. */
export const examplesOf = (fields: Fields, options: ExampleOptions = {}): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const example = exampleOf(field, { ...options, name });
      return example === undefined ? [] : [[name, example]];
    }),
  );

/** A default as the wire has it. */
export const wireDefault = (field: Field): unknown => {
  const value = field.options.default;
  return typeof value === "bigint" ? moneyOnWire(value) : value;
};
