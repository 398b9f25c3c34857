/**
 * The way in to the library, which answers requests of `node:http`: it listens on a socket in a folder that nobody else may enter, and requests from
 * outside are handed over there. Only headers that it reads are; which scheme, host and address a request came by is told by us alone.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Requests at the library at one time; the others wait. */
const activeMax = 64;
/** Those that wait; further ones are refused. */
const waitingMax = 512;
const answerMsMax = 15_000;
const headerBytesMax = 16_384;

const passedOn = [
  "accept",
  "access-control-request-headers",
  "access-control-request-method",
  "authorization",
  "content-type",
  "cookie",
  "dpop",
  "origin",
  "sec-fetch-site",
  "user-agent",
] as const;
/** Of the connection to the library, not of ours. */
const notPassedBack: ReadonlySet<string> = new Set(["connection", "content-length", "date", "keep-alive", "transfer-encoding"]);

/** Names the request from outside. */
export const requestHeader = "x-pons-request";

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface HandOver {
  readonly request: Request;
  readonly body: Uint8Array | undefined;
  readonly address: string;
  /** Name of the request, for the library's side. */
  readonly id: string;
}

/** Lets so many in at one time, the others in the order they came; refuses when too many wait. */
class Turnstile {
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#active >= activeMax) {
      if (this.#waiting.length >= waitingMax) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#active++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#active--;
      else next();
    }
  }
}

const responseOf = async (answer: IncomingMessage): Promise<Response> => {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = new Headers();
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = answer.rawHeaders.slice(at, at + 2);
    if (!notPassedBack.has(name.toLowerCase())) headers.append(name, value);
  }
  const status = answer.statusCode ?? 500;
  const isBodiless = status === 204 || status === 304;
  return new Response(isBodiless ? null : Buffer.concat(chunks), { status, headers });
};

export class Door {
  readonly #folder: string;
  readonly #path: string;
  readonly #origin: URL;
  readonly #server: ReturnType<typeof createServer>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: activeMax });
  readonly #turnstile = new Turnstile();

  private constructor(origin: URL, handler: NodeHandler) {
    this.#folder = mkdtempSync(join(tmpdir(), "pons-oauth-"));
    chmodSync(this.#folder, 0o700);
    this.#path = join(this.#folder, "socket");
    this.#origin = origin;
    this.#server = createServer({ maxHeaderSize: headerBytesMax }, handler);
    // The one that calls closes connections it no longer wants: were they closed from here, a request could meet the end of one.
    this.#server.keepAliveTimeout = 0;
  }

  /** `origin`: the public one, under which everything is seen. */
  static async open(origin: URL, handler: NodeHandler): Promise<Door> {
    const door = new Door(origin, handler);
    try {
      await new Promise<void>((resolve, reject) => {
        door.#server.once("error", reject);
        door.#server.listen({ path: door.#path }, resolve);
      });
      return door;
    } catch (error) {
      rmSync(door.#folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The library's answer; undefined when too many requests wait. Throws when it takes too long. */
  handOver(handed: HandOver): Promise<Response | undefined> {
    return this.#turnstile.run(() => this.#send(handed));
  }

  #send({ request: { method, url, headers: given }, body, address, id }: HandOver): Promise<Response> {
    const { pathname, search } = new URL(url);
    const headers: Record<string, string | number> = {
      host: this.#origin.host,
      "x-forwarded-host": this.#origin.host,
      "x-forwarded-proto": this.#origin.protocol.slice(0, -1),
      "x-forwarded-for": address,
      [requestHeader]: id,
    };
    for (const name of passedOn) {
      const value = given.get(name);
      if (value !== null) headers[name] = value;
    }
    if (body !== undefined) headers["content-length"] = body.byteLength;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const signal = AbortSignal.timeout(answerMsMax);
    const options = { socketPath: this.#path, agent: this.#agent, path: pathname + search, method, headers, signal };
    // Not `fetch`: the whole process has so many of those at one time, and upstreams that hang would keep everybody from logging in.
    request(options, (answer) => void responseOf(answer).then(resolve, reject))
      .on("error", reject)
      .end(body);
    return promise;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
