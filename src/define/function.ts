/**
 * Functions: operations beyond reading and writing rows. A `command` changes state and runs in the writer; a `query` only reads.
 *
 * A command runs inside a batch, in order of arrival, on rows held in memory: what it changes is applied with the rest of the batch and
 * committed before anyone is answered. If it refuses or throws, its own changes vanish and its neighbours are untouched. It may run again when
 * a batch has to be repeated, so it has no effect but through `ctx`.
 *
 * Declare in `load` the rows it will need: the batch fetches the rows of all its calls at once, and `run` can be a plain synchronous function.
 */
import type { Condition } from "./expression.ts";
import type { Fields, InputOf, InsertOf, RowOf } from "./field.ts";
import type { RecentCall } from "./recent-call.ts";
import type { Caller, Operands, ResourceDefinition } from "./resource.ts";

export type FunctionTarget = "item" | "collection" | "free";

type Awaitable<T> = T | Promise<T>;

/** Who really acts, where somebody acts for another: a teller for a customer, an operator of the installation for a tenant. */
export interface Actor {
  readonly tenant: string;
  readonly app: string | null;
  readonly user: string | null;
  /** Why, as the actor stated it. */
  readonly reason: string | null;
}

/** Who calls. */
export interface Principal {
  readonly tenant: string;
  readonly environment: string;
  readonly app: string | null;
  readonly user: string | null;
  /** The row the login stands for, such as a customer's id. */
  readonly subject: string | null;
  readonly roles: readonly string[];
  /** The credential by its id: a key, a session; absent where it has none. */
  readonly key?: string | null;
  /** What the credential is limited to; absent or null: all that its roles allow. */
  readonly scopes?: readonly string[] | null;
  /** Set where the caller acts for another. */
  readonly actor?: Actor;
  /** When a second factor was last shown, RFC 3339 in UTC; absent or null: never, or it has none to show. */
  readonly verifiedAt?: string | null;
  /** Address of the caller as text; null where the channel has none. */
  readonly address?: string | null;
}

/** Marks what `ctx.refuse` made: a row with a field of that name is not taken for a refusal. */
export const refusalMark: unique symbol = Symbol.for("pons.refusal");

/** Marks what `ctx.created`, `ctx.accepted` and `ctx.replayed` made. */
export const answerMark: unique symbol = Symbol.for("pons.answer");

/** Ends or begins the session of a browser; see `ctx.signedIn`. */
export interface SessionChange {
  /** The session's secret; null: the session has ended. */
  readonly token: string | null;
  /** For how long the browser keeps it, in seconds. */
  readonly maxAgeSeconds: number;
}

/** Marks what `ctx.document` made. */
export const documentMark: unique symbol = Symbol.for("pons.document");

/** What is wrong with one field: a code such as `too_small`, and what fills its message: `{ min: 1 }`. */
export interface FieldIssue {
  readonly code: string;
  readonly params?: Readonly<Record<string, string | number>>;
}

/** A refusal a function returns; only `ctx.refuse` makes one. `type` is declared in its `refusals` and stable. */
export interface FunctionRefusal {
  readonly [refusalMark]: true;
  readonly refused: true;
  readonly type: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Field → what is wrong with it, for refusals of single fields: codes, sentences, or codes with what fills their messages. */
  readonly fields?: Readonly<Record<string, readonly (string | FieldIssue)[]>> | undefined;
  /** Keep what the function wrote before it refused, such as a burned id. */
  readonly keep?: true;
}

/** Declared outcome types of a function: status and meaning. */
export type RefusalSpecs = Readonly<Record<string, { readonly status: number; readonly doc: string }>>;

/**
 * Rows of one resource inside a command. All rows read by id are locked until the commit. What is written has to fit its field (type, length,
 * null, an enum's values): `insert` and `update` throw otherwise, naming the field. Ranges and patterns bind callers only.
 */
export interface TableAccess<F extends Fields> {
  get(id: string): Awaitable<RowOf<F> | undefined>;
  /** Only rows that were declared in `load` or already touched; throws otherwise. Never waits. */
  loaded(id: string): RowOf<F> | undefined;
  insert(values: InsertOf<F>): RowOf<F>;
  /** The row must have been read in this batch (by `get`, `load` or as the function's own row). */
  update(id: string, changes: Partial<RowOf<F>>): RowOf<F>;
  delete(id: string): void;
  find(
    where: (row: Operands<F>) => Condition,
    options?: { readonly limit?: number; readonly sortBy?: string },
  ): Awaitable<RowOf<F>[]>;
  count(where: (row: Operands<F>) => Condition): Awaitable<number>;
  /** As in a query. */
  totals: TableReader<F>["totals"];
  /** Every row of a resource that is kept in memory (`inMemory`), by id, as it stands now. Throws for other resources. Never waits. */
  all(): readonly RowOf<F>[];
}

/** Rows of one resource inside a query. */
export interface TableReader<F extends Fields> {
  get(id: string): Awaitable<RowOf<F> | undefined>;
  find(
    where: (row: Operands<F>) => Condition,
    options?: { readonly limit?: number; readonly sortBy?: string },
  ): Awaitable<RowOf<F>[]>;
  count(where: (row: Operands<F>) => Condition): Awaitable<number>;
  /**
   * Sums over rows, exact, in one statement: one row per group, in the order of the groups, with the number of its rows. Without `group` one row over
   * everything. At most 10,000 groups; throws `RangeError` where there are more.
   *
   *   await ctx.table(transfers).totals({ group: ["currency"], sum: ["amount"] })   →  [{ currency: "EUR", amount: 125000n, count: 3 }]
   */
  totals<const G extends keyof F & string = never, const S extends keyof F & string = never>(wanted: {
    readonly where?: (row: Operands<F>) => Condition;
    readonly group?: readonly G[];
    /** Groups by a part of an instant or a day too, first; the rows have it as `part`: `2024-05`, `2024-05-31`, `2024-05-31T13` (UTC). */
    readonly part?: { readonly of: keyof F & string; readonly by: "hour" | "day" | "month" | "year" };
    /** Whole numbers: money and integers. */
    readonly sum: readonly S[];
  }): Awaitable<
    readonly (Pick<RowOf<F>, G> & { readonly [K in S]: bigint } & { readonly count: number; readonly part?: string })[]
  >;
}

interface BaseContext {
  readonly principal: Principal;
  /** The moment the batch runs, RFC 3339 in UTC; the same for every call of the batch. */
  readonly now: string;
  readonly locale: string;
  /** Refuses the call. `return ctx.refuse("insufficient_funds", { available, required })`. */
  refuse(
    type: string,
    details?: Readonly<Record<string, unknown>>,
    options?: { readonly fields?: FunctionRefusal["fields"]; readonly keep?: true },
  ): FunctionRefusal;
  /**
   * A secret of 256 bits, base64url, that follows from the installation's own and a label: the same each time, and not to be had from the database.
   * For what must be shown again or checked with, such as a key to sign with.
   */
  derive(label: string): string;
  /** Answers a document, of a type that the function's `documents` lists: `return ctx.document({ mediaType: "text/csv", filename: "may.csv", content })`. */
  document(document: DocumentContent): DocumentAnswer;
}

export interface QueryContext extends BaseContext {
  /**
   * Calls of the caller's tenant that this node has answered lately, newest first, whatever came of them; empty where nothing is remembered. At most
   * `max`, and at most 1,000.
   */
  recentCalls(max: number): readonly RecentCall[];
  /**
   * Rows of a resource. `environment`: those of one environment of the caller's tenant, for a service whose rows are the tenant's as a whole; it throws in
   * others.
   */
  table<F extends Fields>(resource: ResourceDefinition<string, F>, options?: { readonly environment?: string }): TableReader<F>;
  readonly signal: AbortSignal;
}

export interface CommandContext extends BaseContext {
  table<F extends Fields>(resource: ResourceDefinition<string, F>): TableAccess<F>;
  /** An entry of the installation's directory, as its value; `undefined` where there is none. What a command always needs it asks for in `load` (`entryOf`). */
  entry(kind: string, name: string): Awaitable<Readonly<Record<string, unknown>> | undefined>;
  /** A new identifier for a resource. */
  id(resource: ResourceDefinition): string;
  /** Whether the caller's row rule lets them see a row. Code itself sees every row of the tenant's environment. */
  visible<F extends Fields>(resource: ResourceDefinition<string, F>, row: RowOf<F>): boolean;
  /** Emits an event that the function's resource declares, or the one given; it commits with the command. */
  emit(event: string, data: Readonly<Record<string, unknown>>, of?: ResourceDefinition): void;
  /** Answers 201 instead of 200. A `create` does so by itself where the row that it answers with is new. */
  created<T>(data: T): Answer<T>;
  /** Answers 202: what was asked for is noted and waits, such as for somebody's approval. The function's `accepted` says for what. */
  accepted<T>(data: T): Answer<T>;
  /** Answers 200 with what an earlier call created. */
  replayed<T>(data: T): Answer<T>;
  /** Answers 200 and begins (or, with a null token, ends) the session of the caller's browser, where the channel has one: a cookie over HTTP. */
  signedIn<T>(data: T, session: SessionChange): Answer<T>;
}

/** An answer with a status of its own; only `ctx.created`, `ctx.accepted` and `ctx.replayed` make one. */
export interface Answer<T = unknown> {
  readonly [answerMark]: true;
  readonly answered: true;
  readonly status: 200 | 201 | 202;
  readonly data: T;
  readonly replayed?: true;
  readonly session?: SessionChange;
}

/** A file as a function gives it. */
export interface DocumentContent {
  /** One of the function's `documents`: `application/xml`. */
  readonly mediaType: string;
  /** What it is called where it is saved. What a file system could take amiss is replaced. */
  readonly filename: string;
  /** Text is sent as UTF-8. At most 16 MiB. */
  readonly content: string | Uint8Array;
}

/** A document as the answer of a function; only `ctx.document` makes one. */
export interface DocumentAnswer extends DocumentContent {
  readonly [documentMark]: true;
}

/** A row to fetch before a call runs; made by `rowOf`. */
export interface RowRequest<F extends Fields = Fields> {
  readonly resource: ResourceDefinition<string, F>;
  readonly id: string | null;
}

/** Asks for one row of `resource` in a command's `load`; a null id asks for nothing. */
export const rowOf = <F extends Fields>(resource: ResourceDefinition<string, F>, id: string | null): RowRequest<F> => ({
  resource,
  id,
});

/** Rows to fetch before a call runs; made by `rowsOf`. */
export interface RowsRequest<F extends Fields = Fields> {
  readonly resource: ResourceDefinition<string, F>;
  readonly ids: readonly string[];
}

/** Asks for several rows of `resource` in a command's `load`; they are given in the order of `ids`, `undefined` where there is none. */
export const rowsOf = <F extends Fields>(resource: ResourceDefinition<string, F>, ids: readonly string[]): RowsRequest<F> => ({
  resource,
  ids,
});

/** An entry of the installation's directory to fetch before a call runs; made by `entryOf`. */
export interface EntryRequest {
  readonly entry: readonly [kind: string, name: string];
}

/** Asks for an entry of the installation's directory in a command's `load`, by kind and name; it is given as its value, `undefined` where there is none. */
export const entryOf = (kind: string, name: string): EntryRequest => ({ entry: [kind, name] });

/** What `load` returns: name → row or rows to fetch. */
export type Loads = { readonly [name: string]: RowRequest<never> | RowsRequest<never> | EntryRequest };

type Loaded<L> = {
  readonly [K in keyof L]: L[K] extends RowRequest<infer F>
    ? RowOf<F> | undefined
    : L[K] extends RowsRequest<infer F>
      ? readonly (RowOf<F> | undefined)[]
      : L[K] extends EntryRequest
        ? Readonly<Record<string, unknown>> | undefined
        : never;
};

/** Every row of a resource that is kept in memory (`inMemory`). */
export type AllOf = <F extends Fields>(resource: ResourceDefinition<string, F>) => readonly RowOf<F>[];

interface SharedSpec<On, I extends Fields> {
  readonly doc: string;
  readonly on: On;
  readonly roles: readonly string[];
  readonly input?: I;
  /** Fields of the answer. On an item or collection, absent means the resource's row; `none`: nothing (204); `document`: a file (`ctx.document`). */
  readonly output?: Fields | "none" | "row" | "rows" | "document";
  /** With `output: "document"`: the media types it may have, without parameters. */
  readonly documents?: readonly string[];
  readonly refusals?: RefusalSpecs;
  /** Units that a call counts against limits and quotas, and in the usage; 1 when absent. */
  readonly cost?: number;
  /** A person calls it only shortly after a second factor was shown (`step_up_required`); keys and tokens of apps are not asked. */
  readonly stepUp?: true;
}

export interface CommandSpec<
  F extends Fields,
  On extends FunctionTarget,
  I extends Fields,
  L,
  M = {},
  P = undefined,
> extends SharedSpec<On, I> {
  /** What an answer of 202 waits for, when it may give one (`ctx.accepted`): a sentence for the documents. */
  readonly accepted?: string;
  /**
   * Slow work that must not hold up the writer, such as hashing a password: it runs before the call is queued, reads what is committed, changes nothing,
   * and may run again. What it returns is given as `prepared`; a refusal ends the call. Such a command is no step of an atomic batch.
   */
  prepare?(
    ctx: QueryContext,
    call: {
      readonly row: On extends "item" ? RowOf<F> : undefined;
      readonly input: InputOf<I>;
    },
  ): Promise<P | FunctionRefusal>;
  /**
   * Rows the call will need; fetched (and locked) for the whole batch at once, then given as `loaded`. A reference in the input of a command is
   * not checked as in a plain create: a row that is not there is `undefined` here, to be refused by the command, and one that is there may be one
   * the caller does not see (`ctx.visible`).
   */
  load?(call: {
    readonly row: On extends "item" ? RowOf<F> : undefined;
    readonly input: InputOf<I>;
    readonly principal: Principal;
  }): L;
  /** A second round, chosen by what the first one found and by the rows kept in memory; given as `loaded` too. */
  loadMore?(call: {
    readonly row: On extends "item" ? RowOf<F> : undefined;
    readonly input: InputOf<I>;
    readonly principal: Principal;
    readonly loaded: Loaded<L>;
    readonly all: AllOf;
    /** RFC 3339 in UTC. */
    readonly now: string;
  }): M;
  run(
    ctx: CommandContext,
    call: {
      readonly row: On extends "item" ? RowOf<F> : undefined;
      readonly input: InputOf<I>;
      readonly loaded: Loaded<L> & Loaded<M>;
      readonly prepared: P;
    },
  ): unknown;
}

/**
 * Timed work of a resource: when the moment in the field `at` has passed (null: never), the writer runs it on that row at the head of a batch, as
 * the system (no role). It must change `at`: to null or to a later moment. What fails is told to the log and tried again a minute later.
 */
export interface DueSpec<F extends Fields, L> {
  readonly doc: string;
  readonly at: keyof F & string;
  load?(call: { readonly row: RowOf<F>; readonly principal: Principal }): L;
  run(ctx: CommandContext, call: { readonly row: RowOf<F>; readonly loaded: Loaded<L> }): unknown;
}

/** Timed work, its types forgotten. */
export interface DueDefinition {
  readonly doc: string;
  readonly at: string;
  readonly load?: (call: never) => Readonly<Record<string, RowRequest | RowsRequest | EntryRequest>>;
  readonly run: (ctx: never, call: never) => unknown;
}

export interface QuerySpec<F extends Fields, On extends FunctionTarget, I extends Fields> extends SharedSpec<On, I> {
  run?(ctx: QueryContext, call: { readonly row: On extends "item" ? RowOf<F> : undefined; readonly input: InputOf<I> }): unknown;
  /** Instead of `run`: all calls that wait at the same moment, at most 1,000; one result each, in order. For one caller at a time. */
  runMany?(
    ctx: QueryContext,
    calls: readonly { readonly row: On extends "item" ? RowOf<F> : undefined; readonly input: InputOf<I> }[],
  ): readonly unknown[] | Promise<readonly unknown[]>;
}

/** A function as the contract sees it, its types forgotten. */
export interface FunctionDefinition {
  readonly kind: "command" | "query";
  readonly doc: string;
  readonly on: FunctionTarget;
  readonly roles: readonly string[];
  readonly input?: Fields;
  readonly output?: Fields | "none" | "row" | "rows" | "document";
  readonly documents?: readonly string[];
  readonly refusals?: RefusalSpecs;
  readonly accepted?: string;
  readonly cost?: number;
  readonly stepUp?: true;
  readonly prepare?: (ctx: never, call: never) => Promise<unknown>;
  readonly load?: (call: never) => Readonly<Record<string, RowRequest | RowsRequest | EntryRequest>>;
  readonly loadMore?: (call: never) => Readonly<Record<string, RowRequest | RowsRequest | EntryRequest>>;
  readonly run?: (ctx: never, call: never) => unknown;
  readonly runMany?: (ctx: never, calls: never) => unknown;
}

/** A function of no resource: `POST /checkLimits`. */
export const command = <const I extends Fields = {}, L = {}, M = {}, P = undefined>(
  spec: Omit<CommandSpec<{}, "free", I, L, M, P>, "on">,
): FunctionDefinition => ({ kind: "command", on: "free", ...spec }) as unknown as FunctionDefinition;

/** A function of no resource that only reads. */
export const query = <const I extends Fields = {}>(spec: Omit<QuerySpec<{}, "free", I>, "on">): FunctionDefinition =>
  ({ kind: "query", on: "free", ...spec }) as unknown as FunctionDefinition;

export type { Caller };
