/** The fields of a kind as the contract has them, and values in the one form in which they are compared. */
import type { Contract } from "../../contract/index.ts";
import type { Issues } from "../../contract/issue.ts";
import { compileFields, compilePresent } from "../../contract/values/fields.ts";
import type { Field, Fields } from "../../define/field.ts";
import type { Kind } from "./kinds.ts";

export interface KindFields {
  /** What a file may say: whatever may be given when a row is made or changed. */
  readonly all: Fields;
  readonly create: ReadonlySet<string>;
  readonly update: ReadonlySet<string>;
  /** What has to be said of a new one. */
  readonly required: ReadonlySet<string>;
}

/** The fields of a kind; `undefined` where the control plane does not have it. */
export const fieldsOf = (contract: Contract, { resource }: Kind): KindFields | undefined => {
  const create = contract.operations.get(`${resource}.create`);
  if (create === undefined) return undefined;
  const update = contract.operations.get(`${resource}.update`)?.input ?? {};
  const { id: _, ...made } = create.input;
  return {
    all: { ...update, ...made },
    create: new Set(Object.keys(made)),
    update: new Set(Object.keys(update)),
    required: create.required,
  };
};

export type Normalized = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issues: Issues };

/** A field's value with its defaults, as it is presented: `[{ service: "bank", roles: ["customer"] }]` gets `version: null`. */
export const normalize = (name: string, field: Field, given: unknown): Normalized => {
  const fields = { [name]: field };
  const accepted = compileFields(fields, { required: new Set(), partial: false, defaults: false, unknown: "refuse" })(
    { [name]: given },
    false,
  );
  if (!accepted.ok) return { ok: false, issues: accepted.issues };
  return { ok: true, value: compilePresent(fields)(accepted.value)[name] };
};

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/** Changes the value at a path of names: `scope.plans`. What is not there stays so. */
export const changedAt = (item: Plain, path: string, change: (value: unknown) => unknown): Plain => {
  const [name = "", ...rest] = path.split(".");
  const value = item[name];
  if (value === undefined || value === null) return item;
  const next = rest.length === 0 ? change(value) : isPlain(value) ? changedAt(value, rest.join("."), change) : value;
  return { ...item, [name]: next };
};

/** A merge patch (RFC 7396) that makes `after` of `before`: what is not there any more is null. */
export const patchOf = (before: unknown, after: unknown): unknown => {
  if (!isPlain(before) || !isPlain(after)) return after;
  const removed = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  return {
    ...Object.fromEntries(Object.entries(after).map(([name, value]) => [name, patchOf(before[name], value)])),
    ...Object.fromEntries(removed.map((name) => [name, null])),
  };
};
