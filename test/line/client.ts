/**
 * A client of the line protocol: lines out, answers in, in order. An answer is all lines up to the one that begins with Status or Error.
 *
 *   const client = await LineClient.open(port);
 *   (await client.ask("Key:pons_…")).last.first    →  ["Status", "ok"]
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Title and value; null: the value is empty. */
export type LinePair = readonly [title: string, value: string | null];

export interface Line {
  readonly text: string;
  readonly pairs: readonly LinePair[];
  readonly first: LinePair;
  /** Whether the value of a pair was quoted: `[]` and `{}` are no texts where it was not. */
  readonly quoted: ReadonlySet<LinePair>;
}

export interface Answer {
  readonly rows: readonly Line[];
  readonly last: Line;
  readonly text: string;
}

/** Reads a line as anybody would: titles up to the colon, quoted values by JSON's own reader. */
export const lineOf = (text: string): Line => {
  const pairs: LinePair[] = [];
  const quoted = new Set<LinePair>();
  let at = 0;
  while (at <= text.length) {
    const colon = text.indexOf(":", at);
    if (colon === -1) throw new Error(`no colon behind ${at}: ${text}`);
    const title = text.slice(at, colon);
    if (text[colon + 1] === '"') {
      let end = colon + 2;
      while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      const pair: LinePair = [title, JSON.parse(text.slice(colon + 1, end + 1)) as string];
      pairs.push(pair);
      quoted.add(pair);
      at = end + 2;
      if (end + 1 < text.length && text[end + 1] !== ",") throw new Error(`no comma at ${end + 1}: ${text}`);
      continue;
    }
    const comma = text.indexOf(",", colon);
    const value = text.slice(colon + 1, comma === -1 ? undefined : comma);
    pairs.push([title, value === "" ? null : value]);
    if (comma === -1) break;
    at = comma + 1;
  }
  const [first] = pairs;
  if (first === undefined) throw new Error("the line is empty");
  return { text, pairs, first, quoted };
};

/** A text as a value. */
export const valueOf = (text: string): string => (/^[A-Za-z0-9_][A-Za-z0-9_:.+-]*$/.test(text) ? text : JSON.stringify(text));

export class LineClient {
  readonly socket: Socket;
  #buffer = "";
  #lines: Line[] = [];
  readonly #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = [];
  readonly #early: Answer[] = [];
  #isOver = false;
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    this.closed = new Promise((resolve) =>
      socket.on("close", () => {
        this.#isOver = true;
        for (const { reject } of this.#waiting.splice(0)) reject(new Error("the connection has ended"));
        resolve();
      }),
    );
  }

  static async open(port: number, options: { readonly ca?: string; readonly host?: string } = {}): Promise<LineClient> {
    const { ca, host = "127.0.0.1" } = options;
    const socket =
      ca === undefined ? connect({ port, host, allowHalfOpen: true }) : connectTls({ port, host, ca, servername: "localhost" });
    await new Promise<void>((resolve, reject) => {
      socket.once(ca === undefined ? "connect" : "secureConnect", resolve);
      socket.once("error", reject);
    });
    return new LineClient(socket);
  }

  /** Sends text as it is. */
  send(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** The next answer. */
  answer(): Promise<Answer> {
    const early = this.#early.shift();
    if (early !== undefined) return Promise.resolve(early);
    if (this.#isOver) return Promise.reject(new Error("the connection has ended"));
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ resolve, reject });
    return promise;
  }

  ask(line: string): Promise<Answer> {
    this.send(`${line}\n`);
    return this.answer();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #take(text: string): void {
    this.#buffer += text;
    for (;;) {
      const end = this.#buffer.indexOf("\n");
      if (end === -1) return;
      const line = lineOf(this.#buffer.slice(0, end));
      this.#buffer = this.#buffer.slice(end + 1);
      this.#lines.push(line);
      if (line.first[0] !== "Status" && line.first[0] !== "Error") continue;
      const rows = this.#lines.slice(0, -1);
      this.#lines = [];
      const answer = { rows, last: line, text: [...rows, line].map((one) => one.text).join("\n") };
      const next = this.#waiting.shift();
      if (next === undefined) this.#early.push(answer);
      else next.resolve(answer);
    }
  }
}
