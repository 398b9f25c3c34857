/**
 * Fair sending on one connection. Whatever a stream has handed to HTTP/2 stands in its queue until the client's windows let it go, in an order that is not
 * ours: a few long answers would keep all others waiting. So long answers wait here, and go out in turns.
 *
 *   sender.write(bytes) ─► its queue ─► ring of senders ─► 8 KB of the next one, at most 32 KB of the connection unflushed ─► stream.write
 *                                            ▲                                                                                   │
 *                                            └──────────────── flushed: its turn comes again ◄────────────────────────────────────┘
 *
 * A client that does not read one of its streams (whose own window is closed) must not stop the others: where nothing was flushed for a moment, the
 * oldest part that is out no longer counts. What is out is at most one part per stream.
 */
import type { ServerHttp2Stream } from "node:http2";

const partBytes = 8 * 1024;
const unflushedBytesMax = 32 * 1024;
/** Where nothing was flushed for so long, a part counts as one that its client does not read. */
const probeMs = 50;
/** Below it a sender takes more: it always has a part ready while the next is made. */
const lowBytes = 2 * partBytes;

/** What one stream has to send. */
export class Sender {
  readonly stream: ServerHttp2Stream;
  readonly #outlet: Outlet;
  readonly #onFlushed: () => void;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  /** Bytes handed on and not flushed. */
  unflushed = 0;
  /** They no longer count. */
  isStuck = false;
  isWaiting = false;
  #isEnding = false;
  #isClosed = false;
  #ready: (() => void) | undefined;

  /** `onFlushed`: told whenever the client's windows let something go. */
  constructor(outlet: Outlet, stream: ServerHttp2Stream, onFlushed: () => void) {
    this.#outlet = outlet;
    this.stream = stream;
    this.#onFlushed = onFlushed;
  }

  /** Bytes that wait for their turn. */
  get queued(): number {
    return this.#queued;
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#outlet.offer(this);
  }

  /** The stream ends after what was written. */
  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#queued === 0) this.stream.end();
  }

  /** Resolves when more may be written, or the stream is over; undefined: now. */
  room(): Promise<void> | undefined {
    if (this.#isClosed || this.#queued < lowBytes) return undefined;
    return new Promise((resolve) => void (this.#ready = resolve));
  }

  /** The next part to be sent; undefined: there is none. */
  take(): Uint8Array | undefined {
    if (this.#queued === 0) return undefined;
    const part = this.#part();
    this.unflushed = part.length;
    return part;
  }

  /** Hands a part on that was taken. */
  send(part: Uint8Array, flushed: () => void): void {
    const isLast = this.#isEnding && this.#queued === 0;
    if (isLast) this.stream.end(part, flushed);
    else this.stream.write(part, flushed);
    this.#wake();
  }

  flushed(): void {
    this.unflushed = 0;
    this.isStuck = false;
    this.#onFlushed();
  }

  /** The stream is over: nothing more is sent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#queued = 0;
    this.#outlet.remove(this);
    this.#wake();
  }

  #wake(): void {
    if (!this.#isClosed && this.#queued >= lowBytes) return;
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.();
  }

  #part(): Uint8Array {
    const first = this.#queue[0] as Uint8Array;
    if (first.length > partBytes) {
      this.#queue[0] = first.subarray(partBytes);
      this.#queued -= partBytes;
      return first.subarray(0, partBytes);
    }
    let count = 1;
    let size = first.length;
    for (; count < this.#queue.length; count++) {
      const next = size + (this.#queue[count] as Uint8Array).length;
      if (next > partBytes) break;
      size = next;
    }
    const parts = this.#queue.splice(0, count);
    this.#queued -= size;
    return count === 1 ? first : Buffer.concat(parts, size);
  }
}

/** The senders of one connection. */
export class Outlet {
  readonly #ring: Sender[] = [];
  /** Senders with a part that is out, oldest first. */
  readonly #out = new Set<Sender>();
  #counted = 0;
  #flushes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isPumping = false;
  /** Counts what was sent on the connection, roughly: whether something was since one last looked. */
  sent = 0;

  /** The sender has something to send. */
  offer(sender: Sender): void {
    if (sender.isWaiting || sender.unflushed > 0) return;
    sender.isWaiting = true;
    this.#ring.push(sender);
    this.#pump();
  }

  remove(sender: Sender): void {
    if (sender.isWaiting) {
      const at = this.#ring.indexOf(sender);
      if (at !== -1) this.#ring.splice(at, 1);
      sender.isWaiting = false;
    }
    if (this.#out.delete(sender)) {
      if (!sender.isStuck) this.#counted -= sender.unflushed;
      sender.unflushed = 0;
      this.#pump();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ring.length = 0;
    this.#out.clear();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#counted < unflushedBytesMax) {
      const sender = this.#ring.shift();
      if (sender === undefined) break;
      sender.isWaiting = false;
      const part = sender.take();
      if (part === undefined) continue;
      this.sent++;
      this.#out.add(sender);
      this.#counted += part.length;
      sender.send(part, () => this.#flushed(sender));
    }
    this.#isPumping = false;
    if (this.#ring.length > 0 && this.#timer === undefined) this.#watch();
  }

  #flushed(sender: Sender): void {
    // The stream may have been closed in between.
    if (!this.#out.delete(sender)) return;
    this.#flushes++;
    if (!sender.isStuck) this.#counted -= sender.unflushed;
    sender.flushed();
    if (sender.queued > 0) this.offer(sender);
    else this.#pump();
  }

  #watch(): void {
    const before = this.#flushes;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#flushes === before) this.#pass();
      this.#pump();
    }, probeMs);
  }

  /** The oldest part that counts no longer does. */
  #pass(): void {
    for (const sender of this.#out) {
      if (sender.isStuck) continue;
      sender.isStuck = true;
      this.#counted -= sender.unflushed;
      return;
    }
  }
}
