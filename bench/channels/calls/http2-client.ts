/**
 * One HTTP/2 connection of a gRPC client, with many calls of one method under way: frames by hand, since what a load generator spends on a call is load that it cannot
 * make. Fields are put into the server's table with the first call and named by their index from then on, as the clients of C and Go do.
 */
import type { Socket } from "bun";
import { FrameReader } from "../../../src/channels/grpc/http2/frame-reader.ts";
import { HpackDecoder } from "../../../src/channels/grpc/http2/hpack.ts";
import {
  flags,
  frameHeaderBytes,
  preface,
  settings,
  types,
  windowBytesDefault,
} from "../../../src/channels/grpc/http2/protocol.ts";

export interface Heard {
  /** `0` is success. */
  readonly status: string;
  /** Of the trailers, still with its escapes. */
  readonly explanation: string;
  /** The first message; valid only inside the callback. */
  readonly message: Buffer;
}

interface Waiting {
  readonly onEnd: (heard: Heard) => void;
  /** Takes what comes as it comes; absent: it is kept for `onEnd`. */
  readonly onData: ((bytes: Buffer) => void) | undefined;
  kept: Buffer | undefined;
  status: string;
  explanation: string;
  /** Bytes since the last update of the stream's window. */
  unreported: number;
}

/** What we let the server send before we have read it; told again once half of it is used. */
const windowBytes = 4 * 1024 * 1024;
const prefixBytes = 5;
const firstDynamicIndex = 62;
/** `:method: POST`, `:scheme: http` in the static table. */
const staticFields = Buffer.from([0x83, 0x86]);

const frame = (type: number, flag: number, stream: number, payload: Buffer): Buffer => {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flag;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, frameHeaderBytes);
  return bytes;
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const literal = (text: string): Buffer => {
  if (text.length >= 127) throw new Error("a field too long for this client");
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "latin1")]);
};

/** The block of the first call, which fills the table, and that of all others. */
const blocksOf = (fields: readonly (readonly [string, string])[]): readonly [first: Buffer, later: Buffer] => [
  Buffer.concat([staticFields, ...fields.flatMap(([name, value]) => [Buffer.from([0x40]), literal(name), literal(value)])]),
  Buffer.concat([staticFields, Buffer.from(fields.map((_, at) => 0x80 | (firstDynamicIndex + fields.length - 1 - at)))]),
];

export class Http2Client {
  readonly #onError: (error: Error) => void;
  readonly #blocks: readonly [Buffer, Buffer];
  readonly #decoder = new HpackDecoder();
  readonly #reader = new FrameReader((...given) => this.#frame(...given));
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | undefined;
  #out: Buffer[] = [];
  #unsent: Buffer | undefined;
  #isReading = false;
  #stream = 1;
  /** What the server lets us send. */
  #window = windowBytesDefault;
  readonly #held: { readonly stream: number; readonly data: Buffer }[] = [];
  #unreported = 0;
  #block: { readonly stream: number; readonly flag: number; readonly parts: Buffer[] } | undefined;

  private constructor(blocks: readonly [Buffer, Buffer], onError: (error: Error) => void) {
    this.#blocks = blocks;
    this.#onError = onError;
  }

  static async open(
    where: { readonly hostname: string; readonly port: number; readonly path: string; readonly key: string },
    onError: (error: Error) => void,
  ): Promise<Http2Client> {
    const { hostname, port, path, key } = where;
    const blocks = blocksOf([
      [":path", path],
      [":authority", `${hostname}:${port}`],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["user-agent", "bench"],
      ["authorization", `Bearer ${key}`],
    ]);
    const client = new Http2Client(blocks, onError);
    await Bun.connect({
      hostname,
      port,
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          client.#begin(socket);
        },
        data: (_, chunk) => client.#read(chunk),
        drain: () => client.#write(),
        close: () => client.#closed(),
        error: (_, error) => onError(error),
        connectError: (_, error) => onError(error),
      },
    });
    return client;
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.end();
  }

  /** `message` without its prefix. */
  send(message: Buffer, onEnd: (heard: Heard) => void, onData?: (bytes: Buffer) => void): void {
    const stream = this.#stream;
    this.#stream += 2;
    this.#waiting.set(stream, { onEnd, onData, kept: undefined, status: "", explanation: "", unreported: 0 });
    const head = Buffer.alloc(prefixBytes);
    head.writeUInt32BE(message.length, 1);
    const data = Buffer.concat([head, message]);
    this.#out.push(frame(types.headers, flags.endHeaders, stream, this.#blocks[stream === 1 ? 0 : 1]));
    if (this.#held.length === 0 && data.length <= this.#window) this.#sendData(stream, data);
    else this.#held.push({ stream, data });
    if (!this.#isReading) this.#write();
  }

  #begin(socket: Socket): void {
    this.#socket = socket;
    const window = Buffer.alloc(6);
    window.writeUInt16BE(settings.initialWindowSize);
    window.writeUInt32BE(windowBytes, 2);
    this.#out.push(preface, frame(types.settings, 0, 0, window));
    this.#out.push(frame(types.windowUpdate, 0, 0, uint32(windowBytes - windowBytesDefault)));
    this.#write();
  }

  #sendData(stream: number, data: Buffer): void {
    this.#window -= data.length;
    this.#out.push(frame(types.data, flags.endStream, stream, data));
  }

  /** All answers of a piece are taken before the calls that follow them go out together. */
  #read(chunk: Buffer): void {
    this.#isReading = true;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#onError(error as Error);
    }
    this.#isReading = false;
    this.#write();
  }

  #write(): void {
    if (this.#socket === undefined) return;
    if (this.#out.length > 0) {
      this.#unsent = Buffer.concat(this.#unsent === undefined ? this.#out : [this.#unsent, ...this.#out]);
      this.#out = [];
    }
    if (this.#unsent === undefined) return;
    const written = Math.max(0, this.#socket.write(this.#unsent));
    this.#unsent = written < this.#unsent.length ? this.#unsent.subarray(written) : undefined;
  }

  #closed(): void {
    if (this.#socket === undefined) return;
    this.#socket = undefined;
    this.#onError(new Error("the server closed the connection"));
  }

  #frame(type: number, flag: number, stream: number, payload: Buffer): void {
    switch (type) {
      case types.data:
        this.#data(stream, payload);
        if ((flag & flags.endStream) !== 0) this.#end(stream);
        break;
      case types.headers:
        this.#block = { stream, flag, parts: [payload] };
        if ((flag & flags.endHeaders) !== 0) this.#fields();
        break;
      case types.continuation:
        // The payload's memory belongs to the socket: it is copied by whoever keeps it.
        this.#block?.parts.push(Buffer.from(payload));
        if ((flag & flags.endHeaders) !== 0) this.#fields();
        break;
      case types.settings:
        if ((flag & flags.ack) === 0) this.#out.push(frame(types.settings, flags.ack, 0, Buffer.alloc(0)));
        break;
      case types.ping:
        if ((flag & flags.ack) === 0) this.#out.push(frame(types.ping, flags.ack, 0, payload));
        break;
      case types.windowUpdate:
        if (stream === 0) this.#widen(payload.readUInt32BE());
        break;
      case types.reset:
      case types.goaway:
        this.#onError(new Error(`${type === types.reset ? "a reset" : "goodbye"}: ${payload.toString("latin1")}`));
        break;
      default:
    }
  }

  #widen(bytes: number): void {
    this.#window += bytes;
    while (this.#held[0] !== undefined && this.#held[0].data.length <= this.#window) {
      const { stream, data } = this.#held.shift() ?? this.#held[0];
      this.#sendData(stream, data);
    }
  }

  #data(stream: number, payload: Buffer): void {
    const waiting = this.#waiting.get(stream);
    if (waiting === undefined) return;
    this.#unreported += payload.length;
    if (this.#unreported > windowBytes / 2) {
      this.#out.push(frame(types.windowUpdate, 0, 0, uint32(this.#unreported)));
      this.#unreported = 0;
    }
    if (waiting.onData === undefined) {
      waiting.kept = waiting.kept === undefined ? Buffer.from(payload) : Buffer.concat([waiting.kept, payload]);
      return;
    }
    waiting.onData(payload);
    waiting.unreported += payload.length;
    if (waiting.unreported > windowBytes / 2) {
      this.#out.push(frame(types.windowUpdate, 0, stream, uint32(waiting.unreported)));
      waiting.unreported = 0;
    }
  }

  #fields(): void {
    const { stream, flag, parts } = this.#block ?? { stream: 0, flag: 0, parts: [] };
    this.#block = undefined;
    const waiting = this.#waiting.get(stream);
    this.#decoder.decode(parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts), ([name, value]) => {
      if (waiting === undefined) return;
      if (name === "grpc-status") waiting.status = value;
      else if (name === "grpc-message") waiting.explanation = value;
    });
    if ((flag & flags.endStream) !== 0) this.#end(stream);
  }

  #end(stream: number): void {
    const waiting = this.#waiting.get(stream);
    if (waiting === undefined) return;
    this.#waiting.delete(stream);
    const { status, explanation, kept, onEnd } = waiting;
    onEnd({ status, explanation, message: kept?.subarray(prefixBytes) ?? Buffer.alloc(0) });
  }
}
