/** The connection behind a request: who is at its other end, and what becomes of it when a channel takes it over. */
import { type CallerInfo, type SocketSession, upgraded, type UpgradeOptions } from "../channels/http/index.ts";

/** What a socket holds back for a reader that does not read, before its connection is cut; channels cut earlier, and say why. */
const socketBytesMax = 16 * 1024 * 1024;
const socketMessageMax = 1024 * 1024;

/** WebSockets, given to the channel that has taken them over. */
export const sockets: Bun.WebSocketHandler<SocketSession> = {
  idleTimeout: 120,
  maxPayloadLength: socketMessageMax,
  backpressureLimit: socketBytesMax,
  closeOnBackpressureLimit: true,
  sendPings: true,
  perMessageDeflate: false,
  open: (socket) =>
    socket.data.open({
      send: (data) => socket.send(data),
      close: (code, reason) => socket.close(code, reason),
      get buffered() {
        return socket.getBufferedAmount();
      },
      ping: () => void socket.ping(),
      terminate: () => socket.terminate(),
    }),
  message: ({ data }, message) => data.message(typeof message === "string" ? message : new Uint8Array(message)),
  drain: ({ data }) => data.drain(),
  pong: ({ data }) => data.pong?.(),
  close: ({ data }, code, reason) => data.close(code, reason),
};

/** Who sent a request. The address is looked up when it is asked for: that costs more than a tenth of a read, which never asks. */
export class Peer implements CallerInfo {
  readonly certificate?: string;
  readonly #server: Bun.Server<SocketSession>;
  readonly #request: Request;
  #address: string | undefined;

  /** `known`: who it is, where another listener has found that out. */
  constructor(
    server: Bun.Server<SocketSession>,
    request: Request,
    known?: { readonly address: string; readonly certificate: string },
  ) {
    this.#server = server;
    this.#request = request;
    if (known === undefined) return;
    this.#address = known.address;
    this.certificate = known.certificate;
  }

  get address(): string {
    // The commands of a batch ask for it one by one.
    this.#address ??= this.#server.requestIP(this.#request)?.address ?? "";
    return this.#address;
  }

  upgrade(session: SocketSession, { headers }: UpgradeOptions = {}): boolean {
    return this.#server.upgrade(this.#request, { data: session, ...(headers === undefined ? {} : { headers: { ...headers } }) });
  }

  keepOpen(seconds = 0): void {
    this.#server.timeout(this.#request, seconds);
  }
}

type Fetched = Response | undefined | Promise<Response | undefined>;

/** Refusals that anybody can bring about: of a message as such, or of whoever sends it. */
const ofAnybody: ReadonlySet<number> = new Set([400, 401, 404, 405, 406, 408, 411, 413, 414, 415, 417, 431]);

/**
 * Whether a refusal is the last answer on its connection, because what comes after the request may not be read as requests: behind CONNECT bytes count as
 * those of a tunnel, a request without Host is of HTTP/1.0 or the parser refuses it, and chunks may turn out to be malformed after the answer, upon which
 * Bun answers once more and closes the connection. A proxy that shares the connection has to be told: otherwise that is what the next caller gets. What is
 * refused to a caller who is known, of what he may send, leaves him his connection.
 */
const isLast = ({ method, headers }: Request, { status }: Response): boolean =>
  status >= 400 && (method === "CONNECT" || !headers.has("host") || (ofAnybody.has(status) && headers.has("transfer-encoding")));

/** As it is sent: a connection that was taken over gets no answer, and the last answer on a connection says so. */
export const answered = (request: Request, answer: Response | Promise<Response>): Fetched => {
  if (answer instanceof Promise) return answer.then((response) => answered(request, response));
  if (answer === upgraded) return undefined;
  if (isLast(request, answer)) answer.headers.set("Connection", "close");
  return answer;
};
