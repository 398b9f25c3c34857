/**
 * Accepts a body: checks, coerces and decodes it against the operation's fields in one pass, from the wire's values to the handler's.
 *
 *   compileFields(fields, { required: new Set(["name"]), partial: false, defaults: true, unknown: "refuse" })({ name: "Ann" }, false)
 *     → { ok: true, value: { name: "Ann", nickname: null } }
 *     → { ok: false, issues: { name: [{ code: "required" }], foo: [{ code: "unknown_field" }] } }
 *
 * Compiled once per operation, run per call. Whatever a caller sends, nothing throws; issues are bounded (`issuesMax`), paths too (200 characters).
 * A key such as `__proto__` or `constructor` is an unknown field like any other; only names of fields are ever assigned.
 *
 * Absent (or `undefined`): in a partial body left out; else the default; else `required` where it must be given; else null when the field is
 * optional; else left out (an id that the writer makes).
 * Null: clears an optional field; `required` for the others. In text an empty string counts as null, but for `string`, `text`, `json` and lists.
 */
import type { Value } from "../../define/expression.ts";
import type { Field, Fields } from "../../define/field.ts";
import type { Row } from "../../store/store.ts";
import type { Issue, Issues } from "../refusal.ts";
import { type Found, issuesMax, type Read, Refused, refused, wrongType } from "./refused.ts";
import { compileRead } from "./value.ts";

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

export type Accepted = { readonly ok: true; readonly value: Row } | { readonly ok: false; readonly issues: Issues };

export type AcceptFields = (body: unknown, text: boolean) => Accepted;

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
const pathLengthMax = 200;
const keepsEmpty = new Set(["string", "text", "json", "array"]);

const otherwiseOf = (name: string, field: Field, read: Read, options: FieldsOptions): Plan["otherwise"] => {
  if (options.partial) return () => absent;
  const given = field.options.default;
  if (options.defaults && given !== undefined) {
    const first = read(given, false);
    if (first instanceof Refused) {
      throw new TypeError(
        `${name}: its default ${String(given)} is refused: ${first.found.map(([, issue]) => issue.code).join(", ")}`,
      );
    }
    // An object, list or bytes are read anew for each row, so that no two rows share one.
    return typeof first === "object" ? () => read(structuredClone(given), false) : () => first;
  }
  if (options.required.has(name)) return () => required;
  return field.options.optional === true ? () => null : () => absent;
};

const planOf = (name: string, field: Field, options: FieldsOptions): Plan => {
  if (name === "__proto__") throw new TypeError("__proto__ cannot be a field");
  let read: Read;
  try {
    read = compileRead(field);
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

const compileRow = (fields: Fields, options: FieldsOptions): ((body: unknown, text: boolean) => Row | Refused) => {
  const plans = Object.entries(fields).map(([name, field]) => planOf(name, field, options));
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

/** Reader of an object field: all its fields, none unknown. */
export const compileObject = (fields: Fields): Read => {
  const required = new Set(
    Object.keys(fields).filter((name) => fields[name]?.options.optional !== true && fields[name]?.options.default === undefined),
  );
  return compileRow(fields, { required, partial: false, defaults: true, unknown: "refuse" });
};

/** Path → issues. A `Map` first, because a caller's key may be `__proto__`. */
const issuesOf = (flaw: Refused): Issues => {
  const byPath = new Map<string, Issue[]>();
  for (const [path, issue] of flaw.found) {
    const at = path.slice(0, pathLengthMax);
    const list = byPath.get(at);
    if (list === undefined) byPath.set(at, [issue]);
    else list.push(issue);
  }
  return Object.fromEntries(byPath);
};

/**
 * Compiles the acceptor of a body. Throws `TypeError` naming the field when a definition cannot be compiled (a pattern that is not safe, a default
 * that the field itself refuses). A body that is no object is an issue at path "".
 */
export const compileFields = (fields: Fields, options: FieldsOptions): AcceptFields => {
  const accept = compileRow(fields, options);
  return (body, text) => {
    const row = accept(body, text);
    return row instanceof Refused ? { ok: false, issues: issuesOf(row) } : { ok: true, value: row };
  };
};

export { compilePresent } from "./present.ts";
export { compileValue } from "./value.ts";
