/**
 * The audit of a process: what is refused, and signed checkpoints of all that it writes.
 *
 *   const audit = new Audit(store, { secret, journal: writer.journalHeads });
 *   audit.refused({ realm: null, type: "unauthenticated", status: 401, channel: "rest", address: "192.0.2.7" });
 *   audit.start({ onSigned: appendTo("/mnt/elsewhere/checkpoints.ndjson") });
 *   await audit.stop();   // before the store is closed
 */
import type { JournalHeads } from "../batch/journal-heads.ts";
import type { OpenStore } from "../store/index.ts";
import { Checkpointer } from "./checkpointer.ts";
import { type Refused, RefusalLog } from "./refusal-log.ts";
import { type SignedStatement, signingKeyOf } from "./statement.ts";

export interface AuditOptions {
  /** The installation's: the key of the checkpoints is derived from it. */
  readonly secret: string;
  /** Ends of the journals that this process writes. */
  readonly journal: JournalHeads;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly onError?: (error: unknown, operation: string) => void;
}

export interface AuditStart {
  /** Takes checkpoints off the machine. */
  readonly onSigned?: (signed: SignedStatement) => void;
  readonly everyMs?: number;
}

export class Audit {
  readonly #store: OpenStore;
  readonly #options: AuditOptions;
  readonly #refusals: RefusalLog;
  #checkpointer: Checkpointer | undefined;

  constructor(store: OpenStore, options: AuditOptions) {
    const { clock, onError } = options;
    this.#store = store;
    this.#options = options;
    this.#refusals = new RefusalLog(store, {
      ...(clock === undefined ? {} : { clock }),
      ...(onError === undefined ? {} : { onError }),
    });
  }

  /** Notes a refusal; it is written within a second, without a checkpointer too. Never throws, never waits. */
  refused(refused: Refused): void {
    this.#refusals.refused(refused);
  }

  /** Signs checkpoints from now on. */
  start(start: AuditStart = {}): void {
    const { secret, journal, clock, onError } = this.#options;
    this.#checkpointer ??= new Checkpointer(this.#store, {
      key: signingKeyOf(secret),
      journal,
      refusals: this.#refusals,
      ...start,
      ...(clock === undefined ? {} : { clock }),
      ...(onError === undefined ? {} : { onError }),
    });
    this.#checkpointer.start();
  }

  /** Writes and signs what there is. Rejects with a `StoreError` where the database does not take it now. */
  async flush(): Promise<void> {
    await this.#refusals.flush();
    await this.#checkpointer?.checkpoint();
  }

  /** Writes and signs what is left. */
  async stop(): Promise<void> {
    await this.#refusals.close();
    await this.#checkpointer?.stop();
  }
}
