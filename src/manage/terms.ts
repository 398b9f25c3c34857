/** What a plan means for one caller and one operation: the limits that count the call, and what it costs. */
import type { Operation } from "../contract/contract.ts";
import type { LimitRule } from "../limits/index.ts";
import type { Caller } from "../pipeline/context.ts";
import type { PlanEntry, PlanLimit } from "../pipeline/identity/entries.ts";
import { coversOperation } from "../pipeline/identity/match.ts";

export interface Terms {
  readonly rules: readonly LimitRule[];
  /** Whether one of them counts bodies. */
  readonly countsBodies: boolean;
  /** Whether a limit counts by key or user: the terms are then not those of all callers of the app. */
  readonly isPersonal: boolean;
  /** Units of a call. */
  readonly units: number;
}

/** What a limit counts by; a caller without it is counted by his tenant. */
const countedBy = ({ per }: PlanLimit, { app, key, user, plan }: Caller): string => {
  const value = { app, key: key ?? app, user: user ?? app, tenant: null, plan: plan ?? null }[per];
  return value === null ? "tenant" : `${per}:${value}`;
};

/** The terms of a caller's plan. Keys of limits begin with tenant and environment: nothing is shared across them. */
export const termsOf = (plan: PlanEntry, caller: Caller, operation: Operation): Terms => {
  const name = `${operation.service}.${operation.name}`;
  const units = plan.costs[name] ?? operation.cost;
  const rules = plan.limits.flatMap((limit): LimitRule[] => {
    if (limit.operations !== null && !limit.operations.some((pattern) => coversOperation(pattern, name))) return [];
    const key = `${caller.tenant}/${caller.environment}/${countedBy(limit, caller)}${limit.each ? `/${name}` : ""}`;
    return [
      {
        name: limit.name,
        kind: limit.kind,
        limit: limit.limit,
        windowSeconds: limit.windowSeconds,
        key,
        ...(limit.period === null ? {} : { period: limit.period }),
        ...(limit.kind === "spend" ? { units: units * plan.unitPrice } : {}),
      },
    ];
  });
  return {
    rules,
    countsBodies: rules.some(({ kind }) => kind === "payload"),
    isPersonal: plan.limits.some(({ per }) => per === "key" || per === "user"),
    units,
  };
};
