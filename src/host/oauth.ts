/** The authorization server over the control plane: apps are its clients, users its accounts, and what it revokes is told in the directory. */
import { hashOfKey } from "../pipeline/identity/api-key.ts";
import type { AppEntry, UserEntry } from "../pipeline/identity/entries.ts";
import type { Refusal } from "../pipeline/refusal.ts";
import { createOAuth, type LogInAttempt, type LogInOutcome, type OAuth, type OAuthClient } from "../oauth/index.ts";
import { sessionOf } from "../channels/http/credentials.ts";
import type { App } from "./app.ts";
import { publish } from "./publish.ts";
import { mcpPaths } from "./resource-metadata.ts";

export interface AuthorityOptions {
  /** Public origin. */
  readonly issuer: string;
  /** The installation's secret. */
  readonly secret: string;
  readonly onError: (error: unknown) => void;
}

const environmentDefault = "live";
/** Scopes of an app that may ask for any: of every service and resource, to read, to write, or both. */
const anyScope = (contracts: App["contracts"]): readonly string[] =>
  [...contracts.values()]
    .flatMap(({ service, resources }) => [service, ...[...resources.keys()].map((resource) => `${service}.${resource}`)])
    .flatMap((place) => [place, `${place}:read`, `${place}:write`]);

const isLive = (moment: string | null): boolean => moment === null || Date.parse(moment) > Date.now();

/** An app in one of its environments: `app_…` for live, `app_…/sandbox`. */
const findClient = async ({ directory, store, contracts }: App, clientId: string): Promise<OAuthClient | undefined> => {
  const [appId = "", environment = environmentDefault, ...more] = clientId.split("/");
  if (more.length > 0) return undefined;
  const record = await directory.get("app", appId);
  const place = record === undefined ? undefined : await store.realms.at(record.owner);
  if (record === undefined || place === undefined) return undefined;
  const app = record.value as unknown as AppEntry;
  const products = app.subscriptions.filter((one) => one.environment === environment);
  return {
    id: clientId,
    tenant: place.tenant,
    environment,
    name: app.name,
    redirectUris: app.redirectUris,
    grantTypes: app.grantTypes,
    scopes: app.scopes ?? anyScope(contracts),
    // All of every service, in few words: a token has room for so many names.
    scopesDefault: app.scopes ?? [...contracts.keys()],
    // What its subscriptions give it is added when it calls.
    roles: app.roles,
    isConfidential: app.isConfidential,
    isActive: app.status === "active" && products.length > 0,
    secretCheck: (secret) => {
      const hash = hashOfKey(secret);
      return app.secrets.some((one) => one.environment === environment && one.hash === hash && isLive(one.expiresAt));
    },
  };
};

/** Asks the control plane whether somebody is who he says. */
const logIn = async (app: App, attempt: LogInAttempt): Promise<LogInOutcome> => {
  const operation = app.contracts.get("platform")?.operations.get("checkCredentials");
  if (operation === undefined) return { refused: "credentials" };
  const { tenant, email, password, totp = null, address } = attempt;
  const result = await app.pipeline.run({
    operation,
    input: { body: { email, password, totp, address } },
    credentials: { kind: "none" },
    principal: await app.identity.systemCaller(tenant, "tenant"),
    locale: "en",
    requestId: crypto.randomUUID(),
    channel: "oauth",
    address,
  });
  if (!result.ok) return refusedLogIn(result.refusal);
  const { user, mustEnrol } = result.data as { readonly user: string; readonly mustEnrol: boolean };
  // Whoever still has to enrol a second factor does so with us first.
  return mustEnrol ? { refused: "credentials" } : { accountId: user };
};

const refusedLogIn = ({ status, retryAfter = 60 }: Refusal): LogInOutcome =>
  status === 429 ? { refused: "throttled", retryAfterSeconds: retryAfter } : { refused: "credentials" };

/** Makes the authorization server of an app; `undefined` without a control plane. */
export const createAuthority = async (app: App, options: AuthorityOptions): Promise<OAuth | undefined> => {
  if (!app.contracts.has("platform")) return undefined;
  const { directory, store, contracts } = app;
  return createOAuth({
    store,
    ...options,
    resources: mcpPaths(contracts.values()).map((path) => `${options.issuer}${path}`),
    clients: { find: (clientId) => findClient(app, clientId) },
    accounts: {
      logIn: (attempt) => logIn(app, attempt),
      find: async (accountId) => {
        const record = await directory.get("user", accountId);
        const place = record === undefined ? undefined : await store.realms.at(record.owner);
        if (record === undefined || place === undefined) return undefined;
        const { email, status, roles, subject, name } = record.value as unknown as UserEntry;
        return { tenant: place.tenant, email, emailVerified: true, name, roles, subject, isActive: status === "active" };
      },
      sessionOf: async (request) => {
        const token = sessionOf(request.headers.get("cookie") ?? "");
        const record = token === undefined ? undefined : await directory.get("session", hashOfKey(token));
        const session = record?.value as
          { readonly user: string; readonly expiresAt: string; readonly isLimited: boolean } | undefined;
        return session === undefined || session.isLimited || !isLive(session.expiresAt) ? undefined : session.user;
      },
    },
    onRevoked: (grant, untilMs) =>
      publish(app, { kind: "grant", name: grant, value: { revoked: true, until: new Date(untilMs).toISOString() } }),
  });
};
