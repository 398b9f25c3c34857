/**
 * JSON Merge Patch (RFC 7396) of a row whose patch was accepted already: objects are merged into what is there, everything else is replaced. An
 * object that comes to be by a patch has to be whole: its required fields given, defaults and nulls filled in.
 */
import type { Value } from "../../define/expression.ts";
import type { Field, Fields } from "../../define/field.ts";
import type { Issue, Issues } from "../../pipeline/refusal.ts";
import type { Row } from "../../store/store.ts";

type Plain = { readonly [name: string]: Value };

const isPlain = (value: Value | undefined): value is Plain =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** A json field: no schema, so null removes. */
const mergeJson = (current: Value | undefined, patch: Value): Value => {
  if (!isPlain(patch)) return patch;
  const merged = new Map(Object.entries(isPlain(current) ? current : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergeJson(merged.get(name), value));
  }
  return Object.fromEntries(merged);
};

const mergeField = (
  field: Field,
  current: Value | undefined,
  patch: Value,
  place: string,
  issues: Record<string, Issue[]>,
): Value => {
  if (field.kind === "json") return mergeJson(current, patch);
  if (field.fields === undefined || !isPlain(patch)) return patch;
  const base = isPlain(current) ? current : {};
  const merged: Record<string, Value> = {};
  for (const [name, inner] of Object.entries(field.fields)) {
    const given = Object.hasOwn(patch, name) ? patch[name] : undefined;
    if (given !== undefined) merged[name] = mergeField(inner, base[name], given, `${place}.${name}`, issues);
    else if (Object.hasOwn(base, name)) merged[name] = base[name] as Value;
    else if (inner.options.default !== undefined) merged[name] = inner.options.default as Value;
    else if (inner.options.optional === true) merged[name] = null;
    else issues[`${place}.${name}`] = [{ code: "required" }];
  }
  return merged;
};

/** The fields a patch changes, merged; or what an object it creates lacks. */
export const mergeRow = (
  fields: Fields,
  row: Row,
  patch: Row,
): { readonly ok: true; readonly changes: Row } | { readonly ok: false; readonly issues: Issues } => {
  const issues: Record<string, Issue[]> = {};
  const changes: Row = {};
  for (const name in patch) {
    const field = fields[name];
    changes[name] =
      field === undefined ? (patch[name] as Value) : mergeField(field, row[name], patch[name] as Value, name, issues);
  }
  return Object.keys(issues).length === 0 ? { ok: true, changes } : { ok: false, issues };
};
