/** Whether a caller sees a row that is in the working set: decided in memory where the rule allows it, else by the database. */
import type { Unit } from "../../batch/unit.ts";
import type { Principal } from "../../define/function.ts";
import { acceptQuery } from "../../pipeline/accept/query.ts";
import { RelatedReads } from "../../pipeline/accept/query/related.ts";
import { holds } from "../../pipeline/condition.ts";
import type { View } from "../../pipeline/view.ts";
import type { MaybePromise, Row } from "../../store/store.ts";

export const visible = (
  view: View,
  row: Row,
  unit: Unit,
  caller: Principal & { readonly realm: number },
): MaybePromise<boolean> => {
  const { rule } = view;
  if (rule === "all") return true;
  if (rule === "none") return false;
  if (view.local) return holds(rule, row, caller, unit.now);
  const plan = acceptQuery(
    { action: "get", name: "visible" } as never,
    view,
    { id: row["id"] as string },
    { principal: caller, related: new RelatedReads(undefined, caller), cursorSecret: "", now: () => unit.now, text: false },
  );
  if (!("kind" in plan) || plan.kind !== "rows") return false;
  return unit.read(plan.shape, plan.call).then((rows) => rows.length > 0);
};
