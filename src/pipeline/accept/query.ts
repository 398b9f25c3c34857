/**
 * Accepts what a list is asked for: names are looked up, values decoded, and the whole becomes shapes for the store.
 * An unknown field, operator or value is an issue that names it. A field the caller may not read is unknown.
 *
 * Limits: 50 conditions, 200 values in a set, 8 sort fields, 3 levels of relations with 10 each and 100,000 rows at most, pages up to 10^6 deep.
 */
import type { ManyContract, Operation, ResourceContract } from "../../contract/contract.ts";
import type { Input } from "../call.ts";
import type { Plan } from "../plan.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { View } from "../view.ts";
import { planAggregate, planCount } from "./query/aggregate.ts";
import type { QueryContext } from "./query/builder.ts";
import { chosenGet, plainGet, planSeveral } from "./query/get.ts";
import { planList } from "./query/list.ts";

export type { QueryContext };

/** Accepts the query of a read operation. `view` is of the roles the operation is open to. */
export const acceptQuery = (operation: Operation, view: View, input: Input, context: QueryContext): Plan | Refusal => {
  if (view.rule === "none") return refuse("forbidden");
  switch (operation.action) {
    case "get":
      if (input.ids !== undefined) return planSeveral(view, input.ids, input, context);
      return input.query === undefined ? plainGet(view, input, context) : chosenGet(view, input, context);
    case "list":
    case "count": {
      const parent = input.parent ?? (input.parents === undefined ? undefined : { ...input.parents, id: "" });
      const many = parent === undefined ? undefined : parentRelation(operation, parent);
      if (parent !== undefined && many === undefined) return refuse("not_found");
      if (operation.action === "count") return planCount(view, input, context, many);
      if (input.parents === undefined || parent === undefined) return planList(view, input, context, many);
      const plan = planList(view, { ...input, parent }, context, many);
      return "kind" in plan ? { kind: "several", plan, keys: input.parents.ids } : plan;
    }
    case "property":
    case "stats":
      return planAggregate(operation, view, input, context);
    default:
      throw new Error(`${operation.name} is no read`);
  }
};

/** Parents' relations, registered when a contract is put into service. */
const relations = new WeakMap<ResourceContract, Map<string, ManyContract>>();

/** Lets `/{parent}/{id}/{relation}` find its way: called once per contract. */
export const registerRelations = (resources: Iterable<ResourceContract>): void => {
  for (const resource of resources) {
    for (const [name, many] of resource.many) {
      const known = relations.get(many.target) ?? new Map<string, ManyContract>();
      known.set(`${resource.name}.${name}`, many);
      relations.set(many.target, known);
    }
  }
};

const parentRelation = (operation: Operation, parent: NonNullable<Input["parent"]>): ManyContract | undefined =>
  operation.resource === undefined ? undefined : relations.get(operation.resource)?.get(`${parent.resource}.${parent.relation}`);
