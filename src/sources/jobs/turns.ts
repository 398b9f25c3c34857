/**
 * Takes turns: pieces of work by name, each never twice at the same time, so many at once in all. A piece that is asked for while it is at work gets
 * another turn behind it; one that asks for a later turn gets it by the clock, which is looked at every 30 s at the latest: it may be moved.
 */

/** When it wants its next turn: milliseconds since the epoch, or not by itself. */
export type Next = number | undefined;

export const turnAgain: Next = 0;

export interface TurnsOptions {
  /** Pieces at work at the same time. */
  readonly atOnce: number;
  readonly clock: () => number;
  /** Told of a turn that threw; it is taken again after a while. */
  readonly onError: (error: unknown, name: string) => void;
}

type Turn = () => Promise<Next>;

const sleepMsMax = 30_000;
const failureMsMin = 1_000;
const failureMsMax = 30_000;

interface Piece {
  readonly name: string;
  turn: Turn;
  isRunning: boolean;
  isQueued: boolean;
  failures: number;
}

export class Turns {
  readonly #options: TurnsOptions;
  readonly #pieces = new Map<string, Piece>();
  /** Name → when. */
  readonly #later = new Map<string, { readonly piece: Piece; readonly atMs: number }>();
  readonly #queue: Piece[] = [];
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #soonest = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Asks for a turn as soon as may be. */
  want(name: string, turn: Turn): void {
    if (this.#isStopped) return;
    let piece = this.#pieces.get(name);
    if (piece === undefined) {
      piece = this.#later.get(name)?.piece ?? { name, turn, isRunning: false, isQueued: false, failures: 0 };
      this.#pieces.set(name, piece);
    }
    piece.turn = turn;
    this.#later.delete(name);
    if (piece.isQueued) return;
    piece.isQueued = true;
    if (!piece.isRunning) this.#queue.push(piece);
    this.#start();
  }

  /** Looks at the clock: who waited for what has come has his turn. */
  tick(): void {
    const nowMs = this.#options.clock();
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const [name, { piece, atMs }] of this.#later) {
      if (atMs <= nowMs) this.want(name, piece.turn);
      else this.#soonest = Math.min(this.#soonest, atMs);
    }
    this.#arm();
  }

  /** Gives no more turns; resolves when the last one has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#later.clear();
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when nobody is at work or waits to be. */
  async settled(): Promise<void> {
    if (this.#running > 0 || this.#queue.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    while (this.#running < this.#options.atOnce && !this.#isStopped) {
      const piece = this.#queue.shift();
      if (piece === undefined) return;
      void this.#run(piece);
    }
  }

  async #run(piece: Piece): Promise<void> {
    piece.isQueued = false;
    piece.isRunning = true;
    this.#running++;
    let next: Next;
    try {
      next = await piece.turn();
      piece.failures = 0;
    } catch (error) {
      this.#options.onError(error, piece.name);
      next = this.#options.clock() + Math.min(failureMsMax, failureMsMin * 2 ** piece.failures++);
    }
    piece.isRunning = false;
    this.#running--;
    this.#pieces.delete(piece.name);
    if (piece.isQueued || next === turnAgain) {
      piece.isQueued = false;
      this.want(piece.name, piece.turn);
    } else if (next !== undefined && !this.#isStopped) {
      this.#later.set(piece.name, { piece, atMs: next });
      if (next < this.#soonest) {
        this.#soonest = next;
        this.#arm();
      }
    }
    this.#start();
    if (this.#running === 0 && this.#queue.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped || this.#later.size === 0) return;
    const leftMs = this.#soonest - this.#options.clock();
    this.#timer = setTimeout(() => this.tick(), Math.max(1, Math.min(leftMs, sleepMsMax)));
    this.#timer.unref();
  }
}
