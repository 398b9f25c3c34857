/** The named shapes of the suite: each is read on both engines, and its SQL is kept as a snapshot. */
import {
  and,
  contains,
  eq,
  gt,
  gte,
  isNull,
  lt,
  ne,
  not,
  notNull,
  now,
  oneOf,
  or,
  startsWith,
} from "../../src/define/expression.ts";
import type { Condition, Value } from "../../src/define/expression.ts";
import type { AggregateShape, CountShape, Order, RowsShape } from "../../src/store/store.ts";
import type { ColumnType } from "../../src/store/table.ts";
import { accounts, countries, customers, memberships } from "./tables.ts";

const field = (...path: string[]) => ({ field: path });
const param = (name: string) => ({ param: name });

type Params = Readonly<Record<string, readonly [type: ColumnType, value: Value]>>;

const paramsOf = (params: Params) =>
  Object.entries(params).map(([name, [type, value]]) => ({
    name,
    type,
    ...(Array.isArray(value) ? { list: true as const } : {}),
  }));

/** A shape over accounts with everything declared, so that a case says only what is special about it. */
export const rowsShape = (
  key: string,
  options: {
    readonly where?: Condition;
    readonly order?: readonly Order[];
    readonly params?: Params;
    readonly after?: true;
  } = {},
): RowsShape => ({
  kind: "rows",
  key,
  table: accounts,
  joins: [
    { path: ["customer"], table: customers },
    { path: ["customer", "country"], table: countries },
  ],
  links: [{ name: "members", table: memberships }],
  params: paramsOf(options.params ?? {}),
  select: accounts.columns.map((c) => c.field),
  order: options.order ?? byId,
  ...(options.where === undefined ? {} : { where: options.where }),
  ...(options.after === undefined ? {} : { after: options.after }),
});

export const asc = (...path: string[]): Order => ({ path, direction: "asc" });
export const desc = (...path: string[]): Order => ({ path, direction: "desc" });
export const byId: readonly Order[] = [asc("id")];

export interface ConditionCase {
  readonly name: string;
  readonly where: Condition;
  readonly params?: Params;
}

const members = (...where: (readonly [string, { field: string[] } | { param: string } | { value: Value }])[]): Condition => ({
  op: "exists",
  through: "members",
  where: where,
});

export const conditionCases: readonly ConditionCase[] = [
  { name: "eq text", where: eq(field("note"), param("p")), params: { p: ["text", "Zoë"] } },
  { name: "eq null parameter matches nothing", where: eq(field("note"), param("p")), params: { p: ["text", null] } },
  { name: "ne includes null", where: ne(field("note"), param("p")), params: { p: ["text", "Zoë"] } },
  { name: "ne null parameter matches all", where: ne(field("note"), param("p")), params: { p: ["text", null] } },
  { name: "not of a comparison with null", where: not(gt(field("rank"), { value: 0 })) },
  { name: "not not", where: not(not(eq(field("rank"), { value: 1 }))) },
  { name: "lt text by code point", where: lt(field("note"), { value: "😀" }) },
  { name: "gte text by code point", where: gte(field("note"), { value: "\uffee" }) },
  { name: "bigint at the end", where: gte(field("balance"), { value: 2n ** 63n - 1n }) },
  { name: "bigint beyond a double", where: eq(field("balance"), param("p")), params: { p: ["bigint", 9007199254740993n] } },
  { name: "integer parameter, bigint field", where: gt(field("balance"), param("p")), params: { p: ["integer", 99] } },
  { name: "decimal as a number", where: gt(field("rate"), { value: "9.50" }) },
  { name: "decimal below zero", where: lt(field("rate"), { value: "-1.3" }) },
  { name: "decimal equal in value", where: eq(field("rate"), param("p")), params: { p: ["decimal", "1.500"] } },
  { name: "integer parameter, decimal field", where: eq(field("rate"), param("p")), params: { p: ["integer", 10] } },
  { name: "boolean", where: and(eq(field("isActive"), { value: true }), ne(field("isChecked"), { value: true })) },
  { name: "date", where: lt(field("openedOn"), { value: "2000-01-01" }) },
  { name: "instant", where: gt(field("changedAt"), { value: "2024-02-29T12:34:56.789Z" }) },
  {
    name: "instant given in another form",
    where: eq(field("changedAt"), param("p")),
    params: { p: ["timestamp", "2024-02-29T13:34:56.79+01:00"] },
  },
  { name: "now", where: lt(field("changedAt"), now), params: { now: ["timestamp", "2024-03-01T00:00:00.000Z"] } },
  { name: "binary", where: eq(field("photo"), param("p")), params: { p: ["binary", new Uint8Array([0, 255, 7])] } },
  { name: "null", where: isNull(field("rank")) },
  { name: "notNull json", where: notNull(field("details")) },
  { name: "in", where: oneOf(field("note"), ["Zoë", "😀", "'; DROP TABLE accounts; --", '"quoted"', "{1,2}", "a\\b"]) },
  { name: "in of nothing", where: oneOf(field("note"), []) },
  {
    name: "in a parameter",
    where: { op: "in", left: field("balance"), right: param("p") },
    params: { p: ["bigint", [2n ** 63n - 1n, 1n]] },
  },
  {
    name: "in decimals",
    where: { op: "in", left: field("rate"), right: param("p") },
    params: { p: ["decimal", ["1.50", "-12.0", "7"]] },
  },
  { name: "notIn includes null", where: { op: "notIn", left: field("rank"), right: { value: [1, 2] } } },
  { name: "notIn of nothing", where: { op: "notIn", left: field("rank"), right: { value: [] } } },
  { name: "notIn with a null in the list", where: { op: "notIn", left: field("rank"), right: { value: [1, null] } } },
  { name: "contains without case", where: contains(field("note"), param("p")), params: { p: ["text", "zOë"] } },
  { name: "contains Greek", where: contains(field("note"), { value: "δυσσεύΣ" }) },
  { name: "contains a dotted I", where: contains(field("name"), { value: "istan" }) },
  {
    name: "contains wildcards as they are",
    where: or(contains(field("note"), { value: "%" }), contains(field("note"), { value: "_B" })),
  },
  { name: "contains nothing is any text", where: contains(field("note"), { value: "" }) },
  { name: "contains another field", where: contains(field("name"), field("note")) },
  { name: "startsWith", where: startsWith(field("note"), param("p")), params: { p: ["text", "a"] } },
  { name: "startsWith is of one case", where: startsWith(field("note"), { value: "Z" }) },
  { name: "startsWith nothing is any text", where: startsWith(field("note"), { value: "" }) },
  { name: "startsWith beyond the BMP", where: startsWith(field("note"), { value: "😁" }) },
  { name: "startsWith another field", where: startsWith(field("name"), field("note")) },
  { name: "field against field", where: eq(field("name"), field("note")) },
  { name: "over a reference", where: eq(field("customer", "name"), param("p")), params: { p: ["text", "A"] } },
  { name: "over two references", where: eq(field("customer", "country", "title"), { value: "Germany" }) },
  { name: "ne over two references", where: ne(field("customer", "country", "title"), { value: "Germany" }) },
  { name: "null over two references", where: isNull(field("customer", "country", "area")) },
  { name: "exists", where: members(["account", field("id")], ["subject", param("p")]), params: { p: ["text", "user_1"] } },
  { name: "not exists", where: not(members(["account", field("id")], ["role", { value: "owner" }])) },
  {
    name: "the caller",
    where: members(["account", field("id")], ["subject", { principal: "subject" } as never]),
    params: { "principal.subject": ["text", "user_2"] },
  },
  { name: "and of nothing", where: and() },
  { name: "or of nothing", where: or() },
  {
    name: "all together",
    where: or(
      and(eq(field("isActive"), { value: true }), lt(field("rank"), { value: 3 })),
      not(or(isNull(field("rate")), gt(field("rate"), { value: "1" }))),
    ),
  },
];

export const orderCases: Readonly<Record<string, readonly Order[]>> = {
  "by key": byId,
  "by key, descending": [desc("id")],
  "one direction": [asc("changedAt"), asc("id")],
  "one direction, descending": [desc("changedAt"), desc("id")],
  "mixed directions": [desc("changedAt"), asc("id")],
  "nulls first": [asc("rank"), asc("id")],
  "nulls last": [desc("rank"), desc("id")],
  "nulls, mixed": [desc("rank"), asc("note"), desc("id")],
  "text by code point": [asc("name"), asc("id")],
  decimals: [asc("rate"), asc("id")],
  booleans: [desc("isChecked"), asc("isActive"), asc("id")],
  "over a reference": [asc("customer", "name"), asc("id")],
  "over two references": [desc("customer", "country", "area"), asc("id")],
};

export const byKey = rowsShape("by key", { where: eq(field("id"), param("id")), params: { id: ["text", ""] } });

export const countShape: CountShape = {
  kind: "count",
  key: "count",
  table: accounts,
  joins: [{ path: ["customer"], table: customers }],
  links: [],
  params: paramsOf({ p: ["text", ""] }),
  where: and(startsWith(field("customer", "name"), param("p"))),
};

export const aggregateShape: AggregateShape = {
  kind: "aggregate",
  key: "aggregate",
  table: accounts,
  joins: [],
  links: [],
  params: [],
  groups: [
    { name: "rank", field: "rank" },
    { name: "year", field: "changedAt", part: "year" },
  ],
  measures: {
    count: { kind: "count" },
    notes: { kind: "countDistinct", field: "note" },
    total: { kind: "sum", field: "balance" },
    average: { kind: "avg", field: "balance" },
    rateTotal: { kind: "sum", field: "rate" },
    rateAverage: { kind: "avg", field: "rate" },
    lowest: { kind: "min", field: "rate" },
    latest: { kind: "max", field: "changedAt" },
    first: { kind: "min", field: "note" },
  },
};
