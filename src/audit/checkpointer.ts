/**
 * States every few seconds, signed, where the chains are that this process wrote: in `pons_checkpoints`, and wherever `onSigned` takes it off the machine.
 * A process states the realms that it has written, so processes that share a database need not know of one another. With its first statement it states
 * all journals as it finds them: a process that was killed has not stated what it wrote last.
 *
 *   const checkpointer = new Checkpointer(store, { key: signingKeyOf(secret), journal: writer.journalHeads, refusals, onSigned });
 *   checkpointer.start();
 *   await checkpointer.stop();   // states what is left
 */
import { chainStart } from "../batch/chain.ts";
import type { JournalHeads } from "../batch/journal-heads.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import { type OpenStore, type Row, StoreError } from "../store/index.ts";
import { appendOnce } from "./append-once.ts";
import type { RefusalLog } from "./refusal-log.ts";
import { type SignedStatement, type SigningKey, signStatement, type Statement, statementHash } from "./statement.ts";
import { checkpointsTable } from "./tables.ts";

export interface CheckpointerOptions {
  readonly key: SigningKey;
  readonly journal: Pick<JournalHeads, "takeMoved">;
  readonly refusals: Pick<RefusalLog, "takeMoved">;
  readonly everyMs?: number;
  /** Takes what is in the database to where the database's administrator cannot reach it. Tried again with the next ones where it throws. */
  readonly onSigned?: (signed: SignedStatement) => void;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Told of what should not happen; that the database is away is not told of. */
  readonly onError?: (error: unknown, operation: string) => void;
}

const everyMsDefault = 10_000;
/** Chains in one statement: with them it stays below the 8,192 characters that a line of a log holds. */
const headsMax = 48;
/** Statements in one transaction. */
const statementsMax = 500;
/** Statements that wait to be exported; of more the oldest are given up: what follows them covers the same rows. */
const exportsMax = 1_000;

/** Journals looked up together when a process begins. */
const headsRows = 500;
const headsSql =
  "SELECT c.realm AS realm, j.seq AS seq, j.hash AS hash FROM pons_counters c JOIN pons_journal j ON j.realm = c.realm AND j.seq = c.value " +
  `WHERE c.name = 'journal' AND c.realm > $1 AND j.hash IS NOT NULL ORDER BY c.realm LIMIT ${headsRows}`;

type JournalHeadOf = Statement["journal"][number];
type RefusalsHeadOf = Statement["refusals"][number];

interface Sealed {
  readonly row: Row;
  readonly signed: SignedStatement;
}

export class Checkpointer {
  readonly #store: OpenStore;
  readonly #options: CheckpointerOptions;
  readonly #clock: () => number;
  readonly #stream = crypto.randomUUID();
  #hasBegun = false;
  #seq = 0;
  #previous = chainStart;
  /** Heads that are in no statement yet. */
  #journal: JournalHeadOf[] = [];
  #refusals: RefusalsHeadOf[] = [];
  /** Signed, and not yet known to be in the database. */
  #sealed: readonly Sealed[] = [];
  #exports: SignedStatement[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(store: OpenStore, options: CheckpointerOptions) {
    this.#store = store;
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.checkpoint().catch(() => undefined), this.#options.everyMs ?? everyMsDefault);
    this.#timer.unref();
  }

  /** States what is left, if the database takes it, and no more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.checkpoint().catch(() => undefined);
  }

  /** States what has moved; nothing when nothing has. Rejects where the database does not take it; it is tried again the next time. */
  checkpoint(): Promise<void> {
    this.#running = this.#running
      .catch(() => undefined)
      .then(() => this.#run())
      .catch((error: unknown) => {
        const isPassing = error instanceof StoreError && error.kind !== "broken" && error.kind !== "check";
        if (!isPassing) this.#options.onError?.(error, "checkpoint");
        throw error;
      });
    return this.#running;
  }

  async #run(): Promise<void> {
    if (!this.#hasBegun) await this.#begin();
    this.#take();
    // Ends: every turn writes what was sealed, and seals less than there was.
    while (this.#sealed.length > 0 || this.#journal.length > 0 || this.#refusals.length > 0) {
      if (this.#sealed.length === 0) this.#seal();
      await appendOnce(
        this.#store,
        checkpointsTable,
        this.#sealed.map(({ row }) => ({ realm: installationRealm, row })),
        "signature",
      );
      this.#exports.push(...this.#sealed.map(({ signed }) => signed));
      this.#sealed = [];
    }
    this.#export();
  }

  /** Finds where the journals of all realms are. */
  async #begin(): Promise<void> {
    const found: JournalHeadOf[] = [];
    let rows: readonly Readonly<Record<string, unknown>>[];
    do {
      rows = await this.#store.admin.query(headsSql, [found.at(-1)?.[0] ?? -1]);
      found.push(...rows.map(({ realm, seq, hash }): JournalHeadOf => [Number(realm), Number(seq), String(hash)]));
    } while (rows.length === headsRows);
    this.#journal = found;
    this.#hasBegun = true;
  }

  /** Takes over the heads that have moved. A chain that has moved on since it was taken is stated where it is now. */
  #take(): void {
    const { journal, refusals } = this.#options;
    const moved = journal.takeMoved();
    const refusing = refusals.takeMoved();
    this.#journal = [
      ...this.#journal.filter(([realm]) => !moved.has(realm)),
      ...[...moved].map(([realm, { seq, hash }]): JournalHeadOf => [realm, seq, hash]),
    ];
    this.#refusals = [
      ...this.#refusals.filter(([realm, stream]) => refusing.get(realm)?.stream !== stream),
      ...[...refusing].map(([realm, { stream, seq, hash }]): RefusalsHeadOf => [realm, stream, seq, hash]),
    ];
  }

  #seal(): void {
    const sealed: Sealed[] = [];
    while (sealed.length < statementsMax && this.#journal.length + this.#refusals.length > 0) {
      const journal = this.#journal.splice(0, headsMax);
      const refusals = this.#refusals.splice(0, headsMax - journal.length);
      const at = new Date(this.#clock()).toISOString();
      const statement: Statement = { stream: this.#stream, seq: ++this.#seq, at, previous: this.#previous, journal, refusals };
      const signed = signStatement(statement, this.#options.key);
      this.#previous = statementHash(signed.statement);
      sealed.push({ signed, row: { stream: statement.stream, seq: statement.seq, at, ...signed } });
    }
    this.#sealed = sealed;
  }

  #export(): void {
    const { onSigned } = this.#options;
    if (onSigned === undefined) {
      this.#exports = [];
      return;
    }
    this.#exports.splice(0, this.#exports.length - exportsMax);
    for (let signed = this.#exports[0]; signed !== undefined; signed = this.#exports[0]) {
      onSigned(signed);
      this.#exports.shift();
    }
  }
}
