/** What was used of a quota: sums over the rows of a period, which are few: those of the last hour, and one per hour and kind of call before it. */
import { rawGrain, usageTable } from "../../batch/index.ts";
import type { Condition } from "../../define/expression.ts";
import type { LimitScope } from "../../pipeline/identity/entries.ts";
import type { AggregateShape, OpenStore } from "../../store/index.ts";
import type { Sealed } from "./counters.ts";

/** Whose usage: all of a tenant's environment, or that of one app, key, user or plan in it; of one operation where it is named. */
export interface UsedBy {
  readonly tenant: string;
  readonly environment: string;
  readonly by: LimitScope;
  /** Absent for a tenant. */
  readonly value?: string;
  /** With its service: `bank.transfers.create`. */
  readonly operation?: string;
}

export interface Used {
  readonly calls: number;
  readonly units: number;
  /** Units by the plan under which they were used; "" for none. */
  readonly byPlan: ReadonlyMap<string, number>;
}

/** Grains of rows that may be of the present month. */
const grains = [rawGrain, "hour", "day"] as const;

const eq = (field: string, param: string): Condition => ({ op: "eq", left: { field: [field] }, right: { param } });

/** Calls without a key or a user are counted by their app. */
const isOf = (by: Exclude<LimitScope, "tenant">, param: string): Condition => {
  if (by === "app" || by === "plan") return eq(by, param);
  const ofApp: Condition = { op: "and", of: [{ op: "null", left: { field: [by] } }, eq("app", param)] };
  return { op: "or", of: [eq(by, param), ofApp] };
};

const text = (name: string) => ({ name, type: "text" as const });

/** One statement for each scope, with an operation and without. */
const shapeOf = ({ by, operation }: UsedBy): AggregateShape => {
  const isOperation = operation !== undefined;
  return {
    kind: "aggregate",
    key: `pons_usage.used:${by}:${isOperation}`,
    table: usageTable,
    joins: [],
    links: [],
    params: [
      { ...text("grains"), list: true },
      { name: "since", type: "timestamp" },
      text("environment"),
      ...(by !== "tenant" ? [text("value")] : []),
      ...(isOperation ? [text("service"), text("operation")] : []),
    ],
    where: {
      op: "and",
      of: [
        { op: "in", left: { field: ["grain"] }, right: { param: "grains" } },
        { op: "gte", left: { field: ["at"] }, right: { param: "since" } },
        eq("environment", "environment"),
        ...(by !== "tenant" ? [isOf(by, "value")] : []),
        ...(isOperation ? [eq("service", "service"), eq("operation", "operation")] : []),
      ],
    },
    groups: [{ name: "plan", field: "plan" }],
    measures: { calls: { kind: "sum", field: "calls" }, units: { kind: "sum", field: "units" } },
  };
};

/** When the day or month began, in UTC. */
export const sinceOf = (nowMs: number, period: "day" | "month"): string => {
  const now = new Date(nowMs).toISOString();
  return period === "day" ? `${now.slice(0, 10)}T00:00:00.000Z` : `${now.slice(0, 7)}-01T00:00:00.000Z`;
};

const plansMax = 10_000;

/** Service and name of an operation: `bank.transfers.create` → `bank`, `transfers.create`. */
const partsOf = (operation: string): readonly [string, string] => {
  const dot = operation.indexOf(".");
  return [operation.slice(0, dot), operation.slice(dot + 1)];
};

export const usedOf = async (
  store: OpenStore,
  asked: UsedBy,
  { since, counted }: { readonly since: string; readonly counted: () => Iterable<Sealed> },
): Promise<Used> => {
  const { tenant, environment, by, value, operation } = asked;
  if (by !== "tenant" && value === undefined) throw new TypeError(`usage by ${by} needs to know which`);
  const parts = operation === undefined ? [] : partsOf(operation);
  const params = [[...grains], since, environment, ...(by === "tenant" ? [] : [value ?? ""]), ...parts];
  const realms = [await store.realms.of(tenant, environment), await store.realms.of(tenant, "tenant")];
  const lists = await store.read(
    shapeOf(asked),
    realms.map((realm) => ({ realm, params, limit: plansMax })),
  );
  const byPlan = new Map<string, number>();
  let calls = 0;
  let units = 0;
  const add = (plan: unknown, more: { readonly calls: number; readonly units: number }): void => {
    calls += more.calls;
    units += more.units;
    const name = typeof plan === "string" ? plan : "";
    byPlan.set(name, (byPlan.get(name) ?? 0) + more.units);
  };
  for (const row of lists.flat()) add(row["plan"], { calls: Number(row["calls"]), units: Number(row["units"]) });
  for (const { realm, row } of counted()) {
    const isAsked =
      realms.includes(realm) &&
      row["environment"] === environment &&
      (row["at"] as string) >= since &&
      (by === "tenant" || (row[by] ?? (by === "plan" ? null : row["app"])) === value) &&
      (operation === undefined || `${row["service"] as string}.${row["operation"] as string}` === operation);
    if (isAsked) add(row["plan"], { calls: Number(row["calls"]), units: Number(row["units"]) });
  }
  return { calls, units, byPlan };
};
