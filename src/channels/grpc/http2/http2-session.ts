/**
 * The server's side of one HTTP/2 connection (RFC 9113), as gRPC needs it: no push, no priorities, and every bound its own.
 *
 *   socket ─► frame-reader ─► this: states, windows, budgets ─► stream ─► its reader
 *   socket ◄─ frame-writer ◄─ turns of streams, as far as windows and the socket let them ◄─ stream
 *
 * A client's doing ends its stream where it is about one, else the connection: with GOAWAY, the code of RFC 9113 section 7, and why in its debug data.
 */
import type { Socket } from "node:net";
import { Budget } from "../budget.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { HpackDecoder } from "./hpack.ts";
import { Http2Stream, partBytes } from "./http2-stream.ts";
import {
  ConnectionError,
  errors,
  flags,
  frameBytesMax,
  preface,
  settings,
  streamIdMax,
  types,
  windowBytesDefault,
  windowBytesMax,
} from "./protocol.ts";
import { RequestFieldReader } from "./request-fields.ts";

export interface SessionLimits {
  readonly streamsMax: number;
  readonly metadataBytesMax: number;
  /** Of a stream. */
  readonly windowBytes: number;
  readonly pingsMax: number;
  readonly pingMs: number;
  readonly resetsMax: number;
  readonly resetMs: number;
}

export interface SessionHooks {
  onStream(stream: Http2Stream): void;
  /** Something came. */
  onHeard(): void;
  /** The connection is over, and its streams before it. */
  onClose(): void;
  /** An error of ours. */
  onError(error: unknown): void;
}

/** What a client may send on all streams together before we have seen it. */
const receiveWindowBytes = 1024 * 1024;
/** Beyond it in the socket's hands no more of a body is sent, until it has drained. */
const pendingBytesHigh = 64 * 1024;
/** Answers without bodies, and frames about the connection, may pile up to here for a client that reads nothing. */
const pendingBytesMax = 1024 * 1024;
/** Bodies that wait to be sent: beyond it no new streams are taken. */
const queuedBytesMax = 16 * 1024 * 1024;
/** Frames of one block of fields, and its bytes as they are packed, in relation to what it may hold unpacked. */
const continuationsMax = 32;
/** Frames that do nothing: so many at once, and one more every millisecond. Frames that follow from what we send count for it. */
const idleFramesMax = 1_000;
const idleFrameMs = 1;
const settingsMax = 50;
const settingsMs = 1_000;
/** A client that speaks HTTP/1.1 is told. */
const notHttp2 = [
  "HTTP/1.1 505 HTTP Version Not Supported",
  "Connection: close",
  "Content-Type: text/plain",
  "Content-Length: 36",
  "",
  "This port speaks gRPC, over HTTP/2.\n",
].join("\r\n");
const http1Form = /^[A-Z]{3,10} \S/;

interface OpenBlock {
  readonly stream: number;
  readonly isEnd: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class Http2Session {
  readonly streams = new Map<number, Http2Stream>();
  readonly #socket: Socket;
  readonly #limits: SessionLimits;
  readonly #hooks: SessionHooks;
  readonly #reader = new FrameReader((type, flag, stream, payload) => this.#frame(type, flag, stream, payload));
  readonly #writer: FrameWriter;
  readonly #decoder = new HpackDecoder();
  readonly #pings: Budget;
  readonly #resets: Budget;
  readonly #idleFrames = new Budget({ max: idleFramesMax, everyMs: idleFrameMs });
  readonly #settingsFrames = new Budget({ max: settingsMax, everyMs: settingsMs });
  /** Streams that have something to send, in turn. */
  readonly #ring: Http2Stream[] = [];
  #prefaceLeft: Buffer | undefined = preface;
  #block: OpenBlock | undefined;
  #hasSettings = false;
  #lastStream = 0;
  /** Streams beyond it are not taken any more. */
  #lastTaken = streamIdMax;
  #sendWindow = windowBytesDefault;
  #receiveWindow = receiveWindowBytes;
  #initialSendWindow = windowBytesDefault;
  #mustSizeTable = false;
  /** Bytes of bodies that wait in streams. */
  queued = 0;
  /** Counts what was sent: whether something was since one last looked. */
  #sent = 0;
  #sentAtPing = 0;
  #sentAtUpdate = 0;
  #pong: (() => void) | undefined;
  #isReading = false;
  #isPumping = false;
  #isFlushing = false;
  #isClosed = false;

  constructor(socket: Socket, limits: SessionLimits, hooks: SessionHooks) {
    this.#socket = socket;
    this.#limits = limits;
    this.#hooks = hooks;
    this.#writer = new FrameWriter(socket);
    this.#pings = new Budget({ max: limits.pingsMax, everyMs: limits.pingMs });
    this.#resets = new Budget({ max: limits.resetsMax, everyMs: limits.resetMs });
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.on("drain", () => this.#drained());
    socket.on("end", () => this.destroy());
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.destroy());
  }

  /** The client has said what it takes: it speaks HTTP/2. */
  get hasSettings(): boolean {
    return this.#hasSettings;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The client reads more slowly than it is answered. */
  get isBlocked(): boolean {
    return this.#writer.isBlocked || this.#writer.pending > pendingBytesHigh;
  }

  /** Asks whether the client is there; one question at a time. */
  ping(answered: () => void): void {
    if (this.#isClosed || this.#pong !== undefined) return;
    this.#pong = answered;
    this.#writer.frame(types.ping, 0, 0, Buffer.alloc(8));
    this.#flushSoon();
  }

  /** Tells the client that no streams beyond `last` are taken; absent: beyond those that came. */
  goaway(code: number, why = "", last = this.#lastStream): void {
    if (this.#isClosed) return;
    const payload = Buffer.alloc(8 + why.length);
    payload.writeUInt32BE(last, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(why, 8, "latin1");
    this.#writer.frame(types.goaway, 0, 0, payload);
    this.#flushSoon();
  }

  /** Takes no more streams, and ends when those it has are over. */
  close(): void {
    if (this.#isClosed) return;
    this.#lastTaken = this.#lastStream;
    this.goaway(errors.none);
    this.#closeIfDone();
  }

  /** Ends at once; what was written is sent as far as the client reads it. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ring.length = 0;
    for (const stream of [...this.streams.values()]) stream.close();
    this.#writer.flush();
    this.#socket.end();
    this.#hooks.onClose();
  }

  // What streams ask of their session.

  /** The stream has something to send. One with little goes first, so that it does not wait for long answers of others. */
  offer(stream: Http2Stream): void {
    if (stream.isInRing || this.#isClosed) return;
    stream.isInRing = true;
    if (stream.queued <= partBytes) this.#ring.unshift(stream);
    else this.#ring.push(stream);
    this.#pump();
  }

  /** How many bytes of a body the stream may send now. */
  sendable({ sendWindow }: Http2Stream): number {
    return this.isBlocked ? 0 : Math.max(0, Math.min(sendWindow, this.#sendWindow));
  }

  /** Sends a short part at once, where nobody waits and the windows let it; whether it did. */
  writeAtOnce(stream: Http2Stream, bytes: Uint8Array): boolean {
    if (this.#ring.length > 0 || this.sendable(stream) < bytes.length) return false;
    this.writeData(stream, bytes);
    return true;
  }

  writeData(stream: Http2Stream, bytes: Uint8Array): void {
    stream.sendWindow -= bytes.length;
    this.#sendWindow -= bytes.length;
    this.#sent++;
    this.#writer.frame(types.data, 0, stream.id, bytes);
    this.#flushSoon();
  }

  writeFields({ id }: Http2Stream, block: Uint8Array, isEnd: boolean): void {
    // The client has made its table smaller: that has to be acknowledged in the next block. We use none of it (RFC 7541 section 4.2).
    const whole = this.#mustSizeTable ? Buffer.concat([Buffer.from([0x20]), block]) : block;
    this.#mustSizeTable = false;
    this.#sent++;
    this.#writer.headers(id, whole, isEnd);
    this.#flushSoon();
  }

  writeReset(id: number, code: number): void {
    this.#writer.uint32(types.reset, id, code);
    this.#flushSoon();
  }

  /** Gives the client of a stream what was used of its window, when that is worth a frame. */
  credit(stream: Http2Stream, bytes: number): boolean {
    if (bytes < this.#limits.windowBytes / 2) return false;
    stream.receiveWindow += bytes;
    this.#writer.uint32(types.windowUpdate, stream.id, bytes);
    this.#flushSoon();
    return true;
  }

  forget(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    if (stream.isInRing) {
      const at = this.#ring.indexOf(stream);
      if (at !== -1) this.#ring.splice(at, 1);
      stream.isInRing = false;
    }
    this.#closeIfDone();
  }

  // Sending.

  #greet(): void {
    const { streamsMax, metadataBytesMax, windowBytes } = this.#limits;
    const given = [
      [settings.maxConcurrentStreams, streamsMax],
      [settings.maxHeaderListSize, metadataBytesMax],
      [settings.initialWindowSize, windowBytes],
    ] as const;
    const payload = Buffer.alloc(6 * given.length);
    for (const [at, [id, value]] of given.entries()) {
      payload.writeUInt16BE(id, 6 * at);
      payload.writeUInt32BE(value, 6 * at + 2);
    }
    this.#writer.frame(types.settings, 0, 0, payload);
    this.#writer.uint32(types.windowUpdate, 0, receiveWindowBytes - windowBytesDefault);
    this.#flushSoon();
  }

  /** Lets streams send in turn, as far as they may. */
  #pump(): void {
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

  #drained(): void {
    this.#writer.isBlocked = false;
    this.#pump();
    this.#writer.flush();
  }

  /** At the end of what is read now, or of the turn: what is written until then goes out together. */
  #flushSoon(): void {
    if (this.#isReading || this.#isFlushing || this.#isClosed) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#writer.flush();
    if (this.#writer.pending > pendingBytesMax) this.#socket.destroy();
    if (this.streams.size === 0) this.#writer.release();
  }

  #closeIfDone(): void {
    if (this.#lastTaken !== streamIdMax && this.streams.size === 0 && !this.#isClosed) setImmediate(() => this.destroy());
  }

  // Receiving.

  #read(piece: Buffer): void {
    if (this.#isClosed) return;
    this.#hooks.onHeard();
    this.#isReading = true;
    try {
      const rest = this.#prefaceLeft === undefined ? piece : this.#readPreface(piece);
      if (rest !== undefined && rest.length > 0) this.#reader.push(rest);
    } catch (error) {
      this.#failed(error);
    }
    this.#isReading = false;
    if (!this.#isClosed) this.#flush();
  }

  #failed(error: unknown): void {
    if (error instanceof ConnectionError) {
      this.goaway(error.code, error.message);
    } else {
      this.#hooks.onError(error);
      this.goaway(errors.internal);
    }
    this.destroy();
  }

  #readPreface(piece: Buffer): Buffer | undefined {
    const left = this.#prefaceLeft as Buffer;
    const count = Math.min(left.length, piece.length);
    if (!left.subarray(0, count).equals(piece.subarray(0, count))) {
      if (left.length === preface.length && http1Form.test(piece.toString("latin1", 0, 32))) this.#socket.write(notHttp2);
      this.#isClosed = true;
      this.#socket.end();
      this.#hooks.onClose();
      return undefined;
    }
    this.#prefaceLeft = count === left.length ? undefined : left.subarray(count);
    if (this.#prefaceLeft === undefined) this.#greet();
    return piece.subarray(count);
  }

  #frame(type: number, flag: number, id: number, payload: Buffer): void {
    if (this.#isClosed) return;
    if (this.#block !== undefined && (type !== types.continuation || id !== this.#block.stream))
      throw new ConnectionError(errors.protocol, "another frame within a block of fields");
    if (!this.#hasSettings && type !== types.settings) throw new ConnectionError(errors.protocol, "no settings first");
    switch (type) {
      case types.data:
        this.#data(flag, id, payload);
        return;
      case types.headers:
        this.#headers(flag, id, payload);
        return;
      case types.continuation:
        this.#continuation(flag, payload);
        return;
      case types.reset:
        this.#reset(id, payload);
        return;
      case types.settings:
        this.#settings(flag, id, payload);
        return;
      case types.ping:
        this.#ping(flag, id, payload);
        return;
      case types.goaway:
        if (id !== 0) throw new ConnectionError(errors.protocol, "GOAWAY of a stream");
        if (payload.length < 8) throw new ConnectionError(errors.frameSize, "GOAWAY too short");
        this.close();
        return;
      case types.windowUpdate:
        this.#windowUpdate(id, payload);
        return;
      case types.pushPromise:
        throw new ConnectionError(errors.protocol, "PUSH_PROMISE of a client");
      case types.priority:
        if (id === 0) throw new ConnectionError(errors.protocol, "PRIORITY of no stream");
        if (payload.length !== 5) throw new ConnectionError(errors.frameSize, "PRIORITY of another length");
        this.#idle();
        return;
      default:
        this.#idle();
    }
  }

  /** A frame that does nothing. */
  #idle(): void {
    if (!this.#idleFrames.take(Date.now())) throw new ConnectionError(errors.enhanceYourCalm, "too_many_idle_frames");
  }

  #data(flag: number, id: number, payload: Buffer): void {
    if (id === 0 || id > this.#lastStream) throw new ConnectionError(errors.protocol, "DATA of no stream");
    const counted = payload.length;
    this.#receiveWindow -= counted;
    if (this.#receiveWindow < 0) throw new ConnectionError(errors.flowControl, "more DATA than the connection's window");
    if (this.#receiveWindow < receiveWindowBytes / 2) {
      this.#writer.uint32(types.windowUpdate, 0, receiveWindowBytes - this.#receiveWindow);
      this.#receiveWindow = receiveWindowBytes;
    }
    const bytes = unpadded(flag, payload);
    const isEnd = (flag & flags.endStream) !== 0;
    const stream = this.streams.get(id);
    // It was on its way when the stream ended.
    if (stream === undefined || (bytes.length === 0 && !isEnd)) this.#idle();
    if (stream === undefined) return;
    if (stream.isRemoteEnded) {
      stream.reset(errors.streamClosed);
      return;
    }
    stream.receiveWindow -= counted;
    if (stream.receiveWindow < 0) {
      stream.reset(errors.flowControl);
      return;
    }
    if (counted > bytes.length) stream.use(counted - bytes.length);
    stream.receive(bytes, isEnd);
  }

  #headers(flag: number, id: number, payload: Buffer): void {
    if (id === 0 || id % 2 === 0) throw new ConnectionError(errors.protocol, "HEADERS of no client's stream");
    let block = unpadded(flag, payload);
    if ((flag & flags.priority) !== 0) {
      if (block.length < 5) throw new ConnectionError(errors.frameSize, "HEADERS too short");
      if ((block.readUInt32BE(0) & 0x7fffffff) === id)
        throw new ConnectionError(errors.protocol, "a stream that depends on itself");
      block = block.subarray(5);
    }
    const open: OpenBlock = { stream: id, isEnd: (flag & flags.endStream) !== 0, parts: [block], bytes: block.length };
    if ((flag & flags.endHeaders) === 0) this.#block = open;
    else this.#fields(open);
  }

  #continuation(flag: number, payload: Buffer): void {
    const block = this.#block;
    if (block === undefined) throw new ConnectionError(errors.protocol, "CONTINUATION of nothing");
    block.parts.push(payload);
    block.bytes += payload.length;
    if (block.parts.length > continuationsMax || block.bytes > this.#limits.metadataBytesMax * 2)
      throw new ConnectionError(errors.enhanceYourCalm, "too_many_fields");
    if ((flag & flags.endHeaders) === 0) return;
    this.#block = undefined;
    this.#fields(block);
  }

  /** A whole block. It is read whatever becomes of its stream: the tables of both sides must stay the same. */
  #fields({ stream: id, isEnd, parts }: OpenBlock): void {
    const known = this.streams.get(id);
    const isTrailers = id <= this.#lastStream;
    const read = new RequestFieldReader({ bytesMax: this.#limits.metadataBytesMax, isTrailers });
    this.#decoder.decode(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), (field) => read.take(field));
    if (isTrailers) {
      if (known === undefined) this.#idle();
      else if (known.isRemoteEnded) known.reset(errors.streamClosed);
      else if (!isEnd || read.isMalformed || read.isTooLarge) known.reset(errors.protocol);
      else known.receiveEnd();
      return;
    }
    this.#lastStream = id;
    if (id > this.#lastTaken) return;
    if (read.isTooLarge) this.#refuse(id, errors.enhanceYourCalm);
    else if (read.isMalformed) this.#refuse(id, errors.protocol);
    else if (this.streams.size >= this.#limits.streamsMax || this.queued > queuedBytesMax) this.#refuse(id, errors.refusedStream);
    else this.#open(id, read.fields, isEnd);
  }

  /** A stream that is not even begun: costs its client what taking one back does. */
  #refuse(id: number, code: number): void {
    this.writeReset(id, code);
    this.countReset();
  }

  #open(id: number, fields: RequestFieldReader["fields"], isEnd: boolean): void {
    const stream = new Http2Stream(this, {
      id,
      fields,
      sendWindow: this.#initialSendWindow,
      receiveWindow: this.#limits.windowBytes,
    });
    this.streams.set(id, stream);
    this.#hooks.onStream(stream);
    if (isEnd) stream.receiveEnd();
  }

  #reset(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errors.frameSize, "RST_STREAM of another length");
    if (id === 0 || id > this.#lastStream) throw new ConnectionError(errors.protocol, "RST_STREAM of no stream");
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.#idle();
      return;
    }
    stream.close();
    this.countReset();
  }

  /** A call came to nothing by its client's doing. */
  countReset(): void {
    if (!this.#resets.take(Date.now())) throw new ConnectionError(errors.enhanceYourCalm, "too_many_resets");
  }

  #settings(flag: number, id: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errors.protocol, "SETTINGS of a stream");
    if (!this.#settingsFrames.take(Date.now())) throw new ConnectionError(errors.enhanceYourCalm, "too_many_settings");
    if ((flag & flags.ack) !== 0) {
      if (payload.length !== 0) throw new ConnectionError(errors.frameSize, "an acknowledgement with settings");
      return;
    }
    if (payload.length % 6 !== 0) throw new ConnectionError(errors.frameSize, "SETTINGS of another length");
    for (let at = 0; at < payload.length; at += 6) this.#setting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.#hasSettings = true;
    this.#writer.frame(types.settings, flags.ack, 0, Buffer.alloc(0));
    this.#pump();
  }

  #setting(id: number, value: number): void {
    switch (id) {
      case settings.headerTableSize:
        this.#mustSizeTable = true;
        return;
      case settings.enablePush:
        if (value > 1) throw new ConnectionError(errors.protocol, "ENABLE_PUSH is neither 0 nor 1");
        return;
      case settings.maxFrameSize:
        if (value < frameBytesMax || value > 0xffffff) throw new ConnectionError(errors.protocol, "MAX_FRAME_SIZE out of range");
        return;
      case settings.initialWindowSize: {
        if (value > windowBytesMax) throw new ConnectionError(errors.flowControl, "INITIAL_WINDOW_SIZE out of range");
        const difference = value - this.#initialSendWindow;
        this.#initialSendWindow = value;
        for (const stream of this.streams.values()) this.#widen(stream, difference);
        return;
      }
      default:
    }
  }

  #widen(stream: Http2Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.sendWindow > windowBytesMax) stream.reset(errors.flowControl);
    else if (stream.isWaiting && stream.sendWindow > 0) this.offer(stream);
  }

  #ping(flag: number, id: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errors.protocol, "PING of a stream");
    if (payload.length !== 8) throw new ConnectionError(errors.frameSize, "PING of another length");
    if ((flag & flags.ack) !== 0) {
      const pong = this.#pong;
      this.#pong = undefined;
      if (pong === undefined) this.#idle();
      else pong();
      return;
    }
    // Clients measure the connection by pings while they are answered.
    if (this.#sent !== this.#sentAtPing) this.#pings.refill();
    this.#sentAtPing = this.#sent;
    if (!this.#pings.take(Date.now())) throw new ConnectionError(errors.enhanceYourCalm, "too_many_pings");
    this.#writer.frame(types.ping, flags.ack, 0, payload);
  }

  #windowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errors.frameSize, "WINDOW_UPDATE of another length");
    const bytes = payload.readUInt32BE(0) & 0x7fffffff;
    // A client that reads what it is sent answers with these.
    if (this.#sent !== this.#sentAtUpdate) this.#idleFrames.refill();
    this.#sentAtUpdate = this.#sent;
    this.#idle();
    if (id === 0) {
      if (bytes === 0) throw new ConnectionError(errors.protocol, "a window that is widened by nothing");
      this.#sendWindow += bytes;
      if (this.#sendWindow > windowBytesMax) throw new ConnectionError(errors.flowControl, "a window out of range");
      this.#pump();
      return;
    }
    if (id > this.#lastStream) throw new ConnectionError(errors.protocol, "WINDOW_UPDATE of no stream");
    const stream = this.streams.get(id);
    if (stream === undefined) return;
    if (bytes === 0) {
      stream.reset(errors.protocol);
      this.countReset();
      return;
    }
    this.#widen(stream, bytes);
  }
}

/** Without its padding. */
const unpadded = (flag: number, payload: Buffer): Buffer => {
  if ((flag & flags.padded) === 0) return payload;
  const [padding] = payload;
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionError(errors.protocol, "padding longer than its frame");
  return payload.subarray(1, payload.length - padding);
};
