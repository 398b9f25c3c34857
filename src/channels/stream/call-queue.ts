/**
 * The calls of one WebSocket: many at a time, begun in the order in which they came, answered as they are ready.
 *
 * A command begins once the one before it was handed to the writer, which executes in that order; mostly that is at once. What changes who calls lets nothing
 * begin until it is done. Nothing begins while its answers would only wait for a reader who does not read.
 */
import type { MaybePromise } from "../../pipeline/pipeline.ts";

/** Work that came with a message. */
export interface Work {
  /** Bytes of its message. */
  readonly bytes: number;
  /**
   *   query    begins when there is room
   *   command  begins behind the command before it
   *   barrier  is done before anything behind it begins
   */
  readonly kind: "query" | "command" | "barrier";
  /** Runs it; never rejects. `isBegun` is to be called when what comes after it will be executed after it, at the end at the latest. */
  run(isBegun: () => void): MaybePromise<void>;
}

export interface CallQueueOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** Whether nothing should begin now; `resume` is called when that is over. */
  isFull(): boolean;
}

export class CallQueue {
  readonly #options: CallQueueOptions;
  #waiting: Work[] = [];
  /** Of those that wait, the first that does. */
  #next = 0;
  #waitingBytes = 0;
  #running = 0;
  /** Under way: a command that has not been handed to the writer yet, or a barrier. */
  #isHolding: "command" | "barrier" | undefined;
  #isClosed = false;

  constructor(options: CallQueueOptions) {
    this.#options = options;
  }

  /** Nothing runs, and nothing waits. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#next >= this.#waiting.length;
  }

  /** Takes work; false where too much waits already. */
  add(work: Work): boolean {
    if (this.#isClosed) return true;
    const { waitingMax, waitingBytesMax } = this.#options;
    const isWaiting = this.#next < this.#waiting.length;
    if (!isWaiting && this.#mayBegin(work)) {
      this.#begin(work);
      return true;
    }
    if (this.#waiting.length - this.#next >= waitingMax || this.#waitingBytes + work.bytes > waitingBytesMax) return false;
    this.#waiting.push(work);
    this.#waitingBytes += work.bytes;
    return true;
  }

  /** There is room again. */
  resume(): void {
    while (this.#next < this.#waiting.length) {
      const work = this.#waiting[this.#next] as Work;
      if (!this.#mayBegin(work)) break;
      this.#next++;
      this.#waitingBytes -= work.bytes;
      this.#begin(work);
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else if (this.#next >= compactAt) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }

  /** What waits is forgotten. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#next = 0;
  }

  #mayBegin({ kind }: Work): boolean {
    if (this.#isClosed || this.#isHolding === "barrier" || this.#running >= this.#options.runningMax) return false;
    return (this.#isHolding === undefined || kind === "query") && !this.#options.isFull();
  }

  #begin({ kind, run }: Work): void {
    this.#running++;
    let isLater = false;
    let isHeld = kind !== "query";
    if (kind !== "query") this.#isHolding = kind;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#isHolding = undefined;
      if (isLater) this.resume();
    };
    const done = (): void => {
      this.#running--;
      release();
    };
    const running = run(kind === "command" ? release : () => {});
    if (!(running instanceof Promise)) return done();
    isLater = true;
    void running.then(() => {
      done();
      this.resume();
    });
  }
}

/** Entries that were begun are kept in front until so many have gathered. */
const compactAt = 256;
