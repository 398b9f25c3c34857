/**
 * Copies the write-ahead log into the file beside the commits, in a thread of its own. A commit that has to copy the log itself keeps everybody waiting for
 * two more writes to the disk; this way most of it was copied before. Passive (SQLite, "PRAGMA wal_checkpoint"): it waits for nobody, and nobody for it.
 *
 * What the thread could not keep up with, SQLite's own limit of the log's pages bounds (`checkpointPages` of the connection). Without the thread everything
 * works as well, only less evenly.
 */

/** Rows written before the log is copied: with their indexes about as many pages or more. */
const rowsMin = 2_000;

export class Checkpointer {
  readonly #path: string;
  #worker: Worker | undefined;
  #rows = 0;
  #busy = false;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** So many rows were committed. */
  committed(rows: number): void {
    this.#rows += rows;
    if (this.#rows >= rowsMin && !this.#busy && !this.#closed) this.#ask();
  }

  /** Ends the thread once what it does is done. */
  close(): void {
    this.#closed = true;
    if (!this.#busy) this.#worker?.terminate();
  }

  #ask(): void {
    this.#rows = 0;
    this.#busy = true;
    if (this.#worker === undefined) {
      this.#worker = new Worker(new URL("./checkpoint-worker.ts", import.meta.url).href);
      this.#worker.unref();
      this.#worker.addEventListener("message", () => this.#done());
      // A thread that cannot be had stays busy for good: SQLite does by itself what it would have done.
      this.#worker.addEventListener("error", () => this.#worker?.terminate());
    }
    this.#worker.postMessage(this.#path);
  }

  #done(): void {
    this.#busy = false;
    if (this.#closed) this.#worker?.terminate();
    else this.committed(0);
  }
}
