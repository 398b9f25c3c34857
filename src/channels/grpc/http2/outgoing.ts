/**
 * What goes out on one connection. A stream sends at once what is short and may go; the rest goes out in turns, a part of each stream at a time, as far as the
 * client's windows and the socket let it. So a long answer keeps no short one waiting, a stream that is not read keeps no other one, and a client that does not
 * read at all costs what the socket holds and what its streams had ready.
 */
import type { Socket } from "node:net";
import { FrameWriter } from "./frame-writer.ts";
import type { Http2Stream } from "./http2-stream.ts";
import { errors, flags, partBytes, settings, types, windowBytesDefault, windowBytesMax } from "./protocol.ts";

/** Beyond it in the socket's hands no more of a body is sent, until it has drained. */
const pendingBytesHigh = 64 * 1024;
/** Answers without bodies, and frames about the connection, may pile up to here for a client that reads nothing. */
const pendingBytesMax = 1024 * 1024;

export class Outgoing {
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  /** Streams that have something to send, in turn. */
  readonly #ring: Http2Stream[] = [];
  #window = windowBytesDefault;
  /** Window of a stream that is opened now. */
  initialWindow = windowBytesDefault;
  #mustSizeTable = false;
  /** Bytes of bodies that wait in streams. */
  queued = 0;
  /** Counts what was sent: whether something was since one last looked. */
  sent = 0;
  /** What is written goes out together when reading is over. */
  isReading = false;
  #isPumping = false;
  #isFlushing = false;
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#writer = new FrameWriter(socket);
    socket.on("drain", () => {
      this.#writer.isBlocked = false;
      this.pump();
      this.#writer.flush();
    });
  }

  /** The client reads more slowly than it is answered. */
  get isBlocked(): boolean {
    return this.#writer.isBlocked || this.#writer.pending > pendingBytesHigh;
  }

  /** The stream has something to send. One with little goes first, so that it does not wait for long answers of others. */
  offer(stream: Http2Stream): void {
    if (stream.isInRing || this.#isClosed) return;
    stream.isInRing = true;
    if (stream.queued <= partBytes) this.#ring.unshift(stream);
    else this.#ring.push(stream);
    this.pump();
  }

  /** The stream is over. */
  remove(stream: Http2Stream): void {
    if (!stream.isInRing) return;
    const at = this.#ring.indexOf(stream);
    if (at !== -1) this.#ring.splice(at, 1);
    stream.isInRing = false;
  }

  /** How many bytes of a body the stream may send now. */
  sendable({ sendWindow }: Http2Stream): number {
    return this.isBlocked ? 0 : Math.max(0, Math.min(sendWindow, this.#window));
  }

  /** Sends a short part at once, where nobody waits and the windows let it; whether it did. */
  writeAtOnce(stream: Http2Stream, bytes: Uint8Array): boolean {
    if (this.#ring.length > 0 || this.sendable(stream) < bytes.length) return false;
    this.writeData(stream, bytes);
    return true;
  }

  writeData(stream: Http2Stream, bytes: Uint8Array): void {
    stream.sendWindow -= bytes.length;
    this.#window -= bytes.length;
    this.sent++;
    this.write(types.data, 0, stream.id, bytes);
  }

  writeFields({ id }: Http2Stream, block: Uint8Array, isEnd: boolean): void {
    // The client has said what its table may hold: that has to be acknowledged in the next block. We use none of it (RFC 7541 section 4.2).
    const whole = this.#mustSizeTable ? Buffer.concat([Buffer.from([0x20]), block]) : block;
    this.#mustSizeTable = false;
    this.sent++;
    this.#writer.headers(id, whole, isEnd);
    this.#flushSoon();
  }

  writeReset(id: number, code: number): void {
    this.writeNumber(types.reset, id, code);
  }

  writeNumber(type: number, id: number, value: number): void {
    this.#writer.uint32(type, id, value);
    this.#flushSoon();
  }

  /** `last`: streams beyond it are not answered. */
  writeGoaway(last: number, code: number, why: string): void {
    const payload = Buffer.alloc(8 + why.length);
    payload.writeUInt32BE(last, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(why, 8, "latin1");
    this.write(types.goaway, 0, 0, payload);
  }

  writeSettings(given: readonly (readonly [id: number, value: number])[]): void {
    const payload = Buffer.alloc(6 * given.length);
    for (const [at, [id, value]] of given.entries()) {
      payload.writeUInt16BE(id, 6 * at);
      payload.writeUInt32BE(value, 6 * at + 2);
    }
    this.write(types.settings, 0, 0, payload);
  }

  write(type: number, flag: number, id: number, payload: Uint8Array): void {
    this.#writer.frame(type, flag, id, payload);
    this.#flushSoon();
  }

  /** The client takes more on the connection. Whether that is still in range. */
  widen(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > windowBytesMax) return false;
    this.pump();
    return true;
  }

  /** The client takes more, or less, on one stream. */
  widenStream(stream: Http2Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.sendWindow > windowBytesMax) stream.reset(errors.flowControl);
    else if (stream.isWaiting && stream.sendWindow > 0) this.offer(stream);
  }

  /** The client has said how large its table of fields may be. */
  sizeTable(): void {
    this.#mustSizeTable = true;
  }

  acknowledgeSettings(): void {
    this.write(types.settings, flags.ack, 0, Buffer.alloc(0));
    this.pump();
  }

  /** What the server takes: values of SETTINGS, and the window of the connection. */
  greet(
    given: { readonly streamsMax: number; readonly metadataBytesMax: number; readonly windowBytes: number },
    window: number,
  ): void {
    this.writeSettings([
      [settings.maxConcurrentStreams, given.streamsMax],
      [settings.maxHeaderListSize, given.metadataBytesMax],
      [settings.initialWindowSize, given.windowBytes],
    ]);
    this.writeNumber(types.windowUpdate, 0, window - windowBytesDefault);
  }

  /** Lets streams send in turn, as far as they may. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.isBlocked && !this.#isClosed) {
      const stream = this.#ring.shift();
      if (stream === undefined) break;
      stream.isInRing = false;
      const isSent = stream.sendPart();
      if (!stream.isWaiting || stream.isClosed) continue;
      // Where its own window is closed it comes back when that opens.
      if (stream.sendWindow <= 0) continue;
      stream.isInRing = true;
      if (isSent) this.#ring.push(stream);
      else this.#ring.unshift(stream);
      if (!isSent) break;
    }
    this.#isPumping = false;
  }

  /** Hands what was written to the socket. `isIdle`: nothing is under way, and memory is let go. */
  flush(isIdle: boolean): void {
    this.#writer.flush();
    // What has waited for this alone.
    for (let before = -1; this.#ring.length > 0 && !this.isBlocked && this.sent !== before;) {
      before = this.sent;
      this.pump();
      this.#writer.flush();
    }
    if (this.#writer.pending > pendingBytesMax) this.#socket.destroy();
    if (isIdle) this.#writer.release();
  }

  /** Nothing more is sent but what was written. */
  close(): void {
    this.#isClosed = true;
    this.#ring.length = 0;
    this.#writer.flush();
    this.#socket.end();
  }

  /** At the end of what is read now, or of the turn: what is written until then goes out together. */
  #flushSoon(): void {
    if (this.isReading || this.#isFlushing || this.#isClosed) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.flush(false);
    });
  }
}
