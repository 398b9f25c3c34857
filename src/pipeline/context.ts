/** One call on its way through the steps. Each step reads what the earlier ones set. */
import type { Operation } from "../contract/contract.ts";
import type { SessionChange } from "../define/function.ts";
import type { MaybePromise, Row } from "../store/store.ts";
import type { Call, Input } from "./call.ts";
import type { Caller } from "./identity/caller.ts";
import type { Metering } from "./metering.ts";
import type { Page, RowGroup } from "./page.ts";
import type { Plan, RowsPlan } from "./plan.ts";
import type { Refusal } from "./refusal.ts";
import type { View } from "./view.ts";
import type { Words } from "./words.ts";

export type { Caller };

export interface CallContext {
  readonly call: Call;
  readonly operation: Operation;
  /** What is asked: the call's input, as policies leave it. */
  input: Input;
  /** Names that policies give to fields: those of the input are the definition's again, those of the answer are still to be given. */
  words: Words | undefined;
  /** identify */
  caller: Caller | undefined;
  /** authorize: the caller's roles that open the operation. */
  roles: readonly string[];
  view: View | undefined;
  /** accept */
  id: string | undefined;
  body: Row | undefined;
  plan: Plan | undefined;
  /** The parent of a related collection, which the caller must see. */
  parentPlan: RowsPlan | undefined;
  /** The whole row an item query is handed. */
  rowPlan: RowsPlan | undefined;
  /** Reads of other resources that the plan makes: what each of them needs by itself is asked of the caller. */
  related: readonly Operation[];
  /** run */
  outcome: RunOutcome | undefined;
  /** When it came, milliseconds of `performance.now()`. */
  readonly startedMs: number;
  /** Units that the call counts; the operation's own unless its plan says otherwise. */
  units: number;
  /** What the gate holds for the time of the call. */
  held: unknown;
  /** It has passed all steps: it was run. */
  hasRun: boolean;
  /** Of a command that reached the writer: what it counts, and whether that is committed. */
  metering: Pick<Metering, "isRecorded"> | undefined;
}

export type RunOutcome =
  | {
      readonly ok: true;
      readonly status: 200 | 201 | 202 | 204;
      data: unknown;
      readonly page?: Page;
      readonly groups?: readonly RowGroup[];
      readonly id?: string;
      readonly replayed?: true;
      readonly session?: SessionChange;
      readonly isRecorded?: true;
    }
  /** `isRecorded`, between nodes: what the call counts is committed. */
  | { readonly ok: false; readonly refusal: Refusal; readonly replayed?: true; readonly isRecorded?: true };

/** The call as another node takes it over: as the gate of this one has left it. */
export const handedCall = ({ call, caller, input, units, words }: CallContext): Call => ({
  ...call,
  input,
  units,
  ...(caller === undefined ? {} : { principal: caller }),
  ...(words === undefined ? {} : { names: words.names }),
});

/** A step lets the call pass (`undefined`) or refuses it. */
export type Step = (context: CallContext) => MaybePromise<Refusal | undefined>;

/** Whose an atomic batch is, and what it looks like from outside. */
export interface AtomicOrigin {
  /** Absent: nobody's, and every step will be refused. */
  readonly realm: number | undefined;
  readonly isHandedOver?: true;
  /** All its calls, admitted and with their principals, where they can be made before any has run. */
  calls(): MaybePromise<readonly (Call | Refusal)[]> | undefined;
}

/** Executes accepted calls: the run step. Given by the sources. */
export interface Executor {
  /** Throws `StoreError`. */
  query(context: CallContext): MaybePromise<RunOutcome>;
  /** Runs in the writer; answers after the commit. Never rejects. */
  command(context: CallContext): Promise<RunOutcome>;
  /** Steps that commit together or not at all; a step is made once the ones before it have run. */
  atomic(
    steps: readonly ((earlier: readonly RunOutcome[]) => MaybePromise<CallContext | Refusal>)[],
    origin: AtomicOrigin,
  ): Promise<readonly RunOutcome[]>;
  /** All rows of a plan, presented, in chunks. */
  scan(plan: RowsPlan, signal: AbortSignal | undefined): AsyncIterable<readonly unknown[]>;
}
