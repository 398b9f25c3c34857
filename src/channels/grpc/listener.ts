/**
 * The listener: HTTP/2 on a port of its own, in the clear or over TLS, since the main one sends no trailers. Connections are bounded in number, in what each
 * may cost, and in time; a stop lets what is under way be answered.
 */
import { createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { atLeisure } from "../../observe/at-leisure.ts";
import { type ClientCertificate, clientCertificateOf } from "../http/client-certificate.ts";
import type { Peer } from "./asking.ts";
import type { Connection } from "./connection.ts";
import type { GrpcLimits } from "./limits.ts";
import { within } from "./within.ts";

export interface Tls {
  /** PEM texts: the server's own certificate and key. */
  readonly cert: string;
  readonly key: string;
  /** The authorities of clients: their certificates are asked for, and are credentials. A client without one is let in. */
  readonly ca?: string;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  readonly tls?: Tls | undefined;
  readonly limits: GrpcLimits;
  /** Makes what speaks on connections: called for the first one, or when the server has been up for a while: a start need not wait for it. */
  load(): Promise<Speak>;
  /** Told of errors that are ours. */
  onError(error: unknown): void;
}

/** Speaks on a connection. */
export type Speak = (socket: Socket, peer: Peer, onClose: (connection: Connection) => void) => Connection;

/** How often deadlines are looked at, in milliseconds. */
const checkMs = 50;
/** Of so many looks at deadlines one is at connections too. */
const checksPerConnection = 20;
/** So long may a client take to read what was said last before its connection is cut. */
const flushMs = 2_000;
/** What is left for ends of streams when the time of a stop is nearly over. */
const endingMs = 500;

const peerOf = (socket: Socket, certificate: ClientCertificate | undefined): Peer => ({
  address: socket.remoteAddress ?? "",
  isEncrypted: "encrypted" in socket && socket.encrypted === true,
  get certificate() {
    // It may run out while the connection is open.
    return certificate !== undefined && Date.now() < certificate.validTo ? certificate.fingerprint256 : undefined;
  },
});

/** The client's certificate; `false`: it shows one that does not count. */
const certificateOf = (socket: TLSSocket): ClientCertificate | undefined | false => {
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return undefined;
  return (socket.authorized && clientCertificateOf(shown)) || false;
};

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** How many are open from each address; also those that are not spoken to yet. */
  readonly #byAddress = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #checks = 0;
  #isStopping = false;
  #emptied: (() => void) | undefined;
  #speak: Speak | undefined;
  #loading: Promise<Speak> | undefined;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const { tls, limits } = options;
    this.#server = tls === undefined ? this.#plainServer() : this.#tlsServer(tls);
    this.#server.maxConnections = limits.connectionsMax;
  }

  /** Starts listening. Rejects with the system's error when the port cannot be had, and with TLS's when certificate or key are none. */
  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    const { host, port } = options;
    const server = listener.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    // An accept that fails (no descriptors left) is the machine's state, not an end.
    server.on("error", () => undefined);
    listener.#timer = setInterval(() => listener.#check(), checkMs);
    atLeisure(() => listener.#load(), options.onError);
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : this.#options.port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes no more connections and calls, and waits until those under way are answered, `withinMs` at most. Returns whether all were. */
  async stop({ withinMs }: { readonly withinMs: number }): Promise<boolean> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const connection of this.#connections) {
      connection.drain();
      connection.endStreams();
    }
    const emptied = new Promise<void>((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#emptied = resolve;
    });
    const isWhole = await within(emptied, withinMs - endingMs);
    if (!isWhole) {
      // Exports that go on for long are told why they end.
      for (const connection of this.#connections) connection.refuseStreams();
      await within(emptied, Math.min(endingMs, withinMs));
      for (const connection of this.#connections) connection.destroy();
    }
    clearInterval(this.#timer);
    await closed;
    return isWhole;
  }

  #plainServer(): Server {
    return createPlainServer({ noDelay: true }, (socket) => this.#connected(socket, undefined));
  }

  #tlsServer({ cert, key, ca }: Tls): Server {
    const { limits } = this.#options;
    const server = createTlsServer(
      {
        cert,
        key,
        ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false }),
        minVersion: "TLSv1.2",
        ALPNProtocols: ["h2"],
        handshakeTimeout: limits.handshakeMs,
        noDelay: true,
      },
      (socket) => {
        const certificate = ca === undefined ? undefined : certificateOf(socket);
        if (socket.alpnProtocol !== "h2" || certificate === false) socket.destroy();
        else this.#connected(socket, certificate);
      },
    );
    // A handshake that failed or took too long: the client's doing, and nothing to answer.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  }

  #connected(socket: Socket, certificate: ClientCertificate | undefined): void {
    // A client may break off at any time, also before its connection is handed on.
    socket.on("error", () => socket.destroy());
    if (this.#isStopping || this.#connections.size >= this.#options.limits.connectionsMax || !this.#isCounted(socket))
      socket.destroy();
    else if (this.#speak !== undefined) this.#open(socket, certificate, this.#speak);
    else void this.#openLater(socket, certificate);
  }

  /** Counts the connection for its address until it is closed; false: there are too many. */
  #isCounted(socket: Socket): boolean {
    const address = socket.remoteAddress ?? "";
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.#options.limits.connectionsPerAddressMax) return false;
    this.#byAddress.set(address, count + 1);
    socket.once("close", () => {
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    });
    return true;
  }

  async #openLater(socket: Socket, certificate: ClientCertificate | undefined): Promise<void> {
    try {
      const speak = await this.#load();
      if (this.#isStopping) socket.destroy();
      else if (!socket.destroyed) this.#open(socket, certificate, speak);
    } catch (error) {
      this.#options.onError(error);
      socket.destroy();
    }
  }

  async #load(): Promise<Speak> {
    this.#loading ??= this.#options.load();
    try {
      return (this.#speak = await this.#loading);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  #open(socket: Socket, certificate: ClientCertificate | undefined, speak: Speak): void {
    const connection = speak(socket, peerOf(socket, certificate), (closed) => {
      // What was said last may still be on its way; a client that does not read it keeps nothing.
      const timer = setTimeout(() => socket.destroy(), flushMs);
      if (socket.destroyed) clearTimeout(timer);
      else socket.once("close", () => clearTimeout(timer));
      this.#connections.delete(closed);
      if (this.#connections.size === 0) this.#emptied?.();
    });
    this.#connections.add(connection);
  }

  #check(): void {
    const now = Date.now();
    const isTurn = ++this.#checks % checksPerConnection === 0;
    for (const connection of this.#connections) {
      connection.check(now);
      if (isTurn) connection.checkConnection(now);
    }
  }
}
