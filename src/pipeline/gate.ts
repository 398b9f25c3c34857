/**
 * What stands at the gate of every call beyond who calls: limits, quotas, run-time policies, and the record of usage. The pipeline knows it by this
 * interface; what is behind it is given by the host.
 */
import type { MaybePromise } from "../store/store.ts";
import type { CallContext, RunOutcome } from "./context.ts";
import type { Refusal } from "./refusal.ts";

/** A limit as it stands after a call (draft-ietf-httpapi-ratelimit-headers). */
export interface LimitState {
  readonly name: string;
  /** Units per window. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Seconds until more is available. */
  readonly resetSeconds: number;
}

export interface Gate {
  /** Policies and limits of a call whose caller is known; a refusal ends it. Notes in the context what `answered` will need. */
  admit(context: CallContext): MaybePromise<Refusal | undefined>;
  /** Policies of a call that was admitted and goes on, as they are now; nothing is counted. */
  review?(context: CallContext): MaybePromise<Refusal | undefined>;
  /** Changes what is answered, where a policy says so: redaction, transformation. */
  present?(context: CallContext, outcome: RunOutcome): RunOutcome;
  /** Takes back what an admitted call holds and has counted: it is made anew, as a step of a batch that is run again. */
  abandon(context: CallContext): void;
  /** Told of every call once, whether it was admitted or not. `elapsedMs`: from its arrival in the pipeline. */
  answered(context: CallContext, outcome: RunOutcome, elapsedMs: number): void;
}
