/**
 * The life of a server: boot, listen, and, on SIGTERM or SIGINT, stop taking calls, answer those under way, wait for the writer, close the store,
 * and end with 0. Calls that are not answered after `drainMsMax` are cut off, and the end is 1. A second signal ends at once.
 */
import type { Logger } from "../observe/logger.ts";
import { type Bridges, createBridges } from "./bridges/index.ts";
import { boot, type Booted, type BootOptions } from "./boot.ts";
import type { Config } from "./config.ts";
import { writeDemoFile } from "./demo-file.ts";
import { Peer } from "./connection.ts";
import { listenMtls, type MtlsListening } from "./mtls.ts";
import { type Listeners, startListeners } from "./listeners.ts";
import { createAuthority } from "./oauth.ts";
import { startPurge } from "./purge.ts";
import { Deliverer } from "./webhooks/index.ts";
import { installationSecret } from "./secret.ts";
import { assertPortFree, listen, type Listening } from "./listen.ts";

/** Time for calls under way, in milliseconds; a call is refused by itself after 30 s, but who stops a server will not wait that long. */
export const drainMsMax = 8_000;

/** Time for other nodes to notice that this one has no leases any more, in milliseconds. */
const handOverMs = 100;

export interface Running extends Pick<Booted, "config" | "services" | "app" | "demo"> {
  readonly baseUrl: string;
  readonly port: number;
  /** Of the listener for clients with certificates. */
  readonly mtlsPort: number | undefined;
  /** Of gRPC and of the line protocol. */
  readonly grpcPort: number | undefined;
  readonly linePort: number | undefined;
  /** Resolves once it has ended; true when every call was answered. */
  readonly ended: Promise<boolean>;
  stop(): Promise<boolean>;
}

const closeWithin = async (booted: Booted, logger: Logger): Promise<boolean> => {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), drainMsMax);
  const isClosed = await Promise.race([booted.close().then(() => true), late.promise]);
  clearTimeout(timer);
  if (!isClosed) logger.warn("not_closed", { afterMs: drainMsMax });
  return isClosed;
};

/**
 * Gives the leases back and listens for a moment longer: a node that still hands calls over is told that they belong elsewhere. A connection that is
 * waiting when the listener closes would be cut off, and its node would not know what became of its calls.
 */
const handLeasesOver = async ({ app: { leases } }: Booted): Promise<void> => {
  if (leases === undefined) return;
  await leases.leave();
  await Bun.sleep(handOverMs);
};

/** The listener for clients with certificates, where one is configured. Throws `StartError`; the other one is closed then. */
const listenForCertificates = async (
  booted: Booted,
  listening: Listening,
  logger: Logger,
): Promise<MtlsListening | undefined> => {
  const { mtls, tls, host } = booted.config;
  if (mtls === undefined || tls === undefined) return undefined;
  try {
    return await listenMtls({
      host,
      port: mtls.port,
      cert: tls.cert,
      key: tls.key,
      ca: mtls.ca,
      handle: (request, { address, certificate }, server) =>
        listening.handle(request, new Peer(server, request, { address, certificate: certificate.fingerprint256 })),
      onError: (error) => logger.error("request_failed", { error }),
    });
  } catch (error) {
    await listening.stop({ withinMs: 0 });
    await booted.close();
    throw error;
  }
};

/** What needs the leases ends before they are given back; what takes too long is left to whoever has them next. */
const stopWork = async ({ jobs }: Booted["app"], bridges: Bridges): Promise<void> => {
  const isLate = Promise.withResolvers<void>();
  const timer = setTimeout(() => isLate.resolve(), drainMsMax);
  await Promise.race([Promise.all([jobs.stop(), bridges.stop()]), isLate.promise]);
  clearTimeout(timer);
};

const stopOnce = (booted: Booted, listening: Listening, bridges: Bridges, logger: Logger): (() => Promise<boolean>) => {
  let stopping: Promise<boolean> | undefined;
  const stop = async (): Promise<boolean> => {
    logger.info("stopping", { pending: listening.pending() });
    await stopWork(booted.app, bridges);
    await handLeasesOver(booted);
    const isDrained = await listening.stop({ withinMs: drainMsMax });
    if (!isDrained) logger.warn("calls_cut_off", { afterMs: drainMsMax });
    const isClosed = await closeWithin(booted, logger);
    logger.info("stopped");
    return isDrained && isClosed;
  };
  return () => (stopping ??= stop());
};

/** Rows of other nodes' realms have become this one's to work on. */
const lookAtAgenda = ({ agenda, writer, jobs }: Booted["app"], bridges: Bridges): void => {
  agenda.rescan();
  writer.wake();
  jobs.gained();
  bridges.gained();
};

/** Work that nobody calls; where the database is away it begins with the first look that succeeds. */
const startJobs = ({ jobs }: Booted["app"], logger: Logger): Promise<void> =>
  jobs.start({
    onFailed: ({ isParked, event: at, ...failure }) =>
      logger[isParked ? "error" : "warn"](isParked ? "job_parked" : "job_failed", { ...failure, at }),
  });

/** Boots and listens. Throws `StartError`; whatever was opened is closed then. */
export const run = async (config: Config, options: BootOptions): Promise<Running> => {
  const { logger } = options;
  assertPortFree(config);
  const booted = await boot(config, options);
  let listening: Listening;
  try {
    listening = listen(booted, { logger });
  } catch (error) {
    await booted.close();
    throw error;
  }
  const mtls = await listenForCertificates(booted, listening, logger);
  const { baseUrl, port } = listening;
  const { services, app, demo, authority } = booted;
  if (authority.issuer === "") authority.issuer = baseUrl;
  try {
    authority.oauth = await createAuthority(app, {
      issuer: authority.issuer,
      secret: installationSecret(config),
      onError: (error) => logger.error("oauth_failed", { error }),
    });
  } catch (error) {
    await listening.stop({ withinMs: 0 });
    await booted.close();
    throw error;
  }
  let listeners: Listeners;
  try {
    listeners = await startListeners(config, { port, parts: listening.channels.parts, logger });
  } catch (error) {
    await listening.stop({ withinMs: 0 });
    await booted.close();
    throw error;
  }
  const { grpcPort, linePort } = listeners;
  const bridges = createBridges(app, config, { logger, origin: () => authority.issuer });
  await app.leases?.join({ address: config.nodeUrl ?? baseUrl, onGained: () => lookAtAgenda(app, bridges) });
  await startJobs(app, logger);
  bridges.start();
  const webhooks = new Deliverer({
    app,
    origin: () => authority.issuer,
    outboundAllow: config.outboundAllow,
    onError: (error) => logger.error("webhooks_failed", { error }),
  });
  webhooks.start();
  if (demo !== undefined) {
    const others = options.services.length === 0 ? {} : { services: services.map(({ path }) => path) };
    await writeDemoFile(config.data, { baseUrl, ...others, ...demo });
  }
  const ended = Promise.withResolvers<boolean>();
  const purge = startPurge(app.store, { logger });
  const close = async (): Promise<void> => {
    await mtls?.stop({ withinMs: drainMsMax });
    await listeners.stop({ withinMs: drainMsMax });
    await purge.stop();
    await webhooks.stop();
    await booted.close();
  };
  const stop = stopOnce({ ...booted, close }, listening, bridges, logger);
  return {
    config,
    services,
    app,
    demo,
    baseUrl,
    port,
    mtlsPort: mtls?.port,
    grpcPort,
    linePort,
    ended: ended.promise,
    stop: async () => {
      // Before the leases are given back: from then on they are nobody's, and what is under way would be done twice.
      await webhooks.stop();
      const isWhole = await stop();
      ended.resolve(isWhole);
      return isWhole;
    },
  };
};
