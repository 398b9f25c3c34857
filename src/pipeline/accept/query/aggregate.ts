/** Plans counts, properties of collections and statistics. */
import type { ManyContract, Operation } from "../../../contract/contract.ts";
import type { Input } from "../../call.ts";
import type { AggregatePlan, CountPlan } from "../../plan.ts";
import type { Refusal } from "../../refusal.ts";
import type { View } from "../../view.ts";
import type { QueryContext } from "./builder.ts";
import { addFilters, refuseMember, startOf } from "./start.ts";

const statisticRowsMax = 1_000;

export const planCount = (
  view: View,
  input: Input,
  context: QueryContext,
  parent: ManyContract | undefined,
): CountPlan | Refusal => {
  const query = input.query ?? {};
  const builder = startOf(view, input, context, parent);
  refuseMember(builder, query, ["filters", "named"]);
  addFilters(builder, query);
  builder.bindCaller();
  return (
    builder.refusal ?? {
      kind: "count",
      shape: { kind: "count", key: builder.keyOf("count", 0), ...builder.shape() },
      call: { realm: context.principal.realm, params: builder.values },
    }
  );
};

export const planAggregate = (operation: Operation, view: View, input: Input, context: QueryContext): AggregatePlan | Refusal => {
  const query = input.query ?? {};
  const builder = startOf(view, input, context, undefined);
  refuseMember(builder, query, ["filters", "named"]);
  addFilters(builder, query);
  builder.bindCaller();
  const { output } = operation;
  const groups = output.kind === "stats" ? (output.statistic.group ?? []) : [];
  const measures = output.kind === "stats" ? output.statistic.measures : output.kind === "value" ? { value: output.measure } : {};
  return (
    builder.refusal ?? {
      kind: "aggregate",
      shape: {
        kind: "aggregate",
        key: builder.keyOf(operation.name, 0),
        ...builder.shape(),
        groups: groups.map((group) =>
          typeof group === "string" ? { name: group, field: group } : { name: group.part, field: group.by, part: group.part },
        ),
        measures,
      },
      call: { realm: context.principal.realm, params: builder.values, limit: statisticRowsMax + 1 },
      groupsMax: statisticRowsMax,
      single: output.kind !== "stats",
    }
  );
};
