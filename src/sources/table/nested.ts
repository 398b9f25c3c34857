/**
 * Objects and lists are kept as JSON, which has neither int64 nor bytes: money and binary values within them are stored as the wire has them
 * (money a number up to ±(2^53−1), else a decimal string; bytes base64), and handlers get them as bigint and bytes. Resources without such
 * fields pay nothing.
 */
import type { Value } from "../../define/expression.ts";
import type { Field } from "../../define/field.ts";
import type { ResourceContract } from "../../contract/contract.ts";
import { jsonReady } from "../../pipeline/json-ready.ts";
import type { Row } from "../../store/store.ts";

const holdsOther = ({ kind, fields, item }: Field): boolean =>
  kind === "money" ||
  kind === "binary" ||
  Object.values(fields ?? {}).some(holdsOther) ||
  (item !== undefined && holdsOther(item));

const known = new WeakMap<ResourceContract, readonly string[]>();

const namesOf = (resource: ResourceContract): readonly string[] => {
  let names = known.get(resource);
  if (names === undefined) {
    names = resource.fieldNames.filter((name) => {
      const field = resource.fields[name];
      return (field?.kind === "object" || field?.kind === "array") && holdsOther(field);
    });
    known.set(resource, names);
  }
  return names;
};

/** Puts the nested values of a row of one's own into the form in which they are stored. */
export const storeNested = (resource: ResourceContract, row: Row): Row => {
  for (const name of namesOf(resource)) if (row[name] !== undefined) row[name] = jsonReady(row[name]) as never;
  return row;
};

/** A stored nested value as handlers see it: money is a bigint, bytes are bytes. */
const revive = (field: Field, value: Value): Value => {
  if (value === null) return null;
  if (field.kind === "money") return typeof value === "number" || typeof value === "string" ? BigInt(value) : value;
  if (field.kind === "binary") return typeof value === "string" ? Uint8Array.fromBase64(value) : value;
  const { item, fields } = field;
  if (item !== undefined) return Array.isArray(value) ? value.map((one: Value) => revive(item, one)) : value;
  if (fields === undefined || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value as Row).map(([name, part]) => [name, fields[name] === undefined ? part : revive(fields[name], part)]),
  );
};

/** A row as handlers see it. The row itself is left as it is. */
export const handlerRow = <R extends Row | undefined>(resource: ResourceContract, row: R): R => {
  const names = row === undefined ? [] : namesOf(resource);
  if (row === undefined || names.length === 0) return row;
  const seen: Row = { ...row };
  for (const name of names) if (seen[name] !== undefined) seen[name] = revive(resource.fields[name] as Field, seen[name]);
  return seen as R;
};
