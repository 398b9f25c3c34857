/** Plans the read of one row. */
import type { Value } from "../../../define/expression.ts";
import type { Input } from "../../call.ts";
import { type CallerParam, callerValue } from "../../condition.ts";
import type { RowsPlan, SeveralPlan } from "../../plan.ts";
import type { Refusal } from "../../refusal.ts";
import type { View } from "../../view.ts";
import { Builder, type QueryContext } from "./builder.ts";
import { choose, planIncludes } from "./include.ts";
import { refuseMember } from "./start.ts";

/** A plan, and which values of the caller follow the id in its parameters. */
interface Planned {
  readonly plan: RowsPlan;
  readonly callerParams: readonly CallerParam[];
}

const planned = (view: View, input: Input, context: QueryContext): Planned | Refusal => {
  const query = input.query ?? {};
  const builder = new Builder(view, context);
  const { ids } = input;
  const id = ids === undefined ? builder.param("text", input.id ?? "") : builder.param("text", ids, true);
  builder.conditions.push({ op: ids === undefined ? "eq" : "in", left: { field: ["id"] }, right: id });
  if (view.rule !== "all" && view.rule !== "none") builder.rule(view.rule);
  refuseMember(builder, query, ["fields", "include", "onlyShown"]);
  const chosen = choose(builder, view, query);
  const includes = planIncludes(builder, view, chosen.includes, context, { depth: 0, parentsMax: ids?.length ?? 1 });
  builder.bindCaller();
  const select = [...new Set([...chosen.names, "id", ...includes.map((include) => include.by)])];
  if (builder.refusal !== undefined) return builder.refusal;
  const plan: RowsPlan = {
    kind: "rows",
    view,
    shape: {
      kind: "rows",
      key: builder.keyOf("get", select),
      ...builder.shape(),
      select,
      order: [{ path: ["id"], direction: "asc" }],
    },
    call: { realm: context.principal.realm, params: builder.values, limit: ids?.length ?? 1 },
    present: view.presentOnly(chosen.names),
    includes,
  };
  return { plan, callerParams: builder.callerParams };
};

/** Plans the read of one row by id, with the fields and relations asked for. */
export const planGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const found = planned(view, input, context);
  return "plan" in found ? found.plan : found;
};

/** Plans the read of several rows by id, in one statement. */
export const planSeveral = (view: View, ids: readonly string[], input: Input, context: QueryContext): SeveralPlan | Refusal => {
  const found = planned(view, input, context);
  return "plan" in found ? { kind: "several", plan: found.plan, keys: ids } : found;
};

/** The plain read of one row: its shape never changes for a view, so it is made once. Values of the caller, for whom a row rule asks, are his own. */
const plainGets = new WeakMap<View, Planned>();

export const plainGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const known = plainGets.get(view);
  if (known === undefined) {
    const found = planned(view, input, context);
    if (!("plan" in found)) return found;
    plainGets.set(view, found);
    return found.plan;
  }
  const { principal, now } = context;
  const params: Value[] = [input.id ?? ""];
  for (const name of known.callerParams) params.push(callerValue(name, principal, name === "$now" ? now() : ""));
  return { ...known.plan, call: { realm: principal.realm, params, limit: 1 } };
};
