/**
 * From a configuration to an app that can be called: data folder, secret, services, store, schema and, in development, the demo tenant.
 *
 *   const booted = await boot(config, { services: [], logger });
 *   booted.app.pipeline.run(…)
 *   await booted.close();
 */
import { appendTo, type SignedStatement } from "../audit/index.ts";
import type { Logger } from "../observe/logger.ts";
import { type OpenStore, openStore, StoreError } from "../store/index.ts";
import { type App, compileServices, createApp, tablesOf } from "./app.ts";
import { baseUrl } from "./base-url.ts";
import { createCallLog } from "./call-log.ts";
import type { Config } from "./config.ts";
import { makeDataFolder } from "./data-folder.ts";
import { demoTenant, prepareDemo } from "./demo.ts";
import type { Credentials } from "./demo-file.ts";
import { hasKeys } from "./keys.ts";
import { createLimiter } from "./limiter.ts";
import { createManaged } from "./managed.ts";
import { type MailSender, senderOf } from "./mail.ts";
import { Notices } from "./notices.ts";
import { Outbox } from "./outbox.ts";
import { type LoadedService, loadServices } from "./load-services.ts";
import { fitSchema } from "./schema.ts";
import { installationSecret } from "./secret.ts";
import type { SeedProgress } from "./seed.ts";
import { StartError } from "./start-error.ts";
import { ensureTenant, operatorTenant } from "./tenant.ts";
import { understudiesOf } from "./understudies.ts";
import { type Authority, createTokens } from "./tokens.ts";
import { Support } from "./support.ts";
import { Uses } from "./uses.ts";

export interface BootOptions {
  /** Paths of services; none: the shipped ones. */
  readonly services: readonly string[];
  readonly logger: Logger;
  readonly onProgress?: SeedProgress;
  readonly signal?: AbortSignal;
}

export interface Booted {
  /** Filled once the server listens. */
  readonly authority: Authority;
  readonly config: Config;
  readonly services: readonly LoadedService[];
  readonly app: App;
  /** Of the demo tenant; development only. */
  readonly demo: Credentials | undefined;
  /** Sends mails; absent where none is configured. */
  readonly mail: MailSender | undefined;
  /** Waits for the writer and closes the store. */
  close(): Promise<void>;
}

/** Opens the database of a configuration. Throws a `StartError` that names it without its password. */
export const openDatabase = async (config: Pick<Config, "databaseUrl">): Promise<OpenStore> => {
  const { databaseUrl } = config;
  const shown = databaseUrl.replace(/(:\/\/[^\s:/@]*):[^\s@/]*@/, "$1@").replace(/\?.*$/, "");
  try {
    const store = await openStore(databaseUrl);
    try {
      await store.ping();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  } catch (error) {
    if (!(error instanceof StoreError) && !(error instanceof TypeError)) throw error;
    throw new StartError("unavailable", `the database ${shown} cannot be opened: ${error.message}`, { cause: error });
  }
};

/** Compiles the services. Throws a `StartError` with all that does not fit. */
export const compileOrExplain = (services: readonly LoadedService[]): ReturnType<typeof compileServices> => {
  try {
    return compileServices(services.map(({ definition }) => definition));
  } catch (error) {
    if (error instanceof Error && error.name === "DefinitionError")
      throw new StartError("definition", error.message, { cause: error });
    throw error;
  }
};

interface Definitions {
  readonly services: readonly LoadedService[];
  readonly contracts: ReturnType<typeof compileServices>;
}

const loadDefinitions = async (paths: readonly string[]): Promise<Definitions> => {
  const services = await loadServices(paths);
  return { services, contracts: compileOrExplain(services) };
};

/** An address for the installation's own tenant: that for weaknesses, where it is one of e-mail. */
const ownContact = ({ securityContact, baseDomain }: Config): string =>
  securityContact?.startsWith("mailto:") === true
    ? securityContact.slice("mailto:".length)
    : `operator@${baseDomain ?? "localhost.invalid"}`;

/** Where checkpoints of the audit go off the database, if anywhere. */
const checkpointExport = ({ auditExport }: Config, logger: Logger): ((signed: SignedStatement) => void) | undefined => {
  if (auditExport === undefined) return undefined;
  return auditExport === "log" ? (signed) => logger.info("audit_checkpoint", { ...signed }) : appendTo(auditExport);
};

/** Puts everything into service but the listener. Throws `StartError`. */
export const boot = async (config: Config, options: BootOptions): Promise<Booted> => {
  const { logger } = options;
  makeDataFolder(config);
  const cursorSecret = installationSecret(config);
  // The database is opened while the services load.
  const opening = openDatabase(config);
  // A failure is met where it is waited for, which may be later.
  opening.catch(() => undefined);
  let definitions: Definitions;
  try {
    definitions = await loadDefinitions(options.services);
  } catch (error) {
    await opening.then((store) => store.close()).catch(() => undefined);
    throw error;
  }
  const { services, contracts } = definitions;
  const store = await opening;
  for (const doubt of store.admin.doubts) logger.warn("database_role", { doubt });
  try {
    const { applied, wasEmpty } = await fitSchema(store, tablesOf(contracts.values()), config);
    if (applied.length > 0) logger[wasEmpty ? "debug" : "info"]("schema_changed", { steps: applied });
    const log = logger.isOn("debug") ? createCallLog(logger) : undefined;
    const onError = (error: unknown, operation: string, requestId?: string): void =>
      logger.error("call_failed", { requestId, operation, error });
    const notices = new Notices((error) => onError(error, "notices"));
    let closeLimiter: (() => Promise<void>) | undefined;
    const uses = new Uses((error) => onError(error, "uses"));
    const authority: Authority = { issuer: config.publicUrl ?? "", oauth: undefined };
    const made = createApp({
      services: services.map(({ definition }) => definition),
      contracts,
      store,
      cursorSecret,
      onError,
      outside: {
        allow: config.outboundAllow,
        secrets: config.outboundSecrets,
        ...(config.mode === "development" ? { understudies: understudiesOf(services.map(({ definition }) => definition)) } : {}),
      },
      managed: (parts) =>
        createManaged(parts, {
          limiter: (load) => {
            const made = createLimiter(config, { load, onThreshold: notices.onThreshold, logger });
            closeLimiter = made.close;
            return made.limiter;
          },
          onError,
        }),
      tokens: ({ directory, nonces }) =>
        createTokens(authority, {
          directory,
          nonces,
          placeOf: (realm) => store.realms.at(realm),
          outboundAllow: config.outboundAllow,
          onError: (error) => onError(error, "issuers"),
        }),
      identity: {
        operatorTenant,
        onUse: (use) => uses.note(use),
        ...(config.mode === "development" ? { publicTenant: demoTenant } : {}),
      },
      ...(log === undefined ? {} : { onCall: log.onCall }),
    });
    const app = log === undefined ? made : { ...made, pipeline: log.watch(made.pipeline) };
    await ensureTenant(app, { name: operatorTenant, title: "The installation's own", contact: ownContact(config) });
    const demo =
      config.mode === "development"
        ? await prepareDemo({
            app,
            services,
            data: config.data,
            baseUrl: baseUrl(config, config.port),
            ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
            ...(options.signal === undefined ? {} : { signal: options.signal }),
          })
        : undefined;
    if (config.mode === "production" && (await hasKeys(app, demoTenant)))
      logger.warn("demo_keys", { advice: "the database holds keys of the demo tenant; it was used in development" });
    app.agenda.start(() => app.writer.wake());
    app.directory.start();
    await app.managed?.start();
    uses.start(app);
    notices.start(app);
    const mail = senderOf(config);
    const outbox =
      mail === undefined ? undefined : new Outbox({ app, sender: mail, onError: (error) => onError(error, "mails") });
    if (outbox === undefined) logger.warn("no_mail_server", { advice: "mails wait until PONS_SMTP_URL is set" });
    const support = new Support({ app, operatorTenant, onError: (error) => onError(error, "support") });
    outbox?.start();
    support.start();
    const onSigned = checkpointExport(config, logger);
    app.audit.start(onSigned === undefined ? {} : { onSigned });
    const close = async (): Promise<void> => {
      await outbox?.stop();
      await support.stop();
      await uses.stop();
      await closeLimiter?.();
      app.directory.stop();
      await authority.oauth?.close();
      app.agenda.stop();
      await app.writer.drained();
      await app.managed?.stop();
      app.events.stop();
      await app.audit.stop();
      await app.leases?.leave();
      await store.close();
    };
    return { config, services, app, demo, authority, mail, close };
  } catch (error) {
    await store.close();
    if (!(error instanceof StoreError) || error.kind === "broken") throw error;
    throw new StartError("unavailable", `the database went away: ${error.message}`, { cause: error });
  }
};
