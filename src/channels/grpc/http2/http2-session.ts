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
import { HpackDecoder } from "./hpack.ts";
import { Http2Stream } from "./http2-stream.ts";
import { Outgoing } from "./outgoing.ts";
import {
  ConnectionError,
  errors,
  flags,
  frameBytesMax,
  preface,
  settings,
  streamIdMax,
  types,
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
  readonly outgoing: Outgoing;
  readonly #decoder = new HpackDecoder();
  readonly #pings: Budget;
  readonly #resets: Budget;
  readonly #idleFrames = new Budget({ max: idleFramesMax, everyMs: idleFrameMs });
  readonly #settingsFrames = new Budget({ max: settingsMax, everyMs: settingsMs });
  #prefaceLeft: Buffer | undefined = preface;
  #block: OpenBlock | undefined;
  #hasSettings = false;
  #lastStream = 0;
  /** Streams beyond it are not taken any more. */
  #lastTaken = streamIdMax;
  #receiveWindow = receiveWindowBytes;
  #sentAtPing = 0;
  #sentAtIdle = 0;
  #pong: (() => void) | undefined;
  #isClosed = false;

  constructor(socket: Socket, limits: SessionLimits, hooks: SessionHooks) {
    this.#socket = socket;
    this.#limits = limits;
    this.#hooks = hooks;
    this.outgoing = new Outgoing(socket);
    this.#pings = new Budget({ max: limits.pingsMax, everyMs: limits.pingMs });
    this.#resets = new Budget({ max: limits.resetsMax, everyMs: limits.resetMs });
    socket.on("data", (piece: Buffer) => this.#read(piece));
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

  /** Asks whether the client is there; one question at a time. */
  ping(answered: () => void): void {
    if (this.#isClosed || this.#pong !== undefined) return;
    this.#pong = answered;
    this.outgoing.write(types.ping, 0, 0, Buffer.alloc(8));
  }

  /** Tells the client that no streams beyond `last` are taken; absent: beyond those that came. */
  goaway(code: number, why = "", last = this.#lastStream): void {
    if (!this.#isClosed) this.outgoing.writeGoaway(last, code, why);
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
    for (const stream of this.streams.values()) stream.close();
    this.outgoing.close();
    this.#hooks.onClose();
  }

  /** Gives the client of a stream what was used of its window, when that is worth a frame; whether it was. */
  credit(stream: Http2Stream, bytes: number): boolean {
    if (bytes < this.#limits.windowBytes / 2) return false;
    stream.receiveWindow += bytes;
    this.outgoing.writeNumber(types.windowUpdate, stream.id, bytes);
    return true;
  }

  /** The stream is over. */
  forget(stream: Http2Stream): void {
    this.streams.delete(stream.id);
    this.outgoing.remove(stream);
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#lastTaken !== streamIdMax && this.streams.size === 0 && !this.#isClosed) setImmediate(() => this.destroy());
  }

  #read(piece: Buffer): void {
    if (this.#isClosed) return;
    this.#hooks.onHeard();
    this.outgoing.isReading = true;
    try {
      const rest = this.#prefaceLeft === undefined ? piece : this.#readPreface(piece);
      if (rest !== undefined && rest.length > 0) this.#reader.push(rest);
    } catch (error) {
      this.#failed(error);
    }
    this.outgoing.isReading = false;
    if (!this.#isClosed) this.outgoing.flush(this.streams.size === 0);
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
    if (this.#prefaceLeft === undefined) this.outgoing.greet(this.#limits, receiveWindowBytes);
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

  /** A frame that does nothing. Some follow from what is sent: so many between two answers are none too many. */
  #idle(): void {
    if (this.outgoing.sent !== this.#sentAtIdle) this.#idleFrames.refill();
    this.#sentAtIdle = this.outgoing.sent;
    if (!this.#idleFrames.take(Date.now())) throw new ConnectionError(errors.enhanceYourCalm, "too_many_idle_frames");
  }

  #data(flag: number, id: number, payload: Buffer): void {
    if (id === 0 || id > this.#lastStream) throw new ConnectionError(errors.protocol, "DATA of no stream");
    const counted = payload.length;
    this.#receiveWindow -= counted;
    if (this.#receiveWindow < 0) throw new ConnectionError(errors.flowControl, "more DATA than the connection's window");
    if (this.#receiveWindow < receiveWindowBytes / 2) {
      this.outgoing.writeNumber(types.windowUpdate, 0, receiveWindowBytes - this.#receiveWindow);
      this.#receiveWindow = receiveWindowBytes;
    }
    const bytes = unpadded(flag, payload);
    const isEnd = (flag & flags.endStream) !== 0;
    const stream = this.streams.get(id);
    if (bytes.length === 0 && !isEnd) this.#idle();
    // It was on its way when the stream ended.
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
    else if (this.streams.size >= this.#limits.streamsMax || this.outgoing.queued > queuedBytesMax)
      this.#refuse(id, errors.refusedStream);
    else this.#open(id, read.fields, isEnd);
  }

  /** A stream that is not even begun: costs its client what taking one back does. */
  #refuse(id: number, code: number): void {
    this.outgoing.writeReset(id, code);
    this.countReset();
  }

  #open(id: number, fields: RequestFieldReader["fields"], isEnd: boolean): void {
    const stream = new Http2Stream(this, {
      id,
      fields,
      sendWindow: this.outgoing.initialWindow,
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
    this.outgoing.acknowledgeSettings();
  }

  #setting(id: number, value: number): void {
    switch (id) {
      case settings.headerTableSize:
        this.outgoing.sizeTable();
        return;
      case settings.enablePush:
        if (value > 1) throw new ConnectionError(errors.protocol, "ENABLE_PUSH is neither 0 nor 1");
        return;
      case settings.maxFrameSize:
        if (value < frameBytesMax || value > 0xffffff) throw new ConnectionError(errors.protocol, "MAX_FRAME_SIZE out of range");
        return;
      case settings.initialWindowSize: {
        if (value > windowBytesMax) throw new ConnectionError(errors.flowControl, "INITIAL_WINDOW_SIZE out of range");
        const difference = value - this.outgoing.initialWindow;
        this.outgoing.initialWindow = value;
        for (const stream of this.streams.values()) this.outgoing.widenStream(stream, difference);
        return;
      }
      default:
    }
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
    if (this.outgoing.sent !== this.#sentAtPing) this.#pings.refill();
    this.#sentAtPing = this.outgoing.sent;
    if (!this.#pings.take(Date.now())) throw new ConnectionError(errors.enhanceYourCalm, "too_many_pings");
    this.outgoing.write(types.ping, flags.ack, 0, payload);
  }

  #windowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errors.frameSize, "WINDOW_UPDATE of another length");
    const bytes = payload.readUInt32BE(0) & 0x7fffffff;
    this.#idle();
    if (id === 0) {
      if (bytes === 0) throw new ConnectionError(errors.protocol, "a window that is widened by nothing");
      if (!this.outgoing.widen(bytes)) throw new ConnectionError(errors.flowControl, "a window out of range");
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
    this.outgoing.widenStream(stream, bytes);
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
