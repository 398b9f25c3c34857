/**
 * What goes out of one WebSocket. Messages are handed to the socket at once; once more waits than the other side reads, nobody makes anything further for it
 * until it has caught up, and who does not catch up in time counts as too slow.
 */
import type { Socket } from "../http/index.ts";

export class Outbox {
  readonly #socket: Socket;
  readonly #bytesMax: number;
  /** Waits for room. */
  #waiting: (() => void)[] = [];
  #fullSinceMs: number | undefined;
  #isClosed = false;

  constructor(socket: Socket, options: { readonly bytesMax: number }) {
    this.#socket = socket;
    this.#bytesMax = options.bytesMax;
  }

  get isFull(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  /** How long it has been full, in milliseconds. */
  fullForMs(nowMs: number): number {
    return this.#fullSinceMs === undefined ? 0 : nowMs - this.#fullSinceMs;
  }

  send(text: string): void {
    if (this.#isClosed) return;
    // What is positive went to the system; only what waits in this process counts.
    if (this.#socket.send(text) > 0 || this.#fullSinceMs !== undefined) return;
    if (this.#socket.buffered > this.#bytesMax) this.#fullSinceMs = performance.now();
  }

  /** Resolves when there is room, or nobody to send to any more. */
  room(): Promise<void> {
    if (this.#fullSinceMs === undefined || this.#isClosed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** The other side has read. */
  drained(): void {
    if (this.#fullSinceMs === undefined || this.#socket.buffered > this.#bytesMax / 2) return;
    this.#fullSinceMs = undefined;
    this.#release();
  }

  close(): void {
    this.#isClosed = true;
    this.#fullSinceMs = undefined;
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
