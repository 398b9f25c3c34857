/** What every read of rows begins with: the row rule, the parent, the filters. */
import type { ManyContract } from "../../../contract/contract.ts";
import type { Input, RawQuery } from "../../call.ts";
import type { View } from "../../view.ts";
import { Builder, type QueryContext } from "./builder.ts";
import { belongs } from "./include.ts";

const conditionsMax = 50;

/** The conditions every read of a view has: the row rule and, for a related collection, the parent. */
export const startOf = (view: View, input: Input, context: QueryContext, parent: ManyContract | undefined): Builder => {
  const builder = new Builder(view, context);
  if (input.parent !== undefined && parent !== undefined) {
    const key = builder.param("text", input.parent.id);
    builder.conditions.push(belongs(parent, key));
    if (parent.through !== undefined)
      builder.links.set(parent.through.name, { name: parent.through.name, table: parent.through.table });
  }
  if (view.rule !== "all" && view.rule !== "none") builder.rule(view.rule);
  return builder;
};

export const addFilters = (builder: Builder, query: RawQuery): void => {
  const filters = query.filters ?? [];
  const named = query.named ?? [];
  if (filters.length + named.length > conditionsMax) {
    builder.issue("filters", "too_many", { max: conditionsMax });
    return;
  }
  for (const raw of filters) builder.filter(raw);
  for (const { name, params } of named) builder.named(name, params);
};

export const refuseMember = (builder: Builder, query: RawQuery, allowed: readonly (keyof RawQuery)[]): void => {
  for (const member of Object.keys(query) as (keyof RawQuery)[]) {
    if (query[member] !== undefined && !allowed.includes(member)) builder.issue(member, "unknown_field");
  }
};
