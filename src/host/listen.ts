/**
 * The listener: HTTP/1.1 and HTTP/2 on one port, with a certificate also HTTP/3, all answered by the REST channel and the documents beside it.
 *
 * Bodies are limited by the channel, which refuses in its own words and reads no more than it accepts; the server's own limit only cuts what
 * nobody could mean. A connection that says nothing for `idleSeconds` is closed.
 */
import { type CallerInfo, type SocketSession, upgraded } from "../channels/http/index.ts";
import { createRest } from "../channels/rest/index.ts";
import type { Logger } from "../observe/logger.ts";
import { baseUrl } from "./base-url.ts";
import type { Booted } from "./boot.ts";
import { type Channels, createChannels } from "./channels.ts";
import type { Config } from "./config.ts";
import { answered, Peer, sockets } from "./connection.ts";
import { documentsOf } from "./documents.ts";
import { forwardPath } from "./forward.ts";
import { createForwardReceiver } from "./forward-receiver.ts";
import { refusedPort } from "./refused-port.ts";

/** Beyond it Bun answers 413 by itself. */
const bodyBytesMax = 1024 ** 3;
const idleSeconds = 60;

export interface Listening {
  /** `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  readonly port: number;
  /** Answers a request that came in through another listener. */
  handle(request: Request, caller: CallerInfo): Response | Promise<Response>;
  readonly channels: Channels;
  /** Calls being answered now. */
  pending(): number;
  /**
   * Takes no more connections and waits until all calls under way are answered, `withinMs` at most; then cuts the rest off.
   * Returns whether all were answered.
   */
  stop(options: { readonly withinMs: number }): Promise<boolean>;
}

/** Over TLS browsers are told to come back over TLS only, for two years (RFC 6797). */
const strictTransport = "max-age=63072000";

const strictly = (answer: Response | Promise<Response>): Response | Promise<Response> => {
  if (answer instanceof Promise) return answer.then(strictly);
  if (answer === upgraded) return answer;
  answer.headers.set("Strict-Transport-Security", strictTransport);
  return answer;
};

const internalError =
  '{"success":false,"error":{"code":500,"type":"internal","message":"An error of ours; it was recorded under the request id."}}';

/**
 * Throws a `StartError` when the port cannot be had: asked before the database is made and filled, which may take a while. Somebody may take
 * the port in between; `listen` says so then.
 */
export const assertPortFree = ({ host, port }: Pick<Config, "host" | "port">): void => {
  if (port === 0) return;
  try {
    void Bun.serve({ hostname: host, port, fetch: () => new Response() }).stop(true);
  } catch (error) {
    throw refusedPort(error, { host, port });
  }
};

/** Whether an address may be one of the authorization server's: looked at quickly, since most are not. */
const isAuthorityUrl = (url: string): boolean => {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return url.startsWith("/oauth/", path) || url.startsWith("/.well-known/o", path);
};

/** Starts listening. Throws a `StartError` when the port cannot be had. */
export const listen = (booted: Booted, options: { readonly logger: Logger }): Listening => {
  const { config, app, authority } = booted;
  const { logger } = options;
  let isStopping = false;
  const origins = app.managed?.origins;
  const channels = createChannels(booted, { logger });
  const rest = createRest({
    contracts: [...app.contracts.values()],
    pipeline: app.pipeline,
    channels: channels.bySegment,
    ...(channels.root === undefined ? {} : { rootChannel: channels.root }),
    requestIds: channels.parts.requestIds,
    languages: channels.parts.languages,
    documents: documentsOf(booted, () => isStopping),
    ...(config.baseDomain === undefined ? {} : { baseDomain: config.baseDomain }),
    ...(config.publicUrl === undefined ? {} : { publicOrigin: config.publicUrl }),
    signingKeys: async (keyId) => (await app.identity.signersOf(keyId)).map(({ key }) => key),
    ...(origins === undefined ? {} : { origins }),
    hooks: {
      onError: (error, request) => logger.error("request_failed", { ...request, error }),
      onRefused: ({ type, status }, request) => app.audit.refused({ realm: null, type, status, channel: "rest", ...request }),
    },
  });
  const { contracts, leases, signer, takeOver } = app;
  const receive = leases === undefined ? undefined : createForwardReceiver({ signer, contracts, takeOver });
  const handle = (request: Request, peer: CallerInfo): Response | Promise<Response> => {
    const { oauth } = authority;
    if (oauth !== undefined && isAuthorityUrl(request.url)) {
      const answer = oauth.handle(request, peer);
      if (answer !== undefined) return answer;
    }
    if (receive === undefined || request.method !== "POST" || !request.url.endsWith(forwardPath))
      return rest.handle(request, peer);
    if (new URL(request.url).pathname !== forwardPath) return rest.handle(request, peer);
    // Of nobody's node: answered like any address that is not there.
    return receive(request).then((answer) => answer ?? rest.handle(request, peer));
  };
  const { tls, host, port } = config;
  const serve = (): Bun.Server<SocketSession> =>
    Bun.serve({
      hostname: host,
      port,
      development: false,
      reusePort: false,
      maxRequestBodySize: bodyBytesMax,
      idleTimeout: idleSeconds,
      http2: true,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key }, http3: true }),
      fetch:
        tls === undefined
          ? (request, server) => answered(request, handle(request, new Peer(server, request)))
          : (request, server) => answered(request, strictly(handle(request, new Peer(server, request)))),
      websocket: sockets,
      error(error) {
        logger.error("request_failed", { error });
        return new Response(internalError, { status: 500, headers: { "Content-Type": "application/json" } });
      },
    });
  let server: Bun.Server<SocketSession>;
  try {
    server = serve();
  } catch (error) {
    throw refusedPort(error, { host, port });
  }
  const actualPort = server.port ?? port;
  return {
    baseUrl: baseUrl(config, actualPort),
    port: actualPort,
    handle,
    channels,
    pending: () => server.pendingRequests,
    async stop({ withinMs }) {
      isStopping = true;
      const late = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => late.resolve(false), withinMs);
      // Streams go on for ever: whoever reads one is told, and comes back to another node.
      void channels.close().catch((error: unknown) => logger.error("channels_not_closed", { error }));
      const isDone = await Promise.race([server.stop().then(() => true), late.promise]);
      clearTimeout(timer);
      if (!isDone) await server.stop(true);
      return isDone;
    },
  };
};
