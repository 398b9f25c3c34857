/**
 * The way in to the library, which answers requests of `node:http`: it listens on a socket in a folder that nobody else may enter, and requests from
 * outside are handed over there. Only headers that it reads are; which scheme, host and address a request came by is told by us alone.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
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
const notPassedBack = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"] as const;

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

export class Door {
  readonly #folder: string;
  readonly #path: string;
  readonly #origin: URL;
  readonly #server: ReturnType<typeof createServer>;
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
  handOver({ request, body, address, id }: HandOver): Promise<Response | undefined> {
    return this.#turnstile.run(async () => {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers({
        host: this.#origin.host,
        "x-forwarded-host": this.#origin.host,
        "x-forwarded-proto": this.#origin.protocol.slice(0, -1),
        "x-forwarded-for": address,
        [requestHeader]: id,
      });
      for (const name of passedOn) {
        const value = request.headers.get(name);
        if (value !== null) headers.set(name, value);
      }
      const answer = await fetch(`http://oauth${pathname}${search}`, {
        unix: this.#path,
        method: request.method,
        headers,
        ...(body === undefined ? {} : { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(answerMsMax),
      });
      const content = await answer.arrayBuffer();
      const passed = new Headers(answer.headers);
      for (const name of notPassedBack) passed.delete(name);
      const isBodiless = answer.status === 204 || answer.status === 304;
      return new Response(isBodiless ? null : content, { status: answer.status, headers: passed });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
