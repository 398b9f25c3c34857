/**
 * The writer: the only place where state changes.
 *
 * Groups of commands queue here. While one batch is being committed the next one fills, so the batch grows with the load and no timer is needed.
 * A batch: fetch what its commands need · evaluate them in order of arrival, each isolated by the undo log · write the difference, the journal
 * and the kept answers with a constant number of statements · commit · only then answer.
 *
 * A batch that fails as a whole is split in halves until the group that spoils it stands alone; its neighbours commit without it. A group of
 * several steps is then run again step by step: that finds the step at fault, and lets a step take the unique value an earlier one gave up.
 *
 * Limits: `queueMax` commands wait, further ones are refused `overloaded`; `batchMax` commands per commit.
 */
import type { AutomaticEvents } from "./automatic.ts";
import type { ChangedEntry } from "../pipeline/identity/directory-tables.ts";
import type { Secrets } from "../pipeline/identity/secrets.ts";
import { refuse } from "../pipeline/refusal.ts";
import type { MaybePromise, Store, WriteTransaction } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Table } from "../store/table.ts";
import type { Agenda, Command, DueMoment, DueWork, Group, Origin, Outcome, Step, TableInvariant, Verdict } from "./command.ts";
import { fateOf, type Witness } from "./fate.ts";
import { Journal } from "./journal.ts";
import { JournalHeads } from "./journal-heads.ts";
import { BrokenInvariant, checkInvariants } from "./invariants.ts";
import { InMemory } from "./in-memory.ts";
import { Fenced, type Leases, notHolder, partitionOf } from "./lease.ts";
import { idempotencyTable } from "./system-tables.ts";
import { type BatchKeys, type Kept, keyText, replayInBatch } from "./kept.ts";
import { fail, failedAt, isRace, outcomeOf, overloadedRetryAfter, refusalOf, withoutSecrets } from "./outcome.ts";
import { prefetch } from "./prefetch.ts";
import { Unit } from "./unit.ts";
import { BatchUsage } from "./usage.ts";
import { type Ranks, ranksOf } from "./working-set.ts";

export interface WriterOptions {
  /** Tables in order of reference: a table stands after those it refers to. */
  readonly order: readonly Table[];
  readonly queueMax?: number;
  readonly batchMax?: number;
  /** How long an idempotency key is kept, ms. */
  readonly idempotencyMs?: number;
  readonly clock?: () => number;
  readonly agenda?: Agenda;
  readonly invariants?: readonly TableInvariant[];
  /** Events that follow from changes of rows. */
  readonly automatic?: AutomaticEvents;
  readonly secrets?: Secrets;
  /** Told of changed entries of the directory, once they are committed. */
  readonly onPublished?: (changed: readonly ChangedEntry[]) => void;
  /** Where several processes may write. */
  readonly leases?: Leases;
  /** Told of errors that are ours; with the request id, unless the error is of a whole batch. */
  readonly onError?: (error: unknown, operation: string, requestId?: string) => void;
}

const defaults = { queueMax: 65_536, batchMax: 8_192, idempotencyMs: 24 * 3_600_000 };
/** How often a batch that lost a race on the database is run again. */
const conflictRetriesMax = 5;
/** Turns of the event loop for which a batch may gather. */
const gatherTurnsMax = 4;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Pending {
  readonly group: Group;
  readonly size: number;
  readonly resolve: (outcomes: readonly Outcome[]) => void;
}

/** What came of a step: what stays of it, or its refusal. */
interface Evaluated {
  readonly kept?: Kept;
  readonly outcome?: Outcome;
}

interface Attempt {
  readonly outcomes: readonly (readonly Outcome[])[];
  /** Told of the commit. */
  readonly journal?: Journal;
  /** Moments that rows written here name. */
  readonly moments?: readonly DueMoment[];
  /** Entries of the directory that changed. */
  readonly told?: readonly ChangedEntry[];
  /** Told of the commit too. */
  readonly usage?: BatchUsage;
  /** First row written of the journal, else of the usage: the witness of the commit. */
  readonly witness?: Witness;
}

/** Ends the transaction of a group that is run step by step and fails. */
class GroupFailure extends Error {
  readonly outcomes: readonly Outcome[];

  constructor(outcomes: readonly Outcome[], cause?: unknown) {
    super("the group failed", { cause });
    this.outcomes = outcomes;
  }
}

/** Realms of a group's steps, as far as they are known before it runs. */
const realmsOf = ({ steps, realm }: Group): readonly (number | undefined)[] =>
  steps.map((step) => (typeof step === "object" ? step.realm : realm));

export class Writer {
  readonly #store: Store;
  readonly #options: WriterOptions & typeof defaults;
  readonly #clock: () => number;
  readonly #ranks: Ranks;
  readonly #memory = new InMemory();
  /** Ends of the journals that it has written. */
  readonly journalHeads = new JournalHeads();
  /** Realms whose books do not agree. */
  readonly #halted = new Set<number>();
  #queue: Pending[] = [];
  #waiting = 0;
  #running = false;
  /** It was woken while it ran: it looks once more at what is due. */
  #woken = false;
  #idle: (() => void)[] = [];
  /** Commands and commits so far. */
  readonly counts = { commands: 0, commits: 0 };

  constructor(store: Store, options: WriterOptions) {
    this.#store = store;
    this.#options = { ...defaults, ...options };
    this.#clock = options.clock ?? Date.now;
    this.#ranks = ranksOf(options.order);
  }

  /** Queues a group; resolves after its commit with one outcome per step. Never rejects. */
  submit(group: Group): Promise<readonly Outcome[]> {
    const size = group.steps.length;
    if (this.#waiting + size > this.#options.queueMax) {
      return Promise.resolve(group.steps.map(() => fail(refuse("overloaded", { retryAfter: overloadedRetryAfter }))));
    }
    const { promise, resolve } = Promise.withResolvers<readonly Outcome[]>();
    this.#queue.push({ group, size, resolve });
    this.#waiting += size;
    if (!this.#running) {
      this.#running = true;
      setImmediate(() => void this.#drain());
    }
    return promise;
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async #drain(): Promise<void> {
    do {
      this.#woken = false;
      await this.#gather();
      this.#putFirst((await this.#options.agenda?.take(this.#clock())) ?? []);
      const batch = this.#take();
      await this.#execute(this.#withoutHalted(batch));
    } while (this.#queue.length > 0 || this.#woken);
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Runs what is due, also when nobody calls. */
  wake(): void {
    this.#woken = true;
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#drain());
  }

  /** What is due goes before everything that waits. */
  #putFirst(works: readonly DueWork[]): void {
    if (works.length === 0) return;
    this.#queue.unshift(...works.map(({ group, done }) => ({ group, size: group.steps.length, resolve: done })));
    for (const { group } of works) this.#waiting += group.steps.length;
  }

  /** Lets the sockets be read again as long as each turn brings more commands, a few turns at most: a commit costs the same for all of them. */
  async #gather(): Promise<void> {
    for (let turn = 0, seen = 0; turn < gatherTurnsMax && this.#queue.length > seen; turn++) {
      seen = this.#queue.length;
      await nextTurn();
    }
  }

  #take(): Pending[] {
    let size = 0;
    let count = 0;
    while (count < this.#queue.length) {
      const next = this.#queue[count] as Pending;
      if (count > 0 && size + next.size > this.#options.batchMax) break;
      size += next.size;
      count++;
    }
    this.#waiting -= size;
    if (count === this.#queue.length) {
      const all = this.#queue;
      this.#queue = [];
      return all;
    }
    return this.#queue.splice(0, count);
  }

  /** Runs a batch to its end: every pending group gets its outcomes, whatever happens. */
  async #execute(batch: readonly Pending[], { stepwise = false }: { readonly stepwise?: boolean } = {}): Promise<void> {
    if (batch.length === 0) return;
    for (let attempt = 1; ; attempt++) {
      let witness: Attempt["witness"];
      let evaluated: Attempt | undefined;
      try {
        const writing = this.#store.write(async (tx) => {
          evaluated = await this.#evaluate(tx, batch, { stepwise });
          witness = evaluated.witness;
          return evaluated;
        });
        const done = await writing;
        this.counts.commits++;
        this.#answer(batch, done);
        return;
      } catch (error) {
        if (error instanceof GroupFailure) return this.#answer(batch, { outcomes: [error.outcomes] });
        if (error instanceof BrokenInvariant) return this.#halt(error, batch);
        if (error instanceof Fenced) {
          if (attempt <= conflictRetriesMax && (await this.#options.leases?.regain(error)) === true) continue;
          return this.#executeWithout(error, batch);
        }
        if (error instanceof StoreError && error.kind === "unknown_fate" && evaluated !== undefined) {
          const committed = await fateOf(this.#store, witness);
          if (committed === true) return this.#answer(batch, evaluated);
          if (committed === undefined) return this.#refuseAll(batch, error);
          if (attempt <= conflictRetriesMax) continue;
        }
        if (isRace(error) && attempt <= conflictRetriesMax) {
          await Bun.sleep(Math.random() * 4 * attempt);
          continue;
        }
        const shared =
          error instanceof StoreError && ["unavailable", "full", "timeout", "conflict", "unknown_fate"].includes(error.kind);
        if (!shared && !stepwise && batch.length === 1 && (batch[0]?.size ?? 0) > 1)
          return this.#execute(batch, { stepwise: true });
        if (shared || batch.length === 1) return this.#refuseAll(batch, error);
        const middle = batch.length >> 1;
        await this.#execute(batch.slice(0, middle));
        await this.#execute(batch.slice(middle));
        return;
      }
    }
  }

  #answer(batch: readonly Pending[], attempt: Attempt): void {
    attempt.journal?.committed();
    attempt.usage?.committed();
    if (attempt.moments !== undefined && attempt.moments.length > 0) this.#options.agenda?.noticed(attempt.moments);
    if (attempt.told !== undefined && attempt.told.length > 0) this.#options.onPublished?.(attempt.told);
    for (const [position, pending] of batch.entries()) {
      this.counts.commands += pending.size;
      pending.resolve(attempt.outcomes[position] ?? []);
    }
  }

  /** Takes no more changes of a realm whose books do not agree; the batch's other groups are run. */
  async #halt(error: BrokenInvariant, batch: readonly Pending[]): Promise<void> {
    this.#halted.add(error.realm);
    this.#tell(error, undefined);
    await this.#execute(this.#withoutHalted(batch));
  }

  /** Refuses the groups of halted realms, and those of which nobody knows the realm yet; returns the others. */
  #withoutHalted(batch: readonly Pending[]): readonly Pending[] {
    if (this.#halted.size === 0) return batch;
    const isHalted = ({ group }: Pending): boolean =>
      realmsOf(group).some((realm) => realm === undefined || this.#halted.has(realm));
    for (const { group, resolve } of batch.filter(isHalted)) resolve(group.steps.map(() => fail(refuse("unavailable"))));
    return batch.filter((pending) => !isHalted(pending));
  }

  /** Gives up the groups whose lease is another node's; the others are run. */
  async #executeWithout({ partitions }: Fenced, batch: readonly Pending[]): Promise<void> {
    const others = batch.filter(({ group }) =>
      realmsOf(group).every((realm) => realm !== undefined && !partitions.has(partitionOf(realm))),
    );
    const lost = others.length < batch.length ? batch.filter((pending) => !others.includes(pending)) : batch;
    for (const { group, resolve } of lost) resolve(group.steps.map(() => fail(notHolder)));
    if (lost.length < batch.length) await this.#execute(others);
  }

  #refuseAll(batch: readonly Pending[], error: unknown): void {
    const refusal = refusalOf(error);
    for (const { group, resolve } of batch) {
      const first = group.steps[0];
      const command = typeof first === "object" ? first : undefined;
      const own = error instanceof StoreError && group.steps.length === 1 ? command?.refusalOf?.(error) : undefined;
      if (own === undefined && refusal.status === 500) this.#tell(error, command?.origin);
      resolve(group.steps.map(() => fail(own ?? refusal)));
    }
  }

  /** Tells of an error of ours. Whoever is told may be broken too: the writer goes on. */
  #tell(error: unknown, origin: Origin | undefined): void {
    try {
      this.#options.onError?.(error, origin?.operation ?? "batch", origin?.requestId);
    } catch (broken) {
      console.error(broken);
    }
  }

  async #evaluate(
    tx: WriteTransaction,
    batch: readonly Pending[],
    { stepwise }: { readonly stepwise: boolean },
  ): Promise<Attempt> {
    const at = this.#clock();
    const unit = new Unit(tx, {
      now: new Date(at).toISOString(),
      ranks: this.#ranks,
      memory: this.#memory,
      secrets: this.#options.secrets,
    });
    await prefetch(
      unit,
      batch.flatMap(({ group }) => group.steps.filter((step): step is Command => typeof step === "object")),
      this.#options.leases,
    );
    const kept: (Kept | undefined)[][] = [];
    const refusals: (Outcome | undefined)[][] = [];
    const keys: BatchKeys = new Map();
    for (const { group } of batch) {
      const [only] = group.steps;
      if (group.steps.length === 1 && !stepwise && typeof only === "object") {
        // A command by itself, which most are: nothing is waited for where nothing has to be.
        const evaluating = this.#evaluateCommand(unit, only, { at, keys });
        const done = evaluating instanceof Promise ? await evaluating : evaluating;
        kept.push([done.kept]);
        refusals.push([done.outcome]);
        continue;
      }
      const done = await this.#evaluateGroup(unit, group, { at, keys, stepwise });
      kept.push(done.kept);
      refusals.push(done.outcomes);
    }
    const outcomes: Outcome[][] = [];
    const journal = new Journal(unit, this.journalHeads);
    const usage = new BatchUsage(unit.now);
    let witness: Attempt["witness"];
    for (const [groupPosition, steps] of kept.entries()) {
      outcomes.push(
        steps.map((step, position) => {
          const known = refusals[groupPosition]?.[position];
          const asked = batch[groupPosition]?.group.steps[position];
          const outcome = known ?? (step === undefined ? fail(refuse("internal")) : outcomeOf(step.verdict));
          const command = step?.command ?? (typeof asked === "object" ? asked : undefined);
          if (command !== undefined) usage.add(command, outcome);
          if (step === undefined) return outcome;
          const seq = this.#record({ unit, journal }, step, outcome);
          if (seq !== undefined)
            witness ??= { realm: step.command.realm, seq, at: unit.now, requestId: step.command.origin.requestId };
          return outcome;
        }),
      );
    }
    checkInvariants(unit, this.#options.invariants ?? []);
    unit.countMemory();
    const moments = this.#options.agenda === undefined ? [] : unit.dueMoments();
    const closing = journal.close();
    const applying = unit.apply([...(closing instanceof Promise ? await closing : closing), ...usage.changes()]);
    if (applying instanceof Promise) await applying;
    witness ??= usage.witness;
    return { outcomes, journal, usage, moments, told: unit.rows.told, ...(witness === undefined ? {} : { witness }) };
  }

  async #evaluateGroup(
    unit: Unit,
    group: Group,
    batch: { readonly at: number; readonly keys: BatchKeys; readonly stepwise: boolean },
  ): Promise<{ kept: (Kept | undefined)[]; outcomes: (Outcome | undefined)[] }> {
    const start = unit.rows.mark();
    const kept: (Kept | undefined)[] = [];
    const outcomes: (Outcome | undefined)[] = [];
    const soFar: Outcome[] = [];
    for (const [position, step] of group.steps.entries()) {
      const mark = unit.rows.mark();
      const done = await this.#evaluateStep(unit, step, soFar, batch);
      kept.push(done.kept);
      outcomes.push(done.outcome);
      const outcome = done.outcome ?? (done.kept === undefined ? fail(refuse("internal")) : outcomeOf(done.kept.verdict));
      if (!outcome.ok && group.steps.length > 1) {
        unit.rows.rollback(start);
        unit.takeEvents();
        for (const step of kept) if (step?.command.idempotency !== undefined) batch.keys.delete(keyText(step.command));
        const outcomes = failedAt(group, position, outcome);
        if (batch.stepwise) throw new GroupFailure(outcomes);
        return { kept: group.steps.map(() => undefined), outcomes: [...outcomes] };
      }
      if (batch.stepwise) {
        const { kept: settled } = done;
        await unit.settle(mark).catch((error: unknown) => this.#blame(error, group, { position, command: settled?.command }));
      }
      soFar.push(outcome);
    }
    return { kept, outcomes };
  }

  /** The database refused what one step of a group wrote: the others are rolled back because of it. */
  #blame(error: unknown, group: Group, { position, command }: { position: number; command: Command | undefined }): never {
    if (!(error instanceof StoreError) || !["unique", "reference", "check"].includes(error.kind) || isRace(error)) throw error;
    const refusal = command?.refusalOf?.(error) ?? refusalOf(error);
    if (refusal.status === 500) this.#tell(error, command?.origin);
    throw new GroupFailure(failedAt(group, position, fail(refusal)), error);
  }

  async #evaluateStep(
    unit: Unit,
    step: Step,
    earlier: readonly Outcome[],
    batch: { readonly at: number; readonly keys: BatchKeys },
  ): Promise<Evaluated> {
    if (typeof step === "object") return this.#evaluateCommand(unit, step, batch);
    const making = step(earlier);
    const prepared = making instanceof Promise ? await making : making;
    if (!("evaluate" in prepared)) return { outcome: fail(prepared) };
    await prefetch(unit, [prepared], this.#options.leases);
    return this.#evaluateCommand(unit, prepared, batch);
  }

  #evaluateCommand(
    unit: Unit,
    command: Command,
    { at, keys }: { readonly at: number; readonly keys: BatchKeys },
  ): MaybePromise<Evaluated> {
    if (command.signal?.aborted === true || (command.deadline !== undefined && command.deadline < at)) {
      return { outcome: fail(refuse("deadline_exceeded")) };
    }
    const replay = this.#replay(unit, command, at) ?? replayInBatch(keys, command);
    if (replay !== undefined) return { outcome: replay };
    const mark = unit.rows.mark();
    const settle = (verdict: Verdict): Evaluated => {
      const stays = verdict.ok || verdict.keep === true;
      if (!stays) unit.rows.rollback(mark);
      const events = unit.takeEvents();
      const changes = stays ? unit.rows.changesSince(mark) : [];
      const follow = this.#options.automatic?.of(changes) ?? [];
      const all = follow.length === 0 ? events : [...events, ...follow];
      const { depth } = command;
      const kept: Kept = stays
        ? { command, verdict, changes, events: depth === undefined ? all : all.map((event) => ({ ...event, depth })) }
        : { command, verdict, changes, events: [] };
      if (command.idempotency !== undefined) keys.set(keyText(command), kept);
      return { kept };
    };
    const broken = (error: unknown): Evaluated => {
      unit.rows.rollback(mark);
      unit.takeEvents();
      // An error of the store concerns the transaction as a whole: let the batch decide.
      if (error instanceof StoreError) throw error;
      this.#tell(error, command.origin);
      return { outcome: fail(refuse("internal")) };
    };
    try {
      const evaluating = command.evaluate(unit);
      return evaluating instanceof Promise ? evaluating.then(settle).catch(broken) : settle(evaluating);
    } catch (error) {
      return broken(error);
    }
  }

  /** The kept answer of an idempotency key, or the refusal of one used for something else. */
  #replay(unit: Unit, command: Command, at: number): Outcome | undefined {
    const { idempotency } = command;
    if (idempotency === undefined) return undefined;
    const row = unit.rows.entry(idempotencyTable, command.realm, [idempotency.caller, idempotency.key])?.current;
    if (row === undefined || Date.parse(row["at"] as string) + this.#options.idempotencyMs < at) return undefined;
    if (row["fingerprint"] !== idempotency.fingerprint) return fail(refuse("idempotency_key_reused"));
    return { ...(row["reply"] as unknown as Outcome), replayed: true };
  }

  /** Adds the journal's row and the kept answer of a step. Returns the journal's seq, if there is a row. */
  #record({ unit, journal }: { unit: Unit; journal: Journal }, step: Kept, outcome: Outcome): number | undefined {
    const { command, changes, events } = step;
    const { realm, origin, idempotency } = command;
    const status = outcome.ok ? outcome.status : outcome.refusal.status;
    const seq = journal.add(realm, origin, { status, changes, events });
    if (idempotency !== undefined && status < 500) {
      const { caller, key, fingerprint } = idempotency;
      const kept = { caller, key, fingerprint, at: unit.now, reply: withoutSecrets(outcome, command.secrets) as never };
      const entry =
        unit.rows.entry(idempotencyTable, realm, [caller, key]) ??
        unit.rows.adopt(idempotencyTable, realm, [caller, key], undefined);
      unit.rows.set(entry, kept);
    }
    return seq;
  }
}
