/**
 * Whether the fields of a call fit, before somebody is asked to confirm it: nobody should agree to what is refused for its form. What depends on rows and on
 * the caller's roles is judged when it is made.
 */
import type { Operation } from "../../contract/contract.ts";
import { type AcceptFields, compileFields } from "../../contract/values/fields.ts";
import type { Call } from "../../pipeline/call.ts";
import { invalid, type Refusal } from "../../pipeline/refusal.ts";
import type { Tool } from "./tool.ts";

const acceptors = new WeakMap<Operation, AcceptFields>();

const acceptorOf = (operation: Operation): AcceptFields => {
  let accept = acceptors.get(operation);
  if (accept === undefined) {
    const isUpdate = operation.action === "update";
    const { input, required } = operation;
    accept = compileFields(input, { required, partial: isUpdate, defaults: !isUpdate, unknown: "refuse" });
    acceptors.set(operation, accept);
  }
  return accept;
};

/** What is wrong with the input's form, under the names of the version that is served. */
export const flawOfInput = ({ shown }: Tool, { input }: Call): Refusal | undefined => {
  if (shown.action === "delete") return undefined;
  const accepted = acceptorOf(shown)(input.body ?? {}, false);
  return accepted.ok ? undefined : invalid(accepted.issues);
};
