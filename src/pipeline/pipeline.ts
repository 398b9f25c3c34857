/**
 * What a channel sees of the pipeline. `run` is the whole managed call: identify, admit, authorize, accept, run, present, record.
 * It never throws and never rejects: every outcome is a `Result`. It answers synchronously where no I/O was needed.
 */
import type { MaybePromise } from "../store/store.ts";
import type { Call, Result } from "./call.ts";
import type { RunOutcome } from "./context.ts";
import type { EventQuery, Subscription } from "./events.ts";
import type { Caller } from "./identity/caller.ts";
import type { Page } from "./page.ts";
import type { Refusal } from "./refusal.ts";

/** One step of a mixed batch. Its call may be made from the results of the steps it depends on (all of them earlier). */
export interface BatchStep {
  readonly dependsOn: readonly number[];
  /** Given the results so far by position (only those of `dependsOn` are sure to be there). */
  prepare(earlier: readonly (Result | undefined)[]): Call | Refusal;
}

export type Strategy = "atomic" | "independent";

/**
 * Rows of a list without page limit, in chunks; already presented (redacted, down-converted). `fields` are the names of the fields that this caller
 * sees, where every row has just these: no selection, no relations, the newest version.
 */
export type RowStream =
  | { readonly ok: true; readonly rows: AsyncIterable<readonly unknown[]>; readonly fields?: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Pipeline {
  run(call: Call): MaybePromise<Result>;
  /**
   * Who calls, or why nobody does, for connections that stay open longer than a call. Runs and counts nothing; who is turned away is recorded, unless the call
   * is idle. Throws `StoreError`.
   */
  identify(call: Call): MaybePromise<Caller | Refusal>;
  /** Notes in the call's findings what policies say of what a channel answers its caller by itself: what a page of another origin may read of it. */
  note(call: Call, caller: Caller): MaybePromise<void>;
  /**
   * Whether the caller may make the call at all: identify, admit, authorize. Runs nothing and looks at no row and no body. For channels that read
   * before they change: who may not change is refused (401, 403) before it is told what there is.
   */
  permit(call: Call): MaybePromise<Refusal | undefined>;
  /**
   * A call that the channel refuses itself, as its body is none: it counts like any other, and is refused with what the gate says where it says
   * something.
   */
  decline(call: Call, refusal: Refusal): MaybePromise<Refusal>;
  /**
   * Many calls at once, one result each, in order. Each passes every step by itself.
   * independent: each stands alone. atomic: all commands commit together or none; the first refusal is given to its item, the others say
   * `rolled_back`.
   */
  runBatch(steps: readonly BatchStep[], options: { readonly strategy: Strategy }): MaybePromise<readonly Result[]>;
  /** Events of a service, as they are committed: `call.operation` is the contract's `events`; `call.signal` ends it. */
  subscribe(call: Call, query: EventQuery): MaybePromise<Subscription>;
  /** A list operation as a stream: NDJSON, CSV, exports. */
  stream(call: Call): MaybePromise<RowStream>;
}

/** What another node sees of the pipeline. */
export interface Handover {
  /**
   * Calls that another node hands over, with their principals: one, or several that commit together. Outcomes as they are, in the words of the
   * newest version: to present and to record them is for the node that was asked.
   */
  takeOver(calls: readonly (Call | Refusal)[], options: { readonly strategy: Strategy }): Promise<readonly RunOutcome[]>;
}

export type { MaybePromise, Page };
