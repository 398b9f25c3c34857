/**
 * The listener for clients with certificates (RFC 8705): HTTP/1.1 and HTTP/2 on a port of its own. Bun's server verifies a certificate but does not show
 * it, so TLS ends here and the bytes go on to a server of the same kind as the main one:
 *
 *   client ─ TLS, certificate verified ─► connection ─ loopback, its own port says which connection it is ─► Bun.serve ─► handle(request, peer)
 *
 * So everything that is said over HTTP meets the same parser, the same limits of time and size, and is answered in the same way as elsewhere.
 *
 * A connection without a certificate, or with one that is expired, of another authority, revoked (`crl`) or not for clients, ends before the first request.
 * A certificate that expires while its connection is open is answered 401. Headers that claim a certificate are removed. Whoever connects to the loopback
 * port without having come through here is answered 421.
 */
import { connect, type Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { isCertificateHeader } from "../pipeline/identity/token/index.ts";
import { certificatesIn, type ClientCertificate, clientCertificateOf } from "../channels/http/client-certificate.ts";
import type { SocketSession } from "../channels/http/index.ts";
import { answered, sockets } from "./connection.ts";
import { StartError } from "./start-error.ts";

export interface MtlsPeer {
  /** Address of the client. */
  readonly address: string;
  readonly certificate: ClientCertificate;
}

export type MtlsHandler = (request: Request, peer: MtlsPeer, server: Bun.Server<SocketSession>) => Response | Promise<Response>;

export interface MtlsOptions {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** PEM texts: the server's own certificate and key, the authorities of clients, and what these have revoked. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly crl?: string;
  readonly handle: MtlsHandler;
  /** Told about what `handle` throws. */
  readonly onError: (error: unknown) => void;
  readonly clock?: () => number;
  readonly limits?: Partial<typeof mtlsLimits>;
}

export const mtlsLimits = {
  /** Connections at the same time; further ones are closed at once. */
  connectionsMax: 4_096,
  /** From the connection to the end of the handshake. */
  handshakeMs: 10_000,
  /** A connection on which nothing is said. */
  idleSeconds: 60,
  /** Beyond it 413 without a word; the channel refuses earlier, in its own words. */
  bodyBytesMax: 1024 ** 3,
};

export interface MtlsListening {
  readonly port: number;
  /** Calls being answered now. */
  pending(): number;
  /** Connections open now. */
  connections(): number;
  /** As `Listening.stop`: waits for calls under way, `withinMs` at most. Returns whether all were answered. */
  stop(options: { readonly withinMs: number }): Promise<boolean>;
}

/** So long may a client take to read what was answered before its connection ended. */
const flushMs = 10_000;

const json = { "Content-Type": "application/json", "Cache-Control": "no-store" };
const problem = (code: number, type: string, message: string): Response =>
  Response.json({ success: false, error: { code, type, message } }, { status: code, headers: { ...json, Connection: "close" } });

const withoutClaims = (request: Request): Request => {
  const claims = [...request.headers.keys()].filter(isCertificateHeader);
  for (const name of claims) request.headers.delete(name);
  return request;
};

/** Connections that came through TLS, by their port on the loopback interface. */
class Connections {
  readonly #peers = new Map<number, MtlsPeer>();
  readonly #sockets = new Set<TLSSocket>();

  get size(): number {
    return this.#sockets.size;
  }

  peerAt(port: number): MtlsPeer | undefined {
    return this.#peers.get(port);
  }

  /** Hands the connection on to the server at the port. */
  join(client: TLSSocket, peer: MtlsPeer, port: number): void {
    this.#sockets.add(client);
    const inner: Socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let localPort: number | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // What it means for a request when a side breaks off is told by the request's signal.
    inner.on("error", () => {});
    inner.once("close", () => {
      if (localPort !== undefined) this.#peers.delete(localPort);
      // What was answered last may still be on its way to the client.
      client.end();
      timer = setTimeout(() => client.destroy(), flushMs);
    });
    client.once("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(client);
      // Before its port may become another's.
      if (localPort !== undefined) this.#peers.delete(localPort);
      inner.destroy();
    });
    inner.once("connect", () => {
      ({ localPort } = inner);
      if (localPort === undefined || client.destroyed) {
        inner.destroy();
        return;
      }
      this.#peers.set(localPort, peer);
      client.pipe(inner);
      inner.pipe(client);
    });
  }

  async closeAll(): Promise<void> {
    const closed = [...this.#sockets].map(
      (socket) => new Promise<void>((resolve) => void socket.once("close", () => resolve()).destroy()),
    );
    await Promise.all(closed);
  }
}

const innerServer = (options: MtlsOptions, limits: typeof mtlsLimits, connections: Connections): Bun.Server<SocketSession> => {
  const { handle, onError, clock = Date.now } = options;
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    reusePort: false,
    http2: true,
    maxRequestBodySize: limits.bodyBytesMax,
    idleTimeout: limits.idleSeconds,
    fetch(request, server) {
      const peer = connections.peerAt(server.requestIP(request)?.port ?? 0);
      if (peer === undefined) return problem(421, "invalid_request", "This is not where requests go.");
      if (clock() >= peer.certificate.validTo) return problem(401, "invalid_credentials", "The client certificate has expired.");
      return answered(request, handle(withoutClaims(request), peer, server));
    },
    websocket: sockets,
    error(error) {
      onError(error);
      return problem(500, "internal", "An error of ours; it was recorded.");
    },
  });
};

const assertAuthorities = ({ ca }: MtlsOptions): void => {
  try {
    if (certificatesIn(ca) > 0) return;
  } catch (error) {
    throw new StartError("configuration", "the authorities of clients cannot be read", { cause: error });
  }
  throw new StartError(
    "configuration",
    "the authorities of clients are none: a PEM text with at least one certificate is needed",
  );
};

const tlsServer = (options: MtlsOptions, limits: typeof mtlsLimits, onSecure: (socket: TLSSocket) => void): Server => {
  const { cert, key, ca, crl } = options;
  const server = createServer(
    {
      cert,
      key,
      ca,
      ...(crl === undefined ? {} : { crl }),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: limits.handshakeMs,
    },
    onSecure,
  );
  server.maxConnections = limits.connectionsMax;
  // A handshake that failed or took too long: the client's doing, and nothing to answer.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
};

const listening = (server: Server, { host, port }: MtlsOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new StartError("unavailable", `cannot listen on ${host}:${port}: ${error.code ?? error.message}`, { cause: error })),
    );
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });

/** Starts listening. Rejects with a `StartError` when the port cannot be had or the authorities are none. */
export const listenMtls = async (options: MtlsOptions): Promise<MtlsListening> => {
  assertAuthorities(options);
  const limits = { ...mtlsLimits, ...options.limits };
  const connections = new Connections();
  const inner = innerServer(options, limits, connections);
  const server = tlsServer(options, limits, (socket) => {
    // A client may break off at any time, also before its connection is handed on.
    socket.on("error", () => socket.destroy());
    const shown = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    const certificate = shown === undefined ? undefined : clientCertificateOf(shown);
    const { port } = inner;
    if (certificate === undefined || port === undefined) socket.destroy();
    else connections.join(socket, { address: socket.remoteAddress ?? "", certificate }, port);
  });
  try {
    const port = await listening(server, options);
    return {
      port,
      pending: () => inner.pendingRequests,
      connections: () => connections.size,
      async stop({ withinMs }) {
        server.close();
        const late = Promise.withResolvers<boolean>();
        const timer = setTimeout(() => late.resolve(false), withinMs);
        const isDone = await Promise.race([inner.stop().then(() => true), late.promise]);
        clearTimeout(timer);
        await inner.stop(true);
        await connections.closeAll();
        return isDone;
      },
    };
  } catch (error) {
    await inner.stop(true);
    throw error;
  }
};
