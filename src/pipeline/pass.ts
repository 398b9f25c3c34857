/** A call's context, and its way through steps. */
import type { MaybePromise } from "../store/store.ts";
import type { Call } from "./call.ts";
import type { CallContext, Step } from "./context.ts";
import type { Refusal } from "./refusal.ts";
import { wordsOf } from "./words.ts";

const none: readonly never[] = [];

/** The context of a call that has come. */
export const contextOf = (call: Call): CallContext => ({
  call,
  operation: call.operation,
  input: call.input,
  words: call.names === undefined ? undefined : wordsOf(call.operation, call.names),
  caller: undefined,
  roles: [],
  view: undefined,
  id: undefined,
  body: undefined,
  plan: undefined,
  parentPlan: undefined,
  rowPlan: undefined,
  related: none,
  outcome: undefined,
  startedMs: performance.now(),
  units: call.units ?? call.operation.cost,
  held: undefined,
  hasRun: false,
  metering: undefined,
});

/** Lets a context pass the steps from `first` on; stays synchronous as long as they are. */
export const pass = (steps: readonly Step[], context: CallContext, first = 0): MaybePromise<Refusal | undefined> => {
  for (let position = first; position < steps.length; position++) {
    const refusal = (steps[position] as Step)(context);
    if (refusal instanceof Promise) {
      return refusal.then((refused) => refused ?? pass(steps, context, position + 1));
    }
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};
