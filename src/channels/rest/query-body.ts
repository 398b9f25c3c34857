/**
 * The JSON body of `QUERY /accounts` (RFC 10008): the parameters of a query string as members of an object, with typed values.
 *
 *   { "status": ["active", "frozen"], "price": { "gte": 500, "lte": 1000 }, "name[contains]": "john", "closedAt": null,
 *     "customer.country": "DE", "filters": ["overdrawn", { "name": "kids", "params": { "ageFrom": 3 } }],
 *     "sortBy": ["name.desc", "price"], "fields": ["id", "name"], "include": "transfers(perPage:5)", "perPage": 50, "count": true }
 *
 * A member is a filter unless it has the name of a parameter; its value is one value, a list (one of), null (is empty) or an object of
 * operators as in brackets. `filters` also takes objects, and so can hold values of any type.
 */
import { isControl } from "../../contract/query.ts";
import { invalid, refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { RestLimits } from "./limits.ts";
import { QueryCollector } from "./query-collector.ts";
import type { CollectedQuery } from "./query-collector.ts";
import { bracketOperators, readName } from "./query-parameter.ts";

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const filtersOf = (collector: QueryCollector, name: string, value: unknown): void => {
  const read = readName(name);
  if ("unknownOperator" in read) {
    return collector.issue(name, { code: "unknown_operator", params: { operator: read.unknownOperator.slice(0, 50) } });
  }
  if (read.op !== "eq" || name.endsWith("]")) {
    return collector.filter({ ...read, as: name }, Array.isArray(value) ? (value as unknown[]) : [value]);
  }
  if (value === null) return collector.filter({ path: name, op: "null", as: name }, [true]);
  if (!isObject(value))
    return collector.filter({ path: name, op: "eq", as: name }, Array.isArray(value) ? (value as unknown[]) : [value]);
  for (const [operator, operand] of Object.entries(value)) {
    const op = operator === "" ? undefined : bracketOperators.get(operator);
    const as = `${name}[${operator}]`;
    if (op === undefined) collector.issue(as, { code: "unknown_operator", params: { operator: operator.slice(0, 50) } });
    else collector.filter({ path: name, op, as }, Array.isArray(operand) ? (operand as unknown[]) : [operand]);
  }
};

const namedFilters = (collector: QueryCollector, value: unknown): void => {
  for (const [index, item] of (Array.isArray(value) ? (value as unknown[]) : [value]).entries()) {
    if (!isObject(item)) {
      collector.control("filters", item);
      continue;
    }
    const { name, params = {}, ...rest } = item;
    const unknown = Object.keys(rest)[0];
    if (typeof name !== "string") collector.issue(`filters.${index}.name`, { code: "required" });
    else if (!isObject(params))
      collector.issue(`filters.${index}.params`, { code: "wrong_type", params: { expected: "object" } });
    else if (unknown !== undefined) collector.issue(`filters.${index}.${unknown}`, { code: "unknown_field" });
    else collector.named({ name, params });
  }
};

/** Reads the body of QUERY. Refusals: 422 validation_failed when it is no object or has too many members. */
export const readQueryBody = (
  body: unknown,
  limits: Pick<RestLimits, "parametersMax" | "nestingMax">,
): CollectedQuery | Refusal => {
  if (!isObject(body)) return invalid({ body: [{ code: "wrong_type", params: { expected: "object" } }] });
  const entries = Object.entries(body);
  if (entries.length > limits.parametersMax) {
    return refuse("invalid_request", {
      details: { explanation: "The query has too many parameters.", max: limits.parametersMax },
    });
  }
  const collector = new QueryCollector(limits);
  for (const [name, value] of entries) {
    if (name === "filters") namedFilters(collector, value);
    else if (isControl(name)) collector.control(name, value);
    else filtersOf(collector, name, value);
  }
  return collector.collected();
};
