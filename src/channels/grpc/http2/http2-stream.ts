/**
 * One stream (RFC 9113 section 5.1) as its server sees it. What is to be sent goes out at once where it may, else it waits here for its turn; what comes is handed
 * on, and its sender may send more when it was used.
 */
import type { RequestFields } from "./request-fields.ts";
import type { Http2Session } from "./http2-session.ts";
import type { Outgoing } from "./outgoing.ts";
import { errors, partBytes } from "./protocol.ts";

/** Told of what comes. `onClose` is told once, last: nothing comes or goes any more. */
export interface StreamReader {
  onData(bytes: Uint8Array): void;
  onEnd(): void;
}

/** Sent in order: a block of fields, or a part of the body. */
type Item = { readonly block: Uint8Array; readonly isEnd: boolean } | { bytes: Uint8Array };

/** Below it a sender makes more: it always has parts ready while the next are made. */
const lowBytes = 2 * partBytes;

export class Http2Stream {
  readonly id: number;
  readonly fields: RequestFields;
  readonly #session: Http2Session;
  readonly #outgoing: Outgoing;
  #reader: StreamReader | undefined;
  /** What came before there was a reader: at most a window. */
  readonly #early: Uint8Array[] = [];
  onClose: (() => void) | undefined;
  /** Told when something that waited was sent. */
  onSent: (() => void) | undefined;
  /** What it may send, and what its client may. */
  sendWindow: number;
  receiveWindow: number;
  /** Used of what came, and not yet told. */
  #credit = 0;
  readonly #queue: Item[] = [];
  #queued = 0;
  #isRemoteEnded = false;
  #isLocalEnded = false;
  #isClosed = false;
  /** In the session's ring of streams that have something to send. */
  isInRing = false;
  #ready: (() => void) | undefined;
  /** Bytes of a body as its client said they would be, and as they came. */
  #lengthLeft: number | undefined;

  constructor(
    session: Http2Session,
    given: { readonly id: number; readonly fields: RequestFields; readonly sendWindow: number; readonly receiveWindow: number },
  ) {
    this.#session = session;
    this.#outgoing = session.outgoing;
    this.id = given.id;
    this.fields = given.fields;
    this.sendWindow = given.sendWindow;
    this.receiveWindow = given.receiveWindow;
    const length = given.fields["content-length"];
    if (length !== undefined) this.#lengthLeft = /^[0-9]{1,15}$/.test(length) ? Number(length) : Number.NaN;
  }

  get isRemoteEnded(): boolean {
    return this.#isRemoteEnded;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Something waits to be sent. */
  get isWaiting(): boolean {
    return this.#queue.length > 0;
  }

  /** Bytes of a body that wait to be sent. */
  get queued(): number {
    return this.#queued;
  }

  /** Who is told of the request's body, from its beginning on. */
  read(reader: StreamReader): void {
    if (this.#isClosed) return;
    this.#reader = reader;
    for (const bytes of this.#early.splice(0)) reader.onData(bytes);
    if (this.#isRemoteEnded) reader.onEnd();
  }

  /** Sends fields: the head of an answer, its trailers, or both in one. */
  sendFields(block: Uint8Array, options: { readonly isEnd: boolean }): void {
    if (this.#isClosed || this.#isLocalEnded) return;
    if (options.isEnd) this.#isLocalEnded = true;
    if (this.#queue.length > 0 || this.#outgoing.isBlocked) {
      this.#queue.push({ block, isEnd: options.isEnd });
      this.#outgoing.offer(this);
      return;
    }
    this.#outgoing.writeFields(this, block, options.isEnd);
    if (options.isEnd) this.#ended();
  }

  /** Sends a part of a body, of any length. */
  sendData(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isLocalEnded || bytes.length === 0) return;
    if (this.#queue.length === 0 && bytes.length <= partBytes && this.#outgoing.writeAtOnce(this, bytes)) return;
    this.#queue.push({ bytes });
    this.#queued += bytes.length;
    this.#outgoing.queued += bytes.length;
    this.#outgoing.offer(this);
  }

  /** Resolves when more may be sent without waiting in memory for long, or the stream is over; undefined: now. */
  room(): Promise<void> | undefined {
    if (this.#isClosed || this.#queued < lowBytes) return undefined;
    return new Promise((resolve) => void (this.#ready = resolve));
  }

  /** Its turn: sends one part, and whatever fields stand beside it. Whether something was sent. */
  sendPart(): boolean {
    let isSent = false;
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      if ("block" in item) {
        this.#queue.shift();
        this.#outgoing.writeFields(this, item.block, item.isEnd);
        isSent = true;
        if (item.isEnd) this.#ended();
        continue;
      }
      const { bytes } = item;
      const count = Math.min(bytes.length, partBytes, this.#outgoing.sendable(this));
      if (count === 0) break;
      this.#outgoing.writeData(this, count === bytes.length ? bytes : bytes.subarray(0, count));
      if (count === bytes.length) this.#queue.shift();
      else item.bytes = bytes.subarray(count);
      this.#queued -= count;
      this.#outgoing.queued -= count;
      isSent = true;
      // The end goes out with the last part.
      if (this.#queued > 0) break;
    }
    if (isSent) {
      this.onSent?.();
      if (this.#queued < lowBytes) this.#wake();
    }
    return isSent;
  }

  /** So many bytes of the request were used: its client may send as many more. */
  use(bytes: number): void {
    if (this.#isClosed || this.#isRemoteEnded) return;
    this.#credit += bytes;
    const told = this.#session.credit(this, this.#credit);
    if (told) this.#credit = 0;
  }

  /** Breaks off. */
  reset(code: number): void {
    if (this.#isClosed) return;
    this.#outgoing.writeReset(this.id, code);
    this.close();
  }

  /** A part of the request's body has come. Its length was held against the windows. */
  receive(bytes: Uint8Array, isEnd: boolean): void {
    if (this.#lengthLeft !== undefined) {
      this.#lengthLeft -= bytes.length;
      if (!(this.#lengthLeft >= 0)) {
        this.reset(errors.protocol);
        return;
      }
    }
    if (bytes.length > 0) {
      if (this.#isLocalEnded) this.use(bytes.length);
      else if (this.#reader === undefined) this.#early.push(bytes);
      else this.#reader.onData(bytes);
    }
    if (isEnd) this.receiveEnd();
  }

  receiveEnd(): void {
    if (this.#isClosed) return;
    if (this.#lengthLeft !== undefined && this.#lengthLeft !== 0) {
      this.reset(errors.protocol);
      return;
    }
    this.#isRemoteEnded = true;
    this.#reader?.onEnd();
    if (this.#isLocalEnded && this.#queue.length === 0) this.close();
  }

  /** The stream is over, whoever ended it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outgoing.queued -= this.#queued;
    this.#queue.length = 0;
    this.#queued = 0;
    this.#early.length = 0;
    this.#session.forget(this);
    this.onClose?.();
    this.#wake();
  }

  /** All was said. What the client may still send is of no use to anybody. */
  #ended(): void {
    if (this.#isRemoteEnded) this.close();
    else this.reset(errors.none);
  }

  #wake(): void {
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.();
  }
}
