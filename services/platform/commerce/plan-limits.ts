/** What the fields of a plan's limits and costs cannot say by themselves; pure. */
import type { FieldIssue, PlanEntry, PlanLimit } from "pons";
import type { Limit, Plan } from "./plan-fields.ts";

type Flaws = Readonly<Record<string, readonly FieldIssue[]>>;

/** The name under which the cap on spending is told. */
export const spendCapName = "spendCap";

const windowed: readonly Limit["kind"][] = ["burst", "rate"];
const periodic: readonly Limit["kind"][] = ["quota", "spend"];

const flawsOfLimit = ({ kind, windowSeconds, period }: Limit): Record<string, readonly FieldIssue[]> => {
  const flaws: Record<string, readonly FieldIssue[]> = {};
  if (windowed.includes(kind) && windowSeconds < 1) flaws["windowSeconds"] = [{ code: "too_small", params: { min: 1 } }];
  if (!windowed.includes(kind) && windowSeconds > 0) flaws["windowSeconds"] = [{ code: "too_large", params: { max: 0 } }];
  if (periodic.includes(kind) && period === null) flaws["period"] = [{ code: "required" }];
  if (!periodic.includes(kind) && period !== null) flaws["period"] = [{ code: "unknown_field" }];
  return flaws;
};

const flawsOfNames = (list: string, field: string, names: readonly string[]): Flaws =>
  Object.fromEntries(
    names.flatMap((name, index) => (names.indexOf(name) < index ? [[`${list}.${index}.${field}`, [{ code: "duplicate" }]]] : [])),
  );

/** Field → issues; empty when limits and costs fit. */
export const flawsOfTerms = ({ limits, costs, spendCap }: Pick<Plan, "limits" | "costs" | "spendCap">): Flaws => {
  const ofLimits = limits.flatMap((limit, index) =>
    Object.entries(flawsOfLimit(limit)).map(([field, issues]) => [`limits.${index}.${field}`, issues] as const),
  );
  const names = limits.map(({ name }) => name);
  const taken = names.indexOf(spendCapName);
  return {
    ...Object.fromEntries(ofLimits),
    ...flawsOfNames("limits", "name", names),
    ...(spendCap !== null && taken >= 0 ? { [`limits.${taken}.name`]: [{ code: "duplicate" }] } : {}),
    ...flawsOfNames(
      "costs",
      "operation",
      costs.map(({ operation }) => operation),
    ),
  };
};

/** What the directory tells of a plan. */
export const planEntry = (plan: Plan): PlanEntry => {
  const { name, priority, limits, costs, unitPrice, spendCap } = plan;
  const cap: PlanLimit = {
    name: spendCapName,
    kind: "spend",
    limit: spendCap ?? 0,
    windowSeconds: 0,
    period: "month",
    per: "app",
    operations: null,
    each: false,
  };
  return {
    name,
    priority,
    limits: spendCap === null ? limits : [...limits, cap],
    costs: Object.fromEntries(costs.map(({ operation, units }) => [operation, units])),
    unitPrice,
  };
};
