/** Sums over rows for functions: `ctx.table(transfers).totals({ group: ["currency"], sum: ["amount"], where })`. */
import type { Condition } from "../../define/expression.ts";
import type { ResourceContract } from "../../contract/contract.ts";
import type { AggregateShape, CountShape, ReadCall, Row } from "../../store/store.ts";
import { columnOf } from "../../store/table.ts";

export interface Wanted {
  readonly where?: (row: never) => Condition;
  readonly group?: readonly string[];
  readonly part?: { readonly of: string; readonly by: "hour" | "day" | "month" | "year" };
  readonly sum: readonly string[];
}

interface Totals {
  readonly shape: AggregateShape;
  readonly call: ReadCall;
  /** The rows as the function gets them. Throws `RangeError` for more groups than are allowed. */
  readonly rows: (found: readonly Row[]) => Row[];
}

const groupsMax = 10_000;

const everything: Condition = { op: "and", of: [] };

/** The shape and call of what is wanted, and how its rows are given. Throws `TypeError` for what cannot be summed. */
export const totalsOf = (
  resource: ResourceContract,
  wanted: Wanted,
  search: (where: (row: never) => Condition) => { readonly count: CountShape; readonly call: (limit?: number) => ReadCall },
): Totals => {
  const { where = () => everything, group = [], part, sum } = wanted;
  if (part !== undefined && !["timestamp", "date"].includes(columnOf(resource.table, part.of).type))
    throw new TypeError(`${resource.name}.${part.of} is no date`);
  for (const field of sum) {
    const { type } = columnOf(resource.table, field);
    if (type !== "bigint" && type !== "integer") throw new TypeError(`${resource.name}.${field} is no whole number to sum`);
    if (field === "count" || field === "part" || group.includes(field))
      throw new TypeError(`${resource.name}.${field} cannot be summed here: its name is taken`);
  }
  const { count, call } = search(where);
  return {
    shape: {
      ...count,
      kind: "aggregate",
      key: `${count.key}:totals:${JSON.stringify([group, sum, part ?? null])}`,
      groups: [
        ...(part === undefined ? [] : [{ name: "part", field: part.of, part: part.by }]),
        ...group.map((field) => ({ name: field, field })),
      ],
      measures: { ...Object.fromEntries(sum.map((field) => [field, { kind: "sum" as const, field }])), count: { kind: "count" } },
    },
    call: call(groupsMax + 1),
    rows: (found) => {
      if (found.length > groupsMax) throw new RangeError(`${resource.name}: more than ${groupsMax} groups`);
      return found.map((row) => ({ ...row, ...Object.fromEntries(sum.map((field) => [field, row[field] ?? 0n])) }));
    },
  };
};
