/** What a field that nobody gave becomes: its default, decoded from the wire's form once, or null. */
import type { Value } from "../../define/expression.ts";
import type { ResourceContract } from "../../contract/contract.ts";
import { compileValue } from "../../contract/values/fields.ts";

const known = new WeakMap<ResourceContract, ReadonlyMap<string, Value>>();

const defaultsOf = (resource: ResourceContract): ReadonlyMap<string, Value> => {
  let defaults = known.get(resource);
  if (defaults === undefined) {
    defaults = new Map(
      Object.entries(resource.fields).flatMap(([name, field]) => {
        const given = field.options.default;
        if (given === undefined || given === null) return [];
        const decoded = compileValue(field)(given, false);
        if (!decoded.ok) throw new TypeError(`${resource.name}.${name}: its default is refused: ${decoded.issue.code}`);
        return [[name, decoded.value] as const];
      }),
    );
    known.set(resource, defaults);
  }
  return defaults;
};

/** The value of an absent field; no two rows share an object. */
export const absentValue = (resource: ResourceContract, name: string): Value => {
  const value = defaultsOf(resource).get(name) ?? null;
  return typeof value === "object" && value !== null ? structuredClone(value) : value;
};
