/** What the writer takes and gives. It knows tables and rows; what a command means is its own business. */
import type { Value } from "../define/expression.ts";
import type { Actor, SessionChange } from "../define/function.ts";
import type { Metering } from "../pipeline/metering.ts";
import type { Page } from "../pipeline/page.ts";
import type { Refusal } from "../pipeline/refusal.ts";
import type { Key, MaybePromise, Row } from "../store/store.ts";
import type { StoreError } from "../store/store-error.ts";
import type { Table } from "../store/table.ts";
import type { Unit } from "./unit.ts";

/** A row (or the holder of a unique value) that the batch fetches for all its commands at once. */
export type Need =
  | { readonly by: "key"; readonly table: Table; readonly key: Key["key"] }
  | { readonly by: "unique"; readonly table: Table; readonly fields: readonly string[]; readonly values: readonly Value[] };

/** Who and what, for the journal. */
export interface Origin {
  readonly operation: string;
  readonly channel: string;
  readonly requestId: string;
  readonly address: string | null;
  readonly app: string | null;
  readonly user: string | null;
  readonly subject: string | null;
  /** Who really acts, where somebody acts for another. */
  readonly actor?: Actor;
}

/** An Idempotency-Key, whose it is, and a digest of what was asked. */
export interface Idempotency {
  readonly caller: string;
  readonly key: string;
  readonly fingerprint: string;
}

export interface Command {
  readonly realm: number;
  readonly origin: Origin;
  readonly idempotency?: Idempotency;
  /** Members of its answer that are secrets: an answer that is kept to be given again leaves them out. */
  readonly secrets?: readonly string[];
  /** Milliseconds since the epoch; past it the command is refused unexecuted. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** It runs here whoever has the lease of its partition, which is taken from him for the time of the batch. */
  readonly isGuest?: true;
  /** Of a job: how many jobs, one because of the other, what it emits comes after. */
  readonly depth?: number;
  /** What it counts in the usage, written with what it changes. */
  readonly usage?: Metering;
  /** Tables with a sequence into which it may insert. */
  readonly sequences: readonly Table[];
  /** Tables kept in memory that it may look at or change. */
  readonly inMemory?: readonly Table[];
  /** What to fetch before it runs; the first round is asked before anything is there, later ones may look at the rows of the earlier ones. */
  readonly needs: readonly ((unit: Unit) => readonly Need[])[];
  /** Runs on the working set. May run more than once; only the last counts. */
  evaluate(unit: Unit): MaybePromise<Verdict>;
  /** What an error of the database means for this command, when only the database could notice; absent or `undefined`: the usual refusal. */
  refusalOf?(error: StoreError): Refusal | undefined;
}

export type Verdict =
  | {
      readonly ok: true;
      readonly status: 200 | 201 | 202 | 204;
      /** JSON-ready answer, asked for once the whole batch has been evaluated. */
      readonly data: () => unknown;
      /** Of a list that was read within a group. */
      readonly page?: Page;
      readonly id?: string;
      readonly replayed?: true;
      readonly session?: SessionChange;
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly keep?: true };

export type Outcome =
  | {
      readonly ok: true;
      readonly status: 200 | 201 | 202 | 204;
      readonly data: unknown;
      readonly page?: Page;
      readonly id?: string;
      readonly replayed?: true;
      readonly session?: SessionChange;
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly replayed?: true };

/** A command, or one made from the outcomes of the steps before it, or a refusal known already. */
export type Step = Command | ((earlier: readonly Outcome[]) => MaybePromise<Command | Refusal>);

/** What must hold of the changed rows of a table, all of one realm. A text says what does not. */
export interface TableInvariant {
  readonly table: Table;
  check(changes: readonly { readonly before: Row | undefined; readonly after: Row | undefined }[]): string | undefined;
}

/** A moment at which a row wants to be worked on. */
export interface DueMoment {
  readonly table: Table;
  readonly realm: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Knows what is due. The writer asks it before each batch and tells it what a batch has committed. */
export interface Agenda {
  /** What is due now, bounded; it goes at the head of the batch. Never rejects. */
  take(now: number): MaybePromise<readonly DueWork[]>;
  noticed(moments: readonly DueMoment[]): void;
}

export interface DueWork {
  readonly group: Group;
  /** Told of the outcome. */
  readonly done: (outcomes: readonly Outcome[]) => void;
}

/** Steps that commit together or not at all. A single command is a group of one. */
export interface Group {
  readonly steps: readonly Step[];
  /** Of steps that are made while they run. */
  readonly realm?: number;
}
