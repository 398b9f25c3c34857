/**
 * Objects and lists are kept as JSON, which has neither int64 nor bytes: money and binary values within them are stored as the wire has them
 * (money a number up to ±(2^53−1), else a decimal string; bytes base64). Resources without such fields pay nothing.
 */
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
