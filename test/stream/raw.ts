/**
 * A WebSocket by hand (RFC 6455): what no client sends, and clients that do not read.
 *
 *   const raw = await Raw.open(port, "/post/v2/stream", { authorization: "Bearer …" });
 *   raw.status                      101, or what refused the handshake
 *   raw.send(frame(opcodes.text, "…"));
 */
import { connect, type Socket } from "node:net";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** Bits beside the opcode: 0x40 is what permessage-deflate sets. */
  readonly bits?: number;
}

/** One frame, as a client sends it. */
export const frame = (opcode: number, payload: string | Uint8Array, options: FrameOptions = {}): Buffer => {
  const { isFinal = true, isMasked = true, bits = 0 } = options;
  const bytes = Buffer.from(payload as string);
  const head: number[] = [(isFinal ? 0x80 : 0) | bits | opcode];
  const mask = isMasked ? 0x80 : 0;
  if (bytes.length < 126) head.push(mask | bytes.length);
  else if (bytes.length < 65_536) head.push(mask | 126, bytes.length >> 8, bytes.length & 255);
  else
    head.push(
      mask | 127,
      0,
      0,
      0,
      0,
      (bytes.length >>> 24) & 255,
      (bytes.length >>> 16) & 255,
      (bytes.length >>> 8) & 255,
      bytes.length & 255,
    );
  if (!isMasked) return Buffer.concat([Buffer.from(head), bytes]);
  const key = crypto.getRandomValues(new Uint8Array(4));
  return Buffer.concat([Buffer.from(head), key, bytes.map((byte, at) => byte ^ (key[at % 4] as number))]);
};

const separator = Buffer.from("\r\n\r\n");

export class Raw {
  readonly socket: Socket;
  status = 0;
  head = "";
  body: Buffer = Buffer.alloc(0);
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Resolves once the handshake was answered. */
  static async open(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Raw> {
    const socket = connect(port, "127.0.0.1");
    const raw = new Raw(socket);
    const answered = Promise.withResolvers<void>();
    socket.on("data", (bytes: Buffer) => {
      raw.body = Buffer.concat([raw.body, bytes]);
      const end = raw.status === 0 ? raw.body.indexOf(separator) : -1;
      if (end === -1) return;
      raw.head = raw.body.subarray(0, end).toString("latin1");
      raw.status = Number(raw.head.slice(9, 12));
      raw.body = raw.body.subarray(end + separator.length);
      answered.resolve();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      raw.isClosed = true;
      answered.resolve();
    });
    const lines = Object.entries({
      Host: "a",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    await answered.promise;
    return raw;
  }

  /** Type of the refusal of a handshake. */
  get refusal(): string {
    const text = this.body.toString();
    return (/"type":"([^"]+)"/.exec(text) ?? [])[1] ?? text;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Waits until something is so. */
  async until(is: () => boolean, ms = 5_000): Promise<void> {
    const start = performance.now();
    while (!is()) {
      if (performance.now() - start > ms) throw new Error("waited too long");
      await Bun.sleep(5);
    }
  }

  /** The close frame at the end of what came: `1009`. Waits for it. */
  async closes(ms = 5_000): Promise<string> {
    await this.until(() => this.isClosed || this.#closeFrame() !== undefined, ms);
    return this.#closeFrame() ?? "cut";
  }

  #closeFrame(): string | undefined {
    let at = 0;
    while (at + 2 <= this.body.length) {
      const opcode = (this.body[at] as number) & 15;
      let length = (this.body[at + 1] as number) & 127;
      let start = at + 2;
      if (length === 126) {
        length = this.body.readUInt16BE(start);
        start += 2;
      } else if (length === 127) {
        length = Number(this.body.readBigUInt64BE(start));
        start += 8;
      }
      if (opcode === opcodes.close && this.body.length >= start + length)
        return length === 0 ? "" : String(this.body.readUInt16BE(start));
      at = start + length;
    }
    return undefined;
  }

  destroy(): void {
    this.socket.destroy();
  }
}
