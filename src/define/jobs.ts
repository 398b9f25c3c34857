/**
 * Jobs of a service: work that nobody calls. It follows an event that was committed, or a clock.
 *
 *   jobs: {
 *     welcome: job({
 *       doc: "Opens a savings account for whoever opened a current one.",
 *       on: "accounts.opened",
 *       run: (ctx, event) => ctx.table(accounts).insert({ … }),
 *     }),
 *     notify: job({
 *       doc: "Tells the card scheme.",
 *       on: ["cards.issued", "cards.blocked"],
 *       work: (ctx, event) => post(event.data, ctx.signal),
 *       run: (ctx, event, answer) => ctx.table(cards).update(event.row, { reference: answer.reference }),
 *     }),
 *     close: schedule("0 3 * * *", { doc: "Closes the day.", run: async (ctx, { dueAt }) => { … } }),
 *   }
 *
 * `run` is a command of the system: what it changes and emits commits together with the note that it has been done, so that it takes effect exactly once.
 * `work` is for what lies outside: it runs before, beside the writer, and at least once.
 */
import type { Calling } from "./calls.ts";
import type { CommandContext, EntryRequest, QueryContext, RowRequest, RowsRequest } from "./function.ts";

/** An event as a job gets it. */
export interface JobEvent {
  /** Its position in the journal of the environment: `123-0`. The same each time: for what must not be done twice outside. */
  readonly id: string;
  readonly seq: number;
  /** When it was committed, RFC 3339 in UTC. */
  readonly at: string;
  readonly service: string;
  /** `accounts.opened`. */
  readonly type: string;
  /** Id of the row that it is about; null where its data name none. */
  readonly row: string | null;
  /** As JSON has it: money and long integers are strings. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the call that emitted it. */
  readonly requestId: string;
  /** How many jobs, one because of the other, came before it; 0: somebody called. */
  readonly depth: number;
}

/** One run of a schedule. */
export interface ScheduledRun {
  /** The moment that it runs for, RFC 3339 in UTC; the first of those that were missed, if some were. */
  readonly dueAt: string;
  /** When it last ran to its end; null: never. */
  readonly lastAt: string | null;
}

type Awaitable<T> = T | Promise<T>;

/** What `rowOf`, `rowsOf` and `entryOf` make, of whatever resource. */
type AnyRequest =
  | { readonly resource: object; readonly id: string | null }
  | { readonly resource: object; readonly ids: readonly string[] }
  | EntryRequest;

/** A request of `work` to a party outside. */
export interface OutsideRequest {
  /** `GET` when absent. */
  readonly method?: string;
  /** `Host`, `Connection` and `Accept-Encoding` are set by Pons. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** For everything, to the last byte of the answer: 1 … 120,000; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** Of the answer's body: 1 … 16 MiB; 1 MiB when absent. */
  readonly bytesMax?: number;
  /**
   * A secret of the installation (`PONS_OUTBOUND_SECRETS`) that is sent along, as `Authorization: Bearer …` unless a header, or what comes before it, is
   * given. It goes to the origin that it is for, and nowhere else.
   */
  readonly secret?: { readonly name: string; readonly header?: string; readonly prefix?: string };
}

/** What `work` is given: all that a query has, other services, and ways to outside. */
export interface WorkContext extends QueryContext, Calling {
  /**
   * Asks a party outside. Addresses are https and public, or named in `PONS_OUTBOUND_ALLOW`; redirects are not followed. Resolves with the answer, of any
   * status but 3xx, when its whole body has come. Rejects with an `OutboundError` that names the fault, such as `unreachable`, `timed_out`, `too_large`, or
   * `resting`: the party has failed several times in a row, or has asked for a pause, and is left alone for a while.
   */
  fetch(url: string, request?: OutsideRequest): Promise<Response>;
}

interface SharedSpec {
  /** One sentence. */
  readonly doc: string;
  /** How often it is tried before it is given up, 1 … 100; 12 when absent: over half an hour. */
  readonly attempts?: number;
  /** How long `work` may take, in seconds, 1 … 3,600; 30 when absent. Then its signal aborts, and it counts as failed. */
  readonly timeoutSeconds?: number;
}

export interface JobSpec<R> extends SharedSpec {
  /** The events of the service that it follows: `accounts.opened`, `accounts.*`, `*`. */
  readonly on: string | readonly string[];
  /** Which events are there for it when it is new: those from then on (when absent), or all that ever were. */
  readonly from?: "now" | "beginning";
  /** How many rows' events `work` may be at at the same time, 1 … 32; 1 when absent: one event after the other. */
  readonly atOnce?: number;
  /** Rows that `run` will need, fetched for many events at once; then `ctx.table(…).loaded(id)` gives them without waiting. */
  load?(event: JobEvent): Readonly<Record<string, AnyRequest>>;
  /** What lies outside: reads what is committed, changes nothing, and may run again. */
  work?(ctx: WorkContext, event: JobEvent): Promise<R>;
  /** Inside the writer. `result`: what `work` gave. A refusal or an error: it is tried again. */
  run?(ctx: CommandContext, event: JobEvent, result: R): unknown;
}

export interface ScheduleSpec<R> extends SharedSpec {
  /** IANA name of the time zone that a cron expression is read in; UTC when absent. */
  readonly timezone?: string;
  work?(ctx: WorkContext, run: ScheduledRun): Promise<R>;
  run?(ctx: CommandContext, run: ScheduledRun, result: R): Awaitable<unknown>;
}

/** What is the same for both kinds, types forgotten. */
interface AnyJob {
  readonly doc: string;
  readonly attempts?: number;
  readonly timeoutSeconds?: number;
  readonly work?: (ctx: never, subject: never) => Promise<unknown>;
  readonly run?: (ctx: never, subject: never, result: never) => unknown;
}

export interface BackgroundJob extends AnyJob {
  readonly kind: "background";
  readonly on: string | readonly string[];
  readonly from?: "now" | "beginning";
  readonly atOnce?: number;
  readonly load?: (event: JobEvent) => Readonly<Record<string, RowRequest | RowsRequest | EntryRequest>>;
}

/** When a schedule runs: a cron expression of five fields, or every so many seconds, reckoned from 1970 on. */
export type When = string | { readonly every: number };

export interface ScheduledJob extends AnyJob {
  readonly kind: "scheduled";
  readonly when: When;
  readonly timezone?: string;
}

export type JobDefinition = BackgroundJob | ScheduledJob;

/** Work that follows events. */
export const job = <R = undefined>(spec: JobSpec<R>): BackgroundJob =>
  ({ kind: "background", ...spec }) as unknown as BackgroundJob;

/** Work by the clock: `schedule("0 3 * * MON-FRI", …)`, `schedule({ every: 300 }, …)`. Once per moment, and once for all that were missed. */
export const schedule = <R = undefined>(when: When, spec: ScheduleSpec<R>): ScheduledJob =>
  ({ kind: "scheduled", when, ...spec }) as unknown as ScheduledJob;
