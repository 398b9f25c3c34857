/**
 * An HTTP/2 connection by hand (RFC 9113), as a client that keeps to no rule: frames go out as bytes, and what comes back is told frame by frame.
 *
 *   await using raw = await Raw.open(port);
 *   raw.send(raw.request(1, "/grpc.health.v1.Health/Check", { isEnd: false }), dataFrame(1, frameOf(""), flags.endStream));
 *   await raw.until(({ type, stream }) => type === "HEADERS" && stream === 1);
 */
import { connect, type Socket } from "node:net";
import { type Field, flags, headersFrame, settingsFrame } from "../fuzz/frames.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const names = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
];
const waitMsMax = 5_000;

export interface Frame {
  readonly type: string;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
  /** Of RST_STREAM and GOAWAY. */
  readonly code: number | undefined;
  /** Of GOAWAY. */
  readonly debug: string | undefined;
}

export const frame = (type: number, flag: number, stream: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const windowFrame = (stream: number, increment: number): Buffer => frame(8, 0, stream, uint32(increment));
export const dataOf = (stream: number, bytes: Uint8Array, flag: number): Buffer => frame(0, flag, stream, bytes);
/** SETTINGS with one value: 4 is SETTINGS_INITIAL_WINDOW_SIZE. */
export const settingFrame = (id: number, value: number): Buffer => {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(id, 0);
  payload.writeUInt32BE(value, 2);
  return frame(4, 0, 0, payload);
};

/** A gRPC message with its prefix. */
export const messageOf = (bytes: Uint8Array | string, flag = 0): Buffer => {
  const message = Buffer.from(bytes as string);
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

export const fieldsOf = (path: string, more: readonly Field[] = []): Field[] => [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "127.0.0.1"],
  [":path", path],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ...more,
];

export class Raw implements AsyncDisposable {
  readonly frames: Frame[] = [];
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => this.#take(data));
    const closed = (): void => {
      this.#isClosed = true;
      this.#wake?.();
    };
    socket.on("close", closed);
    socket.on("error", closed);
  }

  /** Connects; sends the preface and our settings. */
  static async open(port: number, settings: Uint8Array = settingsFrame()): Promise<Raw> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const raw = new Raw(socket);
    raw.send(Buffer.from(preface), settings);
    return raw;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...frames: readonly Uint8Array[]): void {
    if (!this.#isClosed) this.#socket.write(frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames));
  }

  /** Sends, and waits until the system has taken it: a flood goes no faster than it is read. */
  async flood(...frames: readonly Uint8Array[]): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("close", done);
        resolve();
      };
      this.#socket.once("close", done);
      this.#socket.write(Buffer.concat(frames), done);
    });
  }

  /** HEADERS of a call. */
  call(stream: number, path: string, options: { readonly isEnd?: boolean; readonly fields?: readonly Field[] } = {}): Buffer {
    return headersFrame(
      stream,
      fieldsOf(path, options.fields),
      flags.endHeaders | (options.isEnd === true ? flags.endStream : 0),
    );
  }

  /** Stops reading: what the server sends fills the windows and the system's buffers. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The first frame that is meant, past or to come; undefined: the connection ended without, or the time is over. */
  async until(isMeant: (frame: Frame) => boolean, withinMs = waitMsMax): Promise<Frame | undefined> {
    const end = performance.now() + withinMs;
    for (let at = 0; ;) {
      for (; at < this.frames.length; at++) {
        const one = this.frames[at];
        if (one !== undefined && isMeant(one)) return one;
      }
      const left = end - performance.now();
      if (this.#isClosed || left <= 0) return undefined;
      await this.#more(left);
    }
  }

  /** Whether the server ends the connection. */
  async closes(withinMs = waitMsMax): Promise<boolean> {
    const end = performance.now() + withinMs;
    while (!this.#isClosed && performance.now() < end) await this.#more(end - performance.now());
    return this.#isClosed;
  }

  /** The system's port of our side. */
  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }

  async #more(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(ms, 1));
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  #take(data: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data]);
    let at = 0;
    while (this.#bytes.length >= at + 9) {
      const length = this.#bytes.readUIntBE(at, 3);
      if (this.#bytes.length < at + 9 + length) break;
      const type = names[this.#bytes.readUInt8(at + 3)] ?? "UNKNOWN";
      const payload = Buffer.from(this.#bytes.subarray(at + 9, at + 9 + length));
      const isAck = type === "SETTINGS" && (this.#bytes.readUInt8(at + 4) & flags.ack) !== 0;
      this.frames.push({
        type,
        flags: this.#bytes.readUInt8(at + 4),
        stream: this.#bytes.readUInt32BE(at + 5) & 0x7fffffff,
        payload,
        code: type === "RST_STREAM" ? payload.readUInt32BE(0) : type === "GOAWAY" ? payload.readUInt32BE(4) : undefined,
        debug: type === "GOAWAY" ? payload.subarray(8).toString() : undefined,
      });
      if (type === "SETTINGS" && !isAck) this.send(frame(4, flags.ack, 0, Buffer.alloc(0)));
      at += 9 + length;
    }
    this.#bytes = this.#bytes.subarray(at);
    this.#wake?.();
  }
}
