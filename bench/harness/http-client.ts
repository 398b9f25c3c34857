/**
 * One HTTP/1.1 connection of the load generator: one call at a time over a kept-open socket, reopened when the server closes it (servers
 * that close after each answer pay for that, as they do with any client).
 *
 * Only what servers answer to plain requests is understood: Content-Length, chunked, no trailers. Anything else is an error.
 */
import type { Socket } from "bun";

const headEnd = Buffer.from("\r\n\r\n");

export interface Reply {
  readonly status: number;
  /** Reads the body as text; valid only inside the callback. */
  readonly text: () => string;
  /** The body's bytes; valid only inside the callback. */
  readonly bytes: () => Buffer;
}

/** The whole answer at the start of `bytes`: its parts and how long it is; undefined while some of it is missing. Throws on nonsense. */
export function parseReply(
  bytes: Buffer,
): { status: number; chunked: boolean; closes: boolean; bodyStart: number; end: number } | undefined {
  const bodyAt = bytes.indexOf(headEnd);
  if (bodyAt < 0) return undefined;
  const head = bytes.toString("latin1", 0, bodyAt);
  const status = Number(head.slice(9, 12));
  if (!head.startsWith("HTTP/1.") || !(status >= 100)) throw new Error(`not an HTTP/1 answer: ${head.slice(0, 80)}`);
  const bodyStart = bodyAt + headEnd.length;
  const closes = /\r\nconnection: ?close/i.test(head);
  const length = /\r\ncontent-length: ?(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = bodyStart + Number(length);
    return end <= bytes.length ? { status, chunked: false, closes, bodyStart, end } : undefined;
  }
  if (!/\r\ntransfer-encoding: ?chunked/i.test(head)) throw new Error("an answer without a length");
  for (let at = bodyStart; ;) {
    const lineEnd = bytes.indexOf("\r\n", at, "latin1");
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error("a chunk without a size");
    at = lineEnd + 2 + size + 2;
    if (at > bytes.length) return undefined;
    if (size === 0) return { status, chunked: true, closes, bodyStart, end: at };
  }
}

export function joinChunks(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at, "latin1");
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

export class Connection {
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #onError: (error: Error) => void;
  #socket: Socket | undefined;
  #received: Buffer | undefined;
  #unsent: Buffer | undefined;
  #onReply: ((reply: Reply) => void) | undefined;

  constructor(target: { hostname: string; port: number }, onError: (error: Error) => void) {
    this.#target = target;
    this.#onError = onError;
  }

  async open(): Promise<void> {
    await Bun.connect({
      ...this.#target,
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          this.#socket = socket;
        },
        data: (socket, chunk) => {
          if (socket === this.#socket) this.#take(chunk);
        },
        drain: () => this.#write(),
        close: (socket) => this.#closed(socket),
        error: (_, error) => this.#onError(error),
        connectError: (_, error) => this.#onError(error),
      },
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.end();
  }

  /** Sends a request; `onReply` is called once. The connection must be idle. */
  send(request: Buffer, onReply: (reply: Reply) => void): void {
    if (this.#onReply !== undefined) throw new Error("a call is already under way on this connection");
    this.#onReply = onReply;
    this.#unsent = request;
    if (this.#socket !== undefined) this.#write();
    else this.open().then(() => this.#write(), this.#onError);
  }

  #write(): void {
    if (this.#unsent === undefined || this.#socket === undefined) return;
    const written = this.#socket.write(this.#unsent);
    if (written < 0) return;
    this.#unsent = written < this.#unsent.length ? this.#unsent.subarray(written) : undefined;
  }

  #take(chunk: Buffer): void {
    const bytes = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk]);
    try {
      const parsed = parseReply(bytes);
      if (parsed === undefined) {
        // The chunk's memory belongs to the socket.
        this.#received = this.#received === undefined ? Buffer.from(chunk) : bytes;
        return;
      }
      if (parsed.end !== bytes.length) throw new Error(`${bytes.length - parsed.end} bytes after the answer`);
      this.#received = undefined;
      const onReply = this.#onReply;
      if (onReply === undefined) throw new Error("an answer nobody asked for");
      this.#onReply = undefined;
      if (parsed.closes) this.close();
      const body = bytes.subarray(parsed.bodyStart, parsed.end);
      const whole = (): Buffer => (parsed.chunked ? joinChunks(body) : body);
      onReply({ status: parsed.status, text: () => whole().toString(), bytes: whole });
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    if (this.#onReply !== undefined) this.#onError(new Error("the server closed the connection without an answer"));
  }
}
