/**
 * Arguments of fields, as calls have them: conditions, filters, order and page of a list.
 *
 *   where: { balance: { gte: "100" }, customer: { country: { in: ["DE"] } } }   →   balance >= 100, customer.country = DE
 *
 * What is wrong with a value is named as on REST: `balance[gte]`, `customer.country`.
 */
import { getArgumentValues, GraphQLInputObjectType, type GraphQLInputType, getNamedType } from "graphql";
import type { RawFilter, RawNamedFilter, RawQuery } from "../../pipeline/call.ts";
import type { Arguments, ConnectionPlan } from "./plan.ts";
import { pathOf } from "./schema/meta.ts";

export type Values = Readonly<Record<string, unknown>>;

/** The arguments' values. Throws `GraphQLError` for a variable that is missing. */
export const valuesOf = ({ field, node, fixed }: Arguments, variables: Values): Values =>
  fixed ?? getArgumentValues(field, node, variables);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const isRecord = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

/** Type of an argument whose value is one input object, or a list of them. */
const inputOf = ({ field }: Arguments, name: string): GraphQLInputObjectType | undefined => {
  const type: GraphQLInputType | undefined = field.args.find((argument) => argument.name === name)?.type;
  const named = type === undefined ? undefined : getNamedType(type);
  return named instanceof GraphQLInputObjectType ? named : undefined;
};

/** Members of a condition → operators, and whether their value is a list already. */
const operators: Readonly<Record<string, readonly [op: RawFilter["op"], isList: boolean]>> = {
  eq: ["eq", false],
  in: ["eq", true],
  ne: ["ne", false],
  notIn: ["ne", true],
  gt: ["gt", false],
  gte: ["gte", false],
  lt: ["lt", false],
  lte: ["lte", false],
  contains: ["contains", false],
  startsWith: ["startsWith", false],
  isNull: ["null", false],
};

/** Conditions on a value; other inputs within `where` are conditions on a related row. Fields of rows have a path, operators none. */
const isCondition = (type: GraphQLInputObjectType): boolean => {
  const field = type.getFields()["isNull"];
  return field !== undefined && pathOf(field) === undefined;
};

const addConditions = (type: GraphQLInputObjectType, where: Values, prefix: string, into: RawFilter[]): void => {
  const fields = type.getFields();
  for (const [name, condition] of Object.entries(where)) {
    const field = fields[name];
    if (field === undefined || !isRecord(condition)) continue;
    const path = `${prefix}${pathOf(field) ?? name}`;
    const inner = getNamedType(field.type) as GraphQLInputObjectType;
    if (!isCondition(inner)) {
      addConditions(inner, condition, `${path}.`, into);
      continue;
    }
    for (const [member, value] of Object.entries(condition)) {
      const [op, isList] = operators[member] ?? [];
      if (op === undefined) continue;
      into.push({
        path,
        op,
        values: isList !== true ? [value] : Array.isArray(value) ? value : [],
        as: op === "eq" ? path : `${path}[${op}]`,
      });
    }
  }
};

/** One without parameters is switched on by `true`. */
const namedFilters = (type: GraphQLInputObjectType, given: readonly Values[]): RawNamedFilter[] =>
  given.flatMap((one) =>
    Object.entries(one).flatMap(([name, params]) => {
      const field = type.getFields()[name];
      if (field === undefined || params === false) return [];
      return [{ name: pathOf(field) ?? name, params: isRecord(params) ? params : {} }];
    }),
  );

/** `{ customer: { name: asc } }` → `customer.name.asc`. */
const orderOf = (type: GraphQLInputObjectType, given: Values): string => {
  const path: string[] = [];
  let at: GraphQLInputType = type;
  let value: unknown = given;
  while (at instanceof GraphQLInputObjectType && isRecord(value)) {
    const [entry] = Object.entries(value);
    const field: ReturnType<GraphQLInputObjectType["getFields"]>[string] | undefined =
      entry === undefined ? undefined : at.getFields()[entry[0]];
    if (entry === undefined || field === undefined) break;
    path.push(pathOf(field) ?? entry[0]);
    at = getNamedType(field.type);
    value = entry[1];
  }
  return [...path, String(value)].join(".");
};

/** Conditions and named filters. */
export const conditionsOf = (args: Arguments, values: Values): Pick<RawQuery, "filters" | "named"> => {
  const query: Mutable<Pick<RawQuery, "filters" | "named">> = {};
  const { where, filters: named } = values;
  const conditions = isRecord(where) ? inputOf(args, "where") : undefined;
  if (conditions !== undefined && isRecord(where)) {
    const filters: RawFilter[] = [];
    addConditions(conditions, where, "", filters);
    query.filters = filters;
  }
  const type = Array.isArray(named) ? inputOf(args, "filters") : undefined;
  if (type !== undefined) query.named = namedFilters(type, named as Values[]);
  return query;
};

/** Fields that are read: those selected, of which the caller gets what he sees. */
export const fieldsOf = (sources: readonly string[] | undefined): Pick<RawQuery, "fields" | "onlyShown"> =>
  sources === undefined ? {} : { fields: sources.includes("id") ? sources : ["id", ...sources], onlyShown: true };

/** What a connection asks for. */
export const listQueryOf = (args: Arguments, values: Values, { sources, needs }: ConnectionPlan): RawQuery => {
  const query: Mutable<RawQuery> = { ...conditionsOf(args, values), ...fieldsOf(sources) };
  const given = values["sort"];
  const sort = Array.isArray(given) && given.length > 0 ? inputOf(args, "sort") : undefined;
  let isLocal = true;
  if (sort !== undefined) {
    query.sortBy = (given as Values[]).map((one) => orderOf(sort, one));
    // `name.asc`: more parts than these go over a relation, and have no cursors.
    isLocal = query.sortBy.every((order) => order.split(".").length === 2);
  }
  const { first, after, page } = values;
  if (first !== undefined && first !== null) query.perPage = first;
  if (page !== undefined && page !== null) query.page = page;
  if (typeof after === "string") query.cursor = after;
  else if (query.page === undefined && isLocal) query.cursor = "";
  if (needs.cursors) query.cursors = true;
  query.count = needs.total || (needs.next && !isLocal);
  if (!needs.next && !query.count) query.isAlone = true;
  return query;
};
