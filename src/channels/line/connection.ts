/**
 * One connection: bytes in and out, and how long each may take. What is said on it is the conversation's.
 *
 *   too long silent, a line that does not end, a stranger who does not come to the point     it is told, and ended
 *   answers that nobody reads                                                                it is cut
 */
import type { Socket } from "node:net";
import { refuse } from "../../pipeline/refusal.ts";
import type { ChannelParts } from "../http/index.ts";
import { Conversation } from "./conversation.ts";
import type { LineLimits } from "./limits.ts";
import { Lines } from "./lines.ts";
import type { Services } from "./services.ts";

export interface ConnectionOptions {
  readonly parts: ChannelParts;
  readonly limits: LineLimits;
  readonly services: Services;
  readonly address: string;
  /** Told once it is over. */
  onClose(): void;
}

/** So long may the other side take to read what was said last. */
const lastMsMax = 2_000;

export class Connection {
  readonly #socket: Socket;
  readonly #limits: LineLimits;
  readonly #lines = new Lines();
  readonly #conversation: Conversation;
  readonly #sinceMs = performance.now();
  /** When something came last, when the line began that has not ended, and since when nothing that waits is read. */
  #heardMs = performance.now();
  #lineMs: number | undefined;
  #unreadMs: number | undefined;
  #unread = 0;
  #endingMs: number | undefined;
  #isTaking = false;
  #isPaused = false;
  /** What came while there was no room. */
  #held: Uint8Array[] = [];

  constructor(socket: Socket, { parts, limits, services, address, onClose }: ConnectionOptions) {
    this.#socket = socket;
    this.#limits = limits;
    this.#conversation = new Conversation({
      parts,
      limits,
      services,
      address,
      isFull: () => socket.writableLength >= limits.unsentBytesMax,
      send: (answer) => {
        if (socket.writable) socket.write(answer);
        if (this.#isPaused) queueMicrotask(() => this.#goOn());
      },
      end: () => this.#end(),
    });
    socket.setNoDelay(true);
    socket.on("data", (part: Uint8Array) => this.#take(part));
    socket.on("drain", () => this.#goOn());
    // The other side sends no more; it may still read. A line that has not ended is none.
    socket.on("end", () => this.#conversation.leave());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#conversation.close();
      onClose();
    });
  }

  get isIdle(): boolean {
    return this.#conversation.isIdle && this.#held.length === 0;
  }

  /** Says that it is over, once all that was asked is answered. */
  stop(): void {
    this.#conversation.finish(refuse("unavailable", { retryAfter: 1 }));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Looks at the time. */
  tick(nowMs: number): void {
    const { unreadMsMax, strangerMsMax, lineMsMax, idleMsMax } = this.#limits;
    if (this.#endingMs !== undefined) {
      if (nowMs - this.#endingMs > lastMsMax) this.#socket.destroy();
      return;
    }
    this.#watchReader(nowMs);
    const isReading = !this.#isPaused && this.#lineMs !== undefined;
    if (this.#unreadMs !== undefined && nowMs - this.#unreadMs > unreadMsMax) this.#socket.destroy();
    else if (
      (isReading && nowMs - (this.#lineMs ?? nowMs) > lineMsMax) ||
      (!this.#conversation.isKnown && nowMs - this.#sinceMs > strangerMsMax) ||
      (this.isIdle && nowMs - this.#heardMs > idleMsMax)
    )
      this.#conversation.finish(refuse("request_timeout"));
  }

  /** Since when nothing was read of what waits. */
  #watchReader(nowMs: number): void {
    const { writableLength, bytesWritten } = this.#socket;
    // Bytes that have left: those that were written, but for those that wait.
    const left = bytesWritten - writableLength;
    if (writableLength === 0) this.#unreadMs = undefined;
    else if (this.#unreadMs === undefined || left !== this.#unread) this.#unreadMs = nowMs;
    this.#unread = left;
  }

  #take(part: Uint8Array): void {
    this.#heardMs = performance.now();
    // What was on its way comes although nothing more is read.
    if (this.#held.length > 0 || !this.#conversation.hasRoom) this.#held.push(part.slice());
    else this.#read(part);
    this.#breathe();
  }

  /** Lines of a part, until there is no room; then what is left of it waits. */
  #read(part: Uint8Array): void {
    this.#lines.feed(part);
    let isNew = false;
    while (this.#conversation.hasRoom) {
      const max = this.#conversation.lineBytesMax;
      const line = this.#lines.next(max);
      if (line === undefined) break;
      if (line === false) return this.#conversation.finish(refuse("too_large", { details: { maxBytes: max } }));
      isNew = true;
      // An empty line is none: people press the key twice.
      if (line.length > 0) this.#conversation.take(line);
    }
    const rest = this.#lines.rest();
    if (rest.length > 0) this.#held.unshift(rest);
    if (this.#lines.pending === 0) this.#lineMs = undefined;
    else if (isNew || this.#lineMs === undefined) this.#lineMs = performance.now();
  }

  /** There is room again, or answers have gone. */
  #goOn(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#conversation.resume();
    while (this.#conversation.hasRoom) {
      const part = this.#held.shift();
      if (part === undefined) break;
      this.#read(part);
    }
    this.#isTaking = false;
    this.#breathe();
  }

  /** Reads on, or does not. */
  #breathe(): void {
    const isOpen = this.#held.length === 0 && this.#conversation.hasRoom;
    if (isOpen === !this.#isPaused) return;
    this.#isPaused = !isOpen;
    if (isOpen) this.#socket.resume();
    else this.#socket.pause();
  }

  #end(): void {
    if (this.#endingMs !== undefined) return;
    this.#endingMs = performance.now();
    this.#socket.end();
  }
}
