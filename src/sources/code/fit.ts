/**
 * Whether values that code writes fit their fields: not null where the field is not optional, of the column's type (int64, whole numbers up to
 * ±(2^53−1), real dates), a string no longer than its field, an enum's own values. What does not fit is the programmer's mistake: it throws a
 * `TypeError` naming resource and field, which costs the command and nobody else; at the flush it would cost the whole commit.
 *
 * Ranges (`min`, `max`, `minLength`, `pattern`) bind callers, not code. What is within objects, lists and json is not looked at.
 */
import type { Value } from "../../define/expression.ts";
import type { Field, TextOptions } from "../../define/field.ts";
import { stringLengthMax, textLengthMax } from "../../define/forms.ts";
import type { ResourceContract } from "../../contract/contract.ts";
import type { Row } from "../../store/store.ts";
import { checkOf } from "../../store/value.ts";
import { type ColumnType, columnOf } from "../../store/table.ts";

/** Says what is wrong with a value that is not null; `undefined` when it fits. */
type Flaw = (value: Value) => string | undefined;

interface Fit {
  readonly name: string;
  readonly nullable: boolean;
  readonly flaw: Flaw;
}

const ofType = (type: ColumnType): Flaw => {
  const check = checkOf(type);
  return (value) => {
    try {
      check(value);
      return undefined;
    } catch {
      return `is not of type ${type}`;
    }
  };
};

const moment = ofType("timestamp");

/** A moment as `ctx.now` gives it is not parsed again. */
const momentFlaw: Flaw = (value) =>
  typeof value === "string" && value.length === 24 && value.charCodeAt(10) === 84 && value.charCodeAt(23) === 90
    ? undefined
    : moment(value);

const textFlaw = (lengthMax: number): Flaw => {
  const type = ofType("text");
  return (value) =>
    // A character is one or two units.
    typeof value === "string" &&
    value.length > lengthMax &&
    (value.length > lengthMax * 2 || Array.from(value).length > lengthMax)
      ? `is longer than ${lengthMax} characters`
      : type(value);
};

const flawOf = (field: Field, type: ColumnType): Flaw => {
  const { maxLength } = field.options as TextOptions;
  switch (field.kind) {
    case "enum": {
      const values: ReadonlySet<unknown> = new Set(field.values);
      return (value) => (values.has(value) ? undefined : `is none of ${[...values].join(", ")}`);
    }
    case "string":
      return textFlaw(maxLength ?? stringLengthMax);
    case "text":
      return textFlaw(maxLength ?? textLengthMax);
    case "dateTime":
      return momentFlaw;
    case "json":
    case "object":
    case "array":
      return () => undefined;
    default:
      return maxLength === undefined ? ofType(type) : textFlaw(maxLength);
  }
};

const known = new WeakMap<ResourceContract, ReadonlyMap<string, Fit>>();

const fitsOf = (resource: ResourceContract): ReadonlyMap<string, Fit> => {
  let fits = known.get(resource);
  if (fits === undefined) {
    fits = new Map(
      Object.entries(resource.fields).map(([name, field]) => {
        const { type, nullable } = columnOf(resource.table, name);
        return [name, { name, nullable, flaw: flawOf(field, type) }];
      }),
    );
    known.set(resource, fits);
  }
  return fits;
};

const check = (resource: ResourceContract, { name, nullable, flaw }: Fit, value: Value | undefined): void => {
  const wrong = value === null || value === undefined ? (nullable ? undefined : "must not be null") : flaw(value);
  if (wrong !== undefined) throw new TypeError(`${resource.name}.${name}: the value ${wrong}`);
};

/** Checks a whole row. Throws `TypeError`. */
export const fitRow = (resource: ResourceContract, row: Row): void => {
  for (const fit of fitsOf(resource).values()) check(resource, fit, row[fit.name]);
};

/** Checks changes of a row. Throws `TypeError`, also for a name that is no field. */
export const fitChanges = (resource: ResourceContract, changes: Row): void => {
  const fits = fitsOf(resource);
  for (const name in changes) {
    const fit = fits.get(name);
    if (fit === undefined) throw new TypeError(`${resource.name} has no field "${name}"`);
    if (changes[name] !== undefined) check(resource, fit, changes[name]);
  }
};
