/** Reads an object with given fields: the body of an operation, or an object field within one. See `fields.ts` for what it promises. */
import type { Value } from "../../define/expression.ts";
import type { Field, Fields } from "../../define/field.ts";
import type { Row } from "../../store/store.ts";
import { type Found, issuesMax, type Read, Refused, refused, wrongType } from "./refused.ts";

export interface FieldsOptions {
  /** Names that must be given (not in a partial body). */
  readonly required: ReadonlySet<string>;
  /** PATCH: only given fields count, null clears an optional one. */
  readonly partial: boolean;
  /** Fill absent fields with their default. */
  readonly defaults: boolean;
  readonly unknown: "refuse";
  /** Fields that exist but that this operation may not write: `read_only` instead of `unknown_field`. */
  readonly readOnly?: ReadonlySet<string>;
}

/** Compiles the reader of one field. */
export type CompileRead = (field: Field) => Read;

const absent = Symbol("absent");

interface Plan {
  readonly name: string;
  readonly read: Read;
  readonly nullable: boolean;
  /** Text only: an empty string is null. */
  readonly emptyIsNull: boolean;
  /** A name that every object inherits (`toString`): only an own property counts. */
  readonly inherited: boolean;
  /** What an absent field becomes. */
  readonly otherwise: () => Value | Refused | typeof absent;
}

const noObject = wrongType("object");
const required = refused("required");
const unknownField = refused("unknown_field");
const readOnlyField = refused("read_only");
const nameLengthMax = 64;
const keepsEmpty = new Set(["string", "text", "json", "array"]);

const otherwiseOf = (name: string, field: Field, read: Read, options: FieldsOptions): Plan["otherwise"] => {
  if (options.partial) return () => absent;
  const given = field.options.default;
  if (options.defaults && given !== undefined) {
    const first = read(given, false);
    if (first instanceof Refused) {
      throw new TypeError(
        `${name}: its default ${Bun.inspect(given)} is refused: ${first.found.map(([, issue]) => issue.code).join(", ")}`,
      );
    }
    // An object, list or bytes are read anew for each row, so that no two rows share one.
    return typeof first === "object" ? () => read(structuredClone(given), false) : () => first;
  }
  if (options.required.has(name)) return () => required;
  return field.options.optional === true ? () => null : () => absent;
};

const nothing: ReadonlySet<string> = new Set();

/** An object within a merge patch is a patch itself (RFC 7396): only what is given counts. */
const partialObject = (fields: Fields, compileRead: CompileRead): Read =>
  compileRow(fields, { required: nothing, partial: true, defaults: false, unknown: "refuse" }, compileRead);

const planOf = (name: string, field: Field, options: FieldsOptions, compileRead: CompileRead): Plan => {
  if (name === "__proto__") throw new TypeError("__proto__ cannot be a field");
  let read: Read;
  try {
    read = options.partial && field.fields !== undefined ? partialObject(field.fields, compileRead) : compileRead(field);
  } catch (error) {
    throw new TypeError(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return {
    name,
    read,
    nullable: field.options.optional === true,
    emptyIsNull: !keepsEmpty.has(field.kind),
    inherited: name in Object.prototype,
    otherwise: otherwiseOf(name, field, read, options),
  };
};

/** Adds what was found under `name`, up to the bound. */
const collect = (found: Found[], name: string, flaw: Refused): void => {
  for (const [path, issue] of flaw.found) {
    if (found.length >= issuesMax) return;
    found.push([path === "" ? name : `${name}.${path}`, issue]);
  }
};

/**
 * The reader of a body with these fields. `compileRead` compiles one field; it is handed in, since an object field is made of fields again.
 */
export const compileRow = (
  fields: Fields,
  options: FieldsOptions,
  compileRead: CompileRead,
): ((body: unknown, text: boolean) => Row | Refused) => {
  const plans = Object.entries(fields).map(([name, field]) => planOf(name, field, options, compileRead));
  const known = new Set(Object.keys(fields));
  const readOnly = options.readOnly ?? new Set<string>();
  /** Names of the body that are no fields. Only looked for when there are more names than fields read. */
  const strangers = (body: object, found: Found[]): void => {
    for (const key of Object.keys(body)) {
      if (found.length >= issuesMax) return;
      if (known.has(key)) continue;
      collect(found, key.slice(0, nameLengthMax).toWellFormed(), readOnly.has(key) ? readOnlyField : unknownField);
    }
  };
  return (body, text) => {
    if (typeof body !== "object" || body === null || Array.isArray(body) || body instanceof Uint8Array) return noObject;
    const row: Row = {};
    let found: Found[] | undefined;
    let seen = 0;
    for (let index = 0; index < plans.length; index++) {
      const plan = plans[index] as Plan;
      const { name } = plan;
      let given: unknown = (body as Record<string, unknown>)[name];
      if (given !== undefined && plan.inherited && !Object.hasOwn(body, name)) given = undefined;
      let value: Value | Refused | typeof absent;
      if (given === undefined) value = plan.otherwise();
      else {
        seen++;
        if (given === null || (text && given === "" && plan.emptyIsNull)) value = plan.nullable ? null : required;
        else value = plan.read(given, text);
      }
      if (value === absent) continue;
      if (value instanceof Refused) collect((found ??= []), name, value);
      else row[name] = value;
    }
    if (seen !== Object.keys(body).length) strangers(body, (found ??= []));
    return found === undefined || found.length === 0 ? row : new Refused(found);
  };
};
