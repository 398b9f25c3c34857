/**
 * The requests of one connection: several at a time, answered in the order in which they came.
 *
 *   query     begins when all commands before it are done: it sees what they did
 *   command   begins when the command before it was handed to the writer, which executes in that order
 *   barrier   begins when all before it is done, and is done before anything behind it begins
 *
 * Nothing begins while answers only wait for a reader who does not read.
 */
import type { MaybePromise } from "../../pipeline/pipeline.ts";

export interface Work {
  readonly kind: "query" | "command" | "barrier";
  /** Bytes of its line. */
  readonly bytes: number;
  /** Runs it; resolves to its answer and never rejects. `isBegun` is to be called when a command behind it would be executed after it. */
  run(isBegun: () => void): MaybePromise<string>;
}

interface Slot {
  readonly work: Work;
  answer: string | undefined;
}

export interface QueueOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
  /** Whether nothing should begin now; `resume` is called when that is over. */
  isFull(): boolean;
  /** Told of answers, in order. */
  send(answer: string): void;
}

export class Queue {
  readonly #options: QueueOptions;
  /** In the order in which they came: begun ones, then those that wait. */
  readonly #slots: Slot[] = [];
  /** Of the slots, how many have begun. */
  #begun = 0;
  #running = 0;
  #commands = 0;
  #waitingBytes = 0;
  /** A command that was not handed to the writer yet, or a barrier. */
  #isHeld = false;
  #isClosed = false;
  #isStarting = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#slots.length === 0;
  }

  /** Whether more should be read. */
  get hasRoom(): boolean {
    const { waitingMax, waitingBytesMax } = this.#options;
    return this.#slots.length - this.#begun < waitingMax && this.#waitingBytes < waitingBytesMax;
  }

  add(work: Work): void {
    if (this.#isClosed) return;
    this.#slots.push({ work, answer: undefined });
    this.#waitingBytes += work.bytes;
    this.resume();
  }

  /** Begins what may begin. */
  resume(): void {
    // What is begun may end at once, and ask for more: the loop that is running sees to it.
    if (this.#isStarting) return;
    this.#isStarting = true;
    for (;;) {
      const slot = this.#slots[this.#begun];
      if (slot === undefined || !this.#mayBegin(slot.work)) break;
      this.#begin(slot);
    }
    this.#isStarting = false;
  }

  /** What waits is forgotten. */
  cut(): void {
    this.#slots.length = this.#begun;
    this.#waitingBytes = 0;
  }

  /** What waits is forgotten, and no answer goes out any more. */
  close(): void {
    this.#isClosed = true;
    this.cut();
  }

  #mayBegin({ kind }: Work): boolean {
    if (this.#isClosed || this.#isHeld || this.#running >= this.#options.runningMax || this.#options.isFull()) return false;
    if (kind === "barrier") return this.#running === 0;
    return kind === "command" || this.#commands === 0;
  }

  #begin(slot: Slot): void {
    const { kind, bytes, run } = slot.work;
    this.#begun++;
    this.#running++;
    this.#waitingBytes -= bytes;
    const isCommand = kind === "command";
    if (isCommand) this.#commands++;
    let isHolding = kind !== "query";
    if (isHolding) this.#isHeld = true;
    const release = (): void => {
      if (!isHolding) return;
      isHolding = false;
      this.#isHeld = false;
    };
    const done = (answer: string): void => {
      release();
      this.#running--;
      if (isCommand) this.#commands--;
      slot.answer = answer;
      this.#flush();
      this.resume();
    };
    const answer = run.call(slot.work, () => {
      if (!isCommand) return;
      release();
      this.resume();
    });
    if (answer instanceof Promise) void answer.then(done);
    else done(answer);
  }

  /** Sends what is answered, up to the first that is not. */
  #flush(): void {
    for (;;) {
      const [first] = this.#slots;
      if (first?.answer === undefined) return;
      this.#slots.shift();
      this.#begun--;
      if (!this.#isClosed) this.#options.send(first.answer);
    }
  }
}
