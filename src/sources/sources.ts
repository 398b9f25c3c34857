/**
 * Sources: what executes an accepted call. Tables and code today; upstream services and compositions take their place beside them.
 * A query is executed at once; a command is turned into what the writer runs.
 */
import type { Command, Origin, Verdict } from "../batch/command.ts";
import { Batcher } from "../batch/batcher.ts";
import type { Unit } from "../batch/unit.ts";
import type { Writer } from "../batch/writer.ts";
import type { Contract, Operation, ResourceContract } from "../contract/contract.ts";
import { versionView } from "../contract/versions.ts";
import type { QueryContext } from "../define/function.ts";
import type { ResourceDefinition } from "../define/resource.ts";
import { andThen } from "../pipeline/condition.ts";
import type { AtomicOrigin, CallContext, Executor, RunOutcome } from "../pipeline/context.ts";
import { type Refusal, refuse } from "../pipeline/refusal.ts";
import { type Metering, meteringOf } from "../pipeline/metering.ts";
import type { RowsPlan } from "../pipeline/plan.ts";
import type { RecentCalls } from "../pipeline/recent-calls.ts";
import type { Secrets } from "../pipeline/identity/secrets.ts";
import type { View } from "../pipeline/view.ts";
import type { MaybePromise, Row, Store } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import { type Caller, commandContext, queryContext } from "./code/context.ts";
import {
  type FunctionCall,
  isRefusal as isFunctionRefusal,
  needsOfFunction,
  refusalFrom,
  runCommand,
  verdictOf,
} from "./code/function.ts";
import { Semaphore } from "./semaphore.ts";
import { type Change, changeRow, create, needsOfCreate, needsOfValues, refusalOfChange } from "./table/change.ts";
import { handlerRow } from "./table/nested.ts";
import { attach, executePlan } from "./table/read.ts";

const never = new AbortController().signal;

const stringify = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint" ? `${part}n` : part instanceof Uint8Array ? part.toBase64() : part,
  );

/**
 * What an idempotency key stands for: the operation and what it was asked with, as it was accepted. So it is the same on whichever node and by whichever
 * channel it came: text or numbers, in any order. What is null says as much as what is absent, but in a change of a row.
 */
const fingerprintOf = ({ call, operation, id, body = {} }: CallContext, key: Uint8Array): string => {
  const given =
    operation.action === "update" ? body : Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  return new Bun.CryptoHasher("sha256", key)
    .update(stringify([operation.service, operation.name, call.version ?? null, id ?? null, given]))
    .digest("base64url");
};

const originOf = ({ call, operation }: CallContext, caller: Caller): Origin => ({
  operation: `${operation.service}.${operation.name}`,
  channel: call.channel,
  requestId: call.requestId,
  address: call.address ?? call.peer?.address ?? null,
  app: caller.app,
  user: caller.user,
  subject: caller.subject,
  ...(caller.actor === undefined ? {} : { actor: caller.actor }),
});

const callerOf = (context: CallContext): Caller => {
  if (context.caller === undefined) throw new Error("run comes after identify");
  return context.caller;
};

const viewOf = (context: CallContext): View => {
  if (context.view === undefined) throw new Error("run comes after authorize");
  return context.view;
};

const functionCall = (context: CallContext): FunctionCall => ({
  operation: context.operation,
  view: context.view,
  id: context.id,
  input: context.body ?? {},
  caller: callerOf(context),
  locale: context.call.locale,
});

/** Tables kept in memory that an operation of a service may look at or change. */
const inMemoryOf = (operation: Operation, byService: ReadonlyMap<string, readonly Table[]>): readonly Table[] => {
  const { resource } = operation;
  if (
    operation.function !== undefined ||
    operation.action === "update" ||
    operation.action === "delete" ||
    operation.action === "replace"
  )
    // The guard of a change is code too.
    return byService.get(operation.service) ?? [];
  return resource?.table.inMemory === true ? [resource.table] : [];
};

/** Whether an operation of a service may insert into a table with a sequence. */
const sequencesOf = (operation: Operation, byService: ReadonlyMap<string, readonly Table[]>): readonly Table[] => {
  if (operation.function !== undefined) return byService.get(operation.service) ?? [];
  if (operation.action !== "create" || operation.resource === undefined) return [];
  return operation.resource.set.sequence.length > 0 ? [operation.resource.table] : [];
};

const plainNeeds = (context: CallContext): Command["needs"] => {
  const { operation, body, id } = context;
  const { resource } = viewOf(context);
  if (operation.action === "create") return [() => needsOfCreate(resource, body ?? {})];
  const own = { by: "key" as const, table: resource.table, key: [id ?? ""] };
  if (operation.action === "delete") return [() => [own]];
  return [() => [own, ...needsOfValues(resource, body ?? {})]];
};

const guardOf = (operation: Operation, resource: ResourceContract) => {
  const { guard } = (resource.definition as ResourceDefinition).behaviour;
  // A replace changes the same fields as an update: what guards the one guards the other, as with `access`.
  if (operation.action === "replace") return guard?.replace ?? guard?.update;
  return operation.action === "update" || operation.action === "delete" ? guard?.[operation.action] : undefined;
};

/** A presented row as the caller's version and the policies show it: what his entity tags are made of. */
const inVersionOf = (context: CallContext, contracts: ReadonlyMap<string, Contract>): Change["inVersion"] => {
  const { call, operation, words } = context;
  const contract = contracts.get(operation.service);
  if (call.version === undefined || contract === undefined || call.version === contract.version) return words?.row;
  const version = versionView(contract, call.version);
  const get = contract.operations.get(`${operation.resource?.name}.get`) ?? operation;
  return (presented) => {
    const row = version.downData(get, presented);
    return words === undefined ? row : words.row(row);
  };
};

const changeCommand = (context: CallContext, unit: Unit, contracts: ReadonlyMap<string, Contract>): MaybePromise<Verdict> => {
  const { operation, body, id, call } = context;
  const caller = callerOf(context);
  const view = viewOf(context);
  if (operation.action === "create") return create(view, body ?? {}, unit, caller);
  const guard = guardOf(operation, view.resource);
  const inVersion = call.ifMatch === undefined ? undefined : inVersionOf(context, contracts);
  return changeRow(
    {
      operation,
      view,
      id: id ?? "",
      values: body ?? {},
      ...(call.ifMatch === undefined ? {} : { ifMatch: call.ifMatch }),
      ...(inVersion === undefined ? {} : { inVersion }),
      ...(guard === undefined
        ? {}
        : {
            guard: (row: Row, changes: Row) =>
              andThen(
                guard(
                  commandContext(unit, caller, { locale: call.locale, resource: view.resource }) as never,
                  { row: handlerRow(view.resource, row), changes: handlerRow(view.resource, changes) } as never,
                ),
                (refused) => (refused === undefined ? undefined : refusalFrom(operation, refused as never)),
              ),
          }),
    },
    unit,
    caller,
  );
};

/** The realm of an environment of a tenant. */
type RealmOf = (tenant: string, environment: string) => MaybePromise<number>;

const secretNames = new WeakMap<Operation, { readonly secrets?: readonly string[] }>();

/** Members of an operation's answer that are secrets, such as a new key. */
const secretsOf = (operation: Operation): { readonly secrets?: readonly string[] } => {
  let found = secretNames.get(operation);
  if (found === undefined) {
    const fields = operation.output.kind === "fields" ? operation.output.fields : {};
    const names = Object.keys(fields).filter((name) => fields[name]?.options.secret === true);
    secretNames.set(operation, (found = names.length === 0 ? {} : { secrets: names }));
  }
  return found;
};

/** Commands that prepare at the same time, and how many may wait for it. */
const preparingMax = 4;
const preparingWaitingMax = 256;

/** Rows per chunk of a stream. */
const scanChunk = 500;

export class Sources implements Executor {
  readonly #store: Store;
  readonly #writer: Writer;
  readonly #contracts: ReadonlyMap<string, Contract>;
  readonly #sequences: ReadonlyMap<string, readonly Table[]>;
  readonly #inMemory: ReadonlyMap<string, readonly Table[]>;
  readonly #now: () => string;
  readonly #secrets: Secrets | undefined;
  /** What a call was asked with may be a password: its digest tells nothing without the installation's secret. */
  readonly #fingerprintKey: Uint8Array;
  readonly #recentCalls: RecentCalls | undefined;
  readonly #realmOf: RealmOf | undefined;
  readonly #preparing = new Semaphore(preparingMax);
  /** One per query function with `runMany`. */
  readonly #batchers = new WeakMap<Operation, Batcher<CallContext, Settled>>();

  constructor(
    store: Store,
    writer: Writer,
    options: {
      readonly contracts: ReadonlyMap<string, Contract>;
      readonly sequences: ReadonlyMap<string, readonly Table[]>;
      readonly inMemory: ReadonlyMap<string, readonly Table[]>;
      readonly now: () => string;
      readonly secrets?: Secrets;
      readonly recentCalls?: RecentCalls;
      readonly realmOf?: RealmOf;
    },
  ) {
    this.#secrets = options.secrets;
    this.#fingerprintKey = options.secrets?.bytes("fingerprints of repeated calls") ?? new Uint8Array(32);
    this.#recentCalls = options.recentCalls;
    this.#realmOf = options.realmOf;
    this.#store = store;
    this.#writer = writer;
    this.#contracts = options.contracts;
    this.#sequences = options.sequences;
    this.#inMemory = options.inMemory;
    this.#now = options.now;
  }

  async command(context: CallContext): Promise<RunOutcome> {
    let prepared: unknown;
    if (context.operation.function?.prepare !== undefined) {
      const preparing = await this.#prepare(context);
      if ("refusal" in preparing) return { ok: false, refusal: preparing.refusal };
      ({ prepared } = preparing);
    }
    const [outcome] = await this.#writer.submit({ steps: [this.#commandOf(context, prepared)] });
    return outcome ?? { ok: false, refusal: refuse("internal") };
  }

  /** What a command does before it is queued: slow work, a few at a time, so that none of them starves the others. */
  async #prepare(context: CallContext): Promise<{ readonly prepared: unknown } | { readonly refusal: Refusal }> {
    const { operation, body, id, view } = context;
    if (this.#preparing.waiting >= preparingWaitingMax) return { refusal: refuse("overloaded", { retryAfter: 1 }) };
    return this.#preparing.run(async () => {
      const inside = this.#contextFor(context, this.#store);
      let row: Row | undefined;
      if (operation.target === "item" && view !== undefined && id !== undefined) {
        row = (await inside.table(view.resource.definition as ResourceDefinition).get(id)) as Row | undefined;
        if (row === undefined) return { refusal: refuse("not_found") };
      }
      const result = await operation.function?.prepare?.(inside as never, { row, input: body ?? {} } as never);
      return isFunctionRefusal(result) ? { refusal: refusalFrom(operation, result) } : { prepared: result };
    });
  }

  atomic(
    steps: readonly ((earlier: readonly RunOutcome[]) => MaybePromise<CallContext | Refusal>)[],
    { realm, isGuest }: Pick<AtomicOrigin, "realm"> & Pick<Command, "isGuest">,
  ): Promise<readonly RunOutcome[]> {
    return this.#writer.submit({
      steps: steps.map(
        (step) => (earlier) =>
          andThen(step(earlier), (context): Command | Refusal => {
            if (!("operation" in context)) return context;
            if (context.operation.function?.prepare !== undefined)
              return refuse("invalid_request", { details: { explanation: "This operation cannot be part of an atomic batch." } });
            const command = this.#commandOf(context);
            return isGuest === true ? { ...command, isGuest } : command;
          }),
      ),
      ...(realm === undefined ? {} : { realm }),
    });
  }

  async *scan(plan: RowsPlan, signal: AbortSignal | undefined): AsyncIterable<readonly unknown[]> {
    const { realm, params } = plan.call;
    for await (const rows of this.#store.scan(
      plan.shape,
      { realm, params },
      { chunk: scanChunk, ...(signal === undefined ? {} : { signal }) },
    )) {
      const presented = rows.map(plan.present);
      // Relations of a page's worth of rows at a time: that is what their bound was reckoned with.
      const size = plan.paging?.perPage ?? 1;
      for (let at = 0; at < rows.length && plan.includes.length > 0; at += size) {
        const end = at + size;
        await attach(this.#store, realm, rows.slice(at, end), presented.slice(at, end), plan.includes);
      }
      yield presented;
    }
  }

  /** What the writer runs for a command. */
  #commandOf(context: CallContext, prepared?: unknown): Command {
    const { call, operation } = context;
    const caller = callerOf(context);
    const shared = {
      realm: caller.realm,
      origin: originOf(context, caller),
      usage: this.#meteringOf(context, caller),
      ...secretsOf(operation),
      sequences: sequencesOf(operation, this.#sequences),
      inMemory: inMemoryOf(operation, this.#inMemory),
      ...(call.deadline === undefined ? {} : { deadline: call.deadline }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      ...(call.depth === undefined ? {} : { depth: call.depth }),
      ...(call.idempotencyKey === undefined
        ? {}
        : {
            idempotency: {
              caller: JSON.stringify([caller.app, caller.user, caller.subject]),
              key: call.idempotencyKey,
              fingerprint: fingerprintOf(context, this.#fingerprintKey),
            },
          }),
    };
    if (operation.kind === "query") return { ...shared, needs: [], evaluate: (unit) => this.#readInside(context, unit) };
    if (operation.function !== undefined) {
      const fn = prepared === undefined ? functionCall(context) : { ...functionCall(context), prepared };
      return { ...shared, needs: needsOfFunction(fn), evaluate: (unit) => runCommand(fn, unit) };
    }
    return {
      ...shared,
      needs: plainNeeds(context),
      evaluate: (unit) => changeCommand(context, unit, this.#contracts),
      refusalOf: (error) => refusalOfChange(operation.action, viewOf(context).resource, error),
    };
  }

  /** What a command counts; the context keeps it, to know whether it is recorded. */
  #meteringOf(context: CallContext, caller: Caller): Metering {
    const metering = meteringOf(context, caller, this.#contracts.get(context.operation.service)?.version ?? "");
    context.metering = metering;
    return metering;
  }

  /** A query as a step of an atomic batch: it sees what the steps before it changed. */
  async #readInside(context: CallContext, unit: Unit): Promise<Verdict> {
    const inside: Pick<Store, "read"> = {
      read: async (shape, calls) => {
        const lists: Row[][] = [];
        for (const call of calls) lists.push(await unit.read(shape, call));
        return lists;
      },
    };
    const outcome = await this.query(context, inside as Store);
    if (!outcome.ok) return { ok: false, refusal: outcome.refusal };
    const { status, data, page } = outcome;
    return { ok: true, status, data: () => data, ...(page === undefined ? {} : { page }) };
  }

  /** Executes a query. Throws `StoreError`. */
  query(context: CallContext, store: Store = this.#store): MaybePromise<RunOutcome> {
    if (context.plan !== undefined) {
      return andThen(this.#parentRefusal(context, store), (refusal): MaybePromise<RunOutcome> => {
        if (refusal !== undefined) return { ok: false, refusal };
        // Rows within a batch are those that its commands work on.
        return andThen(executePlan(store, context.plan as never, { isOwn: store === this.#store }), (read): RunOutcome =>
          read.ok ? { status: 200, ...read } : read,
        );
      });
    }
    const { operation } = context;
    const fn = operation.function;
    if (fn?.runMany === undefined) return this.#runQuery(context, store);
    // A step of an atomic batch runs by itself, on what that batch has changed.
    if (store !== this.#store) return this.#runMany([context], store).then(([only]) => settled(only));
    let batcher = this.#batchers.get(operation);
    if (batcher === undefined) {
      batcher = new Batcher((contexts) => this.#runMany(contexts, this.#store));
      this.#batchers.set(operation, batcher);
    }
    return batcher.submit(context).then(settled);
  }

  /** A related collection is there only if its parent is, for this caller. */
  #parentRefusal(context: CallContext, store: Store): MaybePromise<Refusal | undefined> {
    const parentPlan = context.parentPlan;
    if (parentPlan === undefined) return undefined;
    return andThen(store.read(parentPlan.shape, [parentPlan.call]), (lists) =>
      lists[0]?.[0] === undefined ? refuse("not_found") : undefined,
    );
  }

  #contextFor(context: CallContext, store: Store): QueryContext {
    const { call, operation } = context;
    const caller = callerOf(context);
    const realmOf = operation.rowsOf === "tenant" ? this.#realmOf : undefined;
    return queryContext(store, caller, {
      locale: call.locale,
      signal: call.signal ?? never,
      now: this.#now(),
      secrets: this.#secrets,
      recentCalls: this.#recentCalls,
      realmOf: realmOf === undefined ? undefined : (environment) => realmOf(caller.tenant, environment),
    });
  }

  #rowOf(context: CallContext, store: Store): MaybePromise<Row | undefined> {
    const { rowPlan } = context;
    if (rowPlan === undefined) return undefined;
    return andThen(store.read(rowPlan.shape, [rowPlan.call]), (lists) => handlerRow(rowPlan.view.resource, lists[0]?.[0]));
  }

  #runQuery(context: CallContext, store: Store): MaybePromise<RunOutcome> {
    const { operation, body, rowPlan } = context;
    return andThen(this.#rowOf(context, store), (row): MaybePromise<RunOutcome> => {
      if (rowPlan !== undefined && row === undefined) return { ok: false, refusal: refuse("not_found") };
      const result = operation.function?.run?.(this.#contextFor(context, store) as never, { row, input: body ?? {} } as never);
      return andThen(result, (settled) => this.#outcome(context, settled, row));
    });
  }

  #outcome(context: CallContext, result: unknown, row: Row | undefined): RunOutcome {
    const verdict = verdictOf(context.operation, context.view, result, { row: () => row });
    return verdict.ok ? { ok: true, status: verdict.status, data: verdict.data() } : { ok: false, refusal: verdict.refusal };
  }

  /** Runs the calls of each caller and language together. What fails as a whole is run again call by call: none fails for another. */
  async #runMany(contexts: readonly CallContext[], store: Store): Promise<readonly Settled[]> {
    const rows = await Promise.all(contexts.map(async (context) => this.#rowOf(context, store)));
    const groups = new Map<Caller, Map<string, number[]>>();
    const outcomes: Settled[] = contexts.map((context, position) => {
      if (context.rowPlan !== undefined && rows[position] === undefined) return { ok: false, refusal: refuse("not_found") };
      const caller = callerOf(context);
      const byLocale = groups.get(caller) ?? new Map<string, number[]>();
      groups.set(caller, byLocale);
      const group = byLocale.get(context.call.locale);
      if (group === undefined) byLocale.set(context.call.locale, [position]);
      else group.push(position);
      return { thrown: new Error("not run") };
    });
    const run = async (positions: readonly number[]): Promise<void> => {
      const first = contexts[positions[0] as number] as CallContext;
      // Several calls have several signals: one that is given up ends no other.
      const { signal: _signal, ...unsignalled } = first.call;
      const asked = positions.length === 1 ? first : { ...first, call: unsignalled };
      try {
        const results = (await first.operation.function?.runMany?.(
          this.#contextFor(asked, store) as never,
          positions.map((position) => ({ row: rows[position], input: contexts[position]?.body ?? {} })) as never,
        )) as readonly unknown[];
        if (results.length !== positions.length)
          throw new Error(`${first.operation.name} answered ${results.length} of ${positions.length} calls`);
        const presented = positions.map((position, at) =>
          this.#outcome(contexts[position] as CallContext, results[at], rows[position]),
        );
        for (const [at, position] of positions.entries()) outcomes[position] = presented[at] as RunOutcome;
      } catch (thrown) {
        if (positions.length === 1) outcomes[positions[0] as number] = { thrown };
        else for (const position of positions) await run([position]);
      }
    };
    for (const byLocale of groups.values()) for (const positions of byLocale.values()) await run(positions);
    return outcomes;
  }
}

/** One call's part of a batch of queries. */
type Settled = RunOutcome | { readonly thrown: unknown };

const settled = (part: Settled | undefined): RunOutcome => {
  if (part === undefined) throw new Error("a call without an outcome");
  if ("thrown" in part) throw part.thrown;
  return part;
};
