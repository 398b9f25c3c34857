/** Plans the read of one row. */
import type { Input } from "../../call.ts";
import type { RowsPlan } from "../../plan.ts";
import type { Refusal } from "../../refusal.ts";
import type { View } from "../../view.ts";
import { Builder, type QueryContext } from "./builder.ts";
import { choose, planIncludes } from "./include.ts";
import { refuseMember } from "./start.ts";

/** Plans the read of one row by id, with the fields and relations asked for. */
export const planGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const query = input.query ?? {};
  const builder = new Builder(view, context);
  const id = builder.param("text", input.id ?? "");
  builder.conditions.push({ op: "eq", left: { field: ["id"] }, right: id });
  if (view.rule !== "all" && view.rule !== "none") builder.rule(view.rule);
  refuseMember(builder, query, ["fields", "include"]);
  const chosen = choose(builder, view, query);
  const includes = planIncludes(builder, view, chosen.includes, context, { depth: 0, parentsMax: 1 });
  builder.bindCaller();
  const select = [...new Set([...chosen.names, "id", ...includes.map((include) => include.by)])];
  return (
    builder.refusal ?? {
      kind: "rows",
      view,
      shape: {
        kind: "rows",
        key: builder.keyOf("get", select),
        ...builder.shape(),
        select,
        order: [{ path: ["id"], direction: "asc" }],
      },
      call: { realm: context.principal.realm, params: builder.values, limit: 1 },
      present: view.presentOnly(chosen.names),
      includes,
    }
  );
};

/** The plain read of one row: its shape never changes for a view, so it is made once. */
const plainGets = new WeakMap<View, RowsPlan | "caller">();

export const plainGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const known = plainGets.get(view);
  if (known === undefined) {
    const plan = planGet(view, input, context);
    if ("kind" in plan) plainGets.set(view, plan.call.params.length === 1 ? plan : "caller");
    return plan;
  }
  if (known === "caller") return planGet(view, input, context);
  return { ...known, call: { realm: context.principal.realm, params: [input.id ?? ""], limit: 1 } };
};
