/**
 * HTTP/1.1 by hand, as bytes: what is sent may be anything, what comes back must be an answer exactly as RFC 9112 writes it. An answer that is
 * none throws `MalformedAnswer`. Bytes that nobody asked for stay in `surplus`.
 *
 *   const wire = await Wire.open(port);
 *   wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
 *   const heard = await wire.hear({ method: "GET", withinMs: 2000 });    →  Heard, "closed" or "silent"
 */
import { connect, type Socket } from "node:net";

export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

export interface Heard {
  readonly status: number;
  /** Names in lower case, in the order sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Transfer coding removed, content coding not. */
  readonly body: Uint8Array;
  /** From the question to the last byte. */
  readonly ms: number;
}

/** The one value of a header; undefined when there is none. Throws when there are several. */
export const headerOf = ({ headers }: Pick<Heard, "headers">, name: string): string | undefined => {
  const values = headers.filter(([other]) => other === name).map(([, value]) => value);
  if (values.length > 1) throw new MalformedAnswer(`${values.length} headers ${name}`);
  return values[0];
};

interface Head {
  readonly status: number;
  readonly headers: [string, string][];
  /** Where the body begins. */
  readonly end: number;
}

const statusLine = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const separator = Buffer.from("\r\n\r\n");
const answerBytesMax = 64 * 1024 * 1024;

const readHead = (bytes: Buffer): Head | undefined => {
  const end = bytes.indexOf(separator);
  if (end === -1) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = statusLine.exec(first)?.[1];
  if (status === undefined) throw new MalformedAnswer(`no status line: ${JSON.stringify(first.slice(0, 80))}`);
  const headers = lines.map((line): [string, string] => {
    const match = headerLine.exec(line);
    if (match === null) throw new MalformedAnswer(`no header: ${JSON.stringify(line.slice(0, 80))}`);
    return [(match[1] as string).toLowerCase(), match[2] as string];
  });
  return { status: Number(status), headers, end: end + separator.length };
};

/** The body of chunks, and where the answer ends; undefined while it is not all there. */
const readChunks = (bytes: Buffer, from: number): { readonly body: Uint8Array; readonly end: number } | undefined => {
  const parts: Buffer[] = [];
  let at = from;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line === -1) return undefined;
    const size = /^[0-9a-fA-F]{1,8}$/.exec(bytes.subarray(at, line).toString("latin1"))?.[0];
    if (size === undefined) throw new MalformedAnswer("a chunk has no size");
    const length = Number.parseInt(size, 16);
    const start = line + 2;
    if (bytes.length < start + length + 2) return undefined;
    if (bytes.subarray(start + length, start + length + 2).toString("latin1") !== "\r\n")
      throw new MalformedAnswer("a chunk does not end");
    if (length === 0) return { body: Buffer.concat(parts), end: start + 2 };
    parts.push(bytes.subarray(start, start + length));
    at = start + length + 2;
  }
};

export class Wire {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const wake = () => this.#wake?.();
    socket.on("data", (data: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? data : Buffer.concat([this.#bytes, data]);
      wake();
    });
    const closed = () => {
      this.#isClosed = true;
      wake();
    };
    socket.on("end", closed);
    socket.on("close", closed);
    socket.on("error", closed);
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const opened = Promise.withResolvers<void>();
    socket.once("connect", opened.resolve);
    socket.once("error", opened.reject);
    await opened.promise;
    socket.off("error", opened.reject);
    return new Wire(socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What came and was not heard: of a sound connection, nothing. */
  get surplus(): Uint8Array {
    return this.#bytes;
  }

  send(bytes: Uint8Array | string): void {
    if (!this.#isClosed) this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends the end of our side, as a client that has nothing more to say. */
  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
    this.#isClosed = true;
  }

  /** The next answer. Interim answers (100) are passed over. `silent`: the time is over; what came so far stays. */
  async hear(options: { readonly method: string; readonly withinMs: number }): Promise<Heard | "closed" | "silent"> {
    const start = performance.now();
    for (;;) {
      const read = this.#read(options.method);
      if (read !== undefined) {
        if (read.status >= 200) return { ...read, ms: performance.now() - start };
        continue;
      }
      if (this.#isClosed) return "closed";
      const left = options.withinMs - (performance.now() - start);
      if (left <= 0) return "silent";
      await this.more(left);
    }
  }

  /** Waits until the other side closes; whether it did. */
  async closes(withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs;
    while (!this.#isClosed && performance.now() < end) await this.more(end - performance.now());
    return this.#isClosed;
  }

  /** Waits until something comes or the connection ends. */
  async more(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(withinMs, 1));
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  #read(method: string): Omit<Heard, "ms"> | undefined {
    const head = readHead(this.#bytes);
    if (head === undefined) return undefined;
    const { status, headers } = head;
    const take = (body: Uint8Array, end: number): Omit<Heard, "ms"> => {
      this.#bytes = this.#bytes.subarray(end);
      return { status, headers, body };
    };
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) return take(new Uint8Array(0), head.end);
    const coding = headerOf(head, "transfer-encoding");
    const length = headerOf(head, "content-length");
    if (coding !== undefined) {
      if (length !== undefined) throw new MalformedAnswer("Transfer-Encoding and Content-Length");
      const chunks = readChunks(this.#bytes, head.end);
      return chunks === undefined ? undefined : take(chunks.body, chunks.end);
    }
    if (length === undefined) return this.#isClosed ? take(this.#bytes.subarray(head.end), this.#bytes.length) : undefined;
    if (!/^[0-9]{1,10}$/.test(length) || Number(length) > answerBytesMax) throw new MalformedAnswer(`Content-Length: ${length}`);
    const end = head.end + Number(length);
    return this.#bytes.length < end ? undefined : take(this.#bytes.subarray(head.end, end), end);
  }
}
