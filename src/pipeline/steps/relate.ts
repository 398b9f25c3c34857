/**
 * relate: who reads a related resource with a call needs what it takes to read it by itself: roles, scopes, operations of the key, policies. Refuses as the read
 * itself would. Limits are counted for the call alone.
 */
import type { Operation } from "../../contract/contract.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { CallContext, Step } from "../context.ts";
import { andThen } from "../condition.ts";
import type { Gate } from "../gate.ts";
import { contextOf } from "../pass.ts";
import type { Refusal } from "../refusal.ts";
import { authorize } from "./authorize.ts";

/** The read of a related resource as a call of its own: of nothing, told to nobody. */
const readOf = ({ call, caller }: CallContext, operation: Operation): CallContext => {
  const { findings: _findings, names: _names, ...own } = call;
  const asked = contextOf({ ...own, operation, input: {} });
  asked.caller = caller;
  return asked;
};

export const relate = (gate: Gate | undefined): Step => {
  const from = (context: CallContext, first: number): MaybePromise<Refusal | undefined> => {
    const operation = context.related[first];
    if (operation === undefined) return undefined;
    const asked = readOf(context, operation);
    const barred = authorize(asked);
    if (barred !== undefined) return barred;
    // What was handed over has passed the policies of the node that was asked.
    if (gate?.review === undefined || context.call.isHandedOver === true) return from(context, first + 1);
    return andThen(gate.review(asked), (refusal) => refusal ?? from(context, first + 1));
  };
  return (context) => (context.related.length === 0 ? undefined : from(context, 0));
};
