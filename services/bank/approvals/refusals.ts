/** Refusals of decisions. */
import type { RefusalSpecs } from "pons";

/** Refusals of whoever decides. */
export const reviewRefusals = {
  approval_decided: { status: 409, doc: "It is not pending any more." },
  approval_expired: { status: 409, doc: "It was to be decided earlier." },
  own_approval: { status: 403, doc: "Nobody decides what they asked for themselves." },
} as const satisfies RefusalSpecs;

/** Refusals of whoever approves. */
export const decisionRefusals = {
  ...reviewRefusals,
  action_refused: { status: 422, doc: "It cannot be carried out as things stand; nothing has changed." },
} as const satisfies RefusalSpecs;
