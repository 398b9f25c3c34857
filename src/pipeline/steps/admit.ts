/** admit: whether the call may be taken now. Refuses 503 when too many calls are under way, 504 when its time is over already. */
import type { Step } from "../context.ts";
import type { Gate } from "../gate.ts";
import { refuse } from "../refusal.ts";

export interface Admission {
  /** Calls under way. */
  inFlight: number;
  readonly inFlightMax: number;
  /** Limits and policies; what was handed over has passed those of the node that was asked. */
  readonly gate?: Gate;
}

const retryAfterSeconds = 1;

export const admit =
  (admission: Admission): Step =>
  (context) => {
    const { call } = context;
    if (admission.inFlight > admission.inFlightMax) return refuse("overloaded", { retryAfter: retryAfterSeconds });
    if (call.signal?.aborted === true || (call.deadline !== undefined && call.deadline <= Date.now()))
      return refuse("deadline_exceeded");
    return call.isHandedOver === true ? undefined : admission.gate?.admit(context);
  };
