/** Plans the read of one row. */
import type { Value } from "../../../define/expression.ts";
import { Lru } from "../../../store/lru.ts";
import type { Input, RawQuery } from "../../call.ts";
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
      // Several rows are found by their ids again, in whatever order they come.
      order: ids === undefined ? [{ path: ["id"], direction: "asc" }] : [],
    },
    call: { realm: context.principal.realm, params: builder.values, limit: ids?.length ?? 1 },
    present: view.presentOnly(chosen.names),
    ...(select.length === chosen.names.length ? { presentOwn: view.presentOwn(chosen.names) } : {}),
    includes,
  };
  return { plan, callerParams: builder.callerParams };
};

/** Plans the read of one row by id, with the fields and relations asked for. */
const planGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
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
  return again(known, input, context);
};

/** A plan that was made before, for another id and caller. */
const again = ({ plan, callerParams }: Planned, input: Input, { principal, now }: QueryContext): RowsPlan => {
  const params: Value[] = [input.id ?? ""];
  for (const name of callerParams) params.push(callerValue(name, principal, name === "$now" ? now() : ""));
  return { ...plan, call: { realm: principal.realm, params, limit: 1 } };
};

/** Reads with chosen fields that are kept planned, of one view. */
const chosenMax = 64;
const chosenLengthMax = 1_024;
const chosenGets = new WeakMap<View, Lru<Planned>>();

/** Same for queries that are planned the same; undefined: of relations, too long, or not to be told apart. */
const chosenKey = (query: RawQuery): string | undefined => {
  const { fields, onlyShown, ...others } = query;
  if (fields === undefined || Object.values(others).some((value) => value !== undefined)) return undefined;
  const key = fields.join(",");
  // No field's name has a comma: as many as there are names, less one, are ours.
  const isPlain = key.length <= chosenLengthMax && !key.includes(".") && key.split(",").length === fields.length;
  return isPlain ? `${onlyShown === true ? "?" : ""}${key}` : undefined;
};

/** The read of one row with some of its fields: those who ask, ask for the same ones again and again. */
export const chosenGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const key = input.query === undefined ? undefined : chosenKey(input.query);
  if (key === undefined) return planGet(view, input, context);
  let kept = chosenGets.get(view);
  if (kept === undefined) chosenGets.set(view, (kept = new Lru(chosenMax)));
  const known = kept.get(key);
  if (known !== undefined) {
    kept.touch(key, known);
    return again(known, input, context);
  }
  const found = planned(view, input, context);
  if (!("plan" in found)) return found;
  kept.set(key, found);
  return found.plan;
};
