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
import type { Fields } from "../../define/field.ts";
import type { Row } from "../../store/store.ts";
import type { Issue, Issues } from "../issue.ts";
import { Refused } from "./refused.ts";
import { compileRow, type FieldsOptions } from "./row.ts";
import { compileRead } from "./value.ts";

export type Accepted = { readonly ok: true; readonly value: Row } | { readonly ok: false; readonly issues: Issues };

export type AcceptFields = (body: unknown, text: boolean) => Accepted;

const pathLengthMax = 200;

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
  const accept = compileRow(fields, options, compileRead);
  return (body, text) => {
    const row = accept(body, text);
    return row instanceof Refused ? { ok: false, issues: issuesOf(row) } : { ok: true, value: row };
  };
};

export type { FieldsOptions };
export { compilePresent, compilePresentOwn } from "./present.ts";
export { compileValue } from "./value.ts";
