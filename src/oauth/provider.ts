/**
 * The configuration of oidc-provider: OAuth 2.1 and OpenID Connect with nothing in it that RFC 9700 advises against. One provider per set of signing
 * keys, since the library takes them once: after a rotation the next one takes its place. All of its state is in the database, so that nothing is
 * lost by that.
 */
import { InvalidClientAuth, InvalidScope, InvalidTarget } from "oidc-provider/lib/helpers/errors.js";
import { base as basePolicy, Check, type Prompt } from "oidc-provider/lib/helpers/interaction_policy/index.js";
import { type Client, type Context, type Data, Provider, type Token } from "oidc-provider/lib/provider.js";
import { accessTokenSeconds, type OwnClaims } from "./access-token.ts";
import { type OAuthAccounts, usableAccount } from "./account.ts";
import type { Adapter } from "./adapter.ts";
import type { OAuthClient, OAuthClients } from "./client.ts";
import type { CookieSigner } from "./cookie-signer.ts";
import { type OAuthEvent, tellEvents } from "./event.ts";
import { interactionPath, type Interactions } from "./interaction.ts";
import { oauthPaths as paths } from "./paths.ts";
import { libraryPolicy, sendFailurePage, sendLoggedOutPage, sendLogOutPage } from "./page.ts";
import { accessTokenAlg, idTokenAlg, type SigningKeys } from "./signing-keys.ts";
import type { OidcState } from "./state.ts";
import { texts } from "./texts.ts";

export interface ProviderOptions {
  /** Public origin: `https://api.example.com`. */
  readonly issuer: string;
  /** Resources that tokens may be asked for (RFC 8707); the first one is meant when a client names none. */
  readonly resources: readonly string[];
  readonly clients: OAuthClients;
  readonly accounts: OAuthAccounts;
  readonly adapter: (model: string) => Adapter;
  readonly state: OidcState;
  readonly keys: SigningKeys;
  readonly interactions: Interactions;
  readonly cookies: CookieSigner;
  /** 32 bytes from which DPoP nonces are made. */
  readonly nonceSecret: Buffer;
  readonly onError: (error: unknown) => void;
  readonly onEvent: (event: OAuthEvent) => void;
  readonly addressOf: (context: Context) => string;
}

const oidcScopes = ["openid", "profile", "email", "offline_access"] as const;

const hour = 3_600;
const day = 24 * hour;
/** How long a grant lasts, whatever is done with it: people are asked again after that. */
const grantSeconds = 90 * day;
/** How long a refresh token lasts that is not used. */
const refreshSeconds = 14 * day;
/** How long a browser is remembered to be logged in. */
const sessionSeconds = 12 * hour;
const interactionSeconds = hour / 4;
const codeSeconds = 60;
/** The longest that a client assertion may be good for: so long its id is remembered. */
const assertionSecondsMax = hour;

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** Endpoints that programs call: they answer JSON to whatever accepts what. */
const programPaths: ReadonlySet<string> = new Set([
  paths.token,
  paths.jwks,
  paths.introspection,
  paths.revocation,
  paths.pushed_authorization_request,
  paths.userinfo,
]);

/** Why a request failed, as JSON to a program and as a page to a person. */
const renderError = (context: Context, out: Data, error: unknown): void => {
  if (programPaths.has(context.path)) {
    context.type = "application/json";
    context.body = out;
    return;
  }
  const description = typeof out["error_description"] === "string" ? out["error_description"] : texts.failed.expired;
  const isOurs = out["error"] === "server_error" || !(error instanceof Error);
  const text = isOurs ? texts.failed.internal : description;
  sendFailurePage(context, text, { status: context.status, code: String(out["error"]) });
};

const login = (): Prompt[] => {
  const policy = basePolicy();
  policy
    .find(({ name }) => name === "login")
    ?.checks.add(
      new Check(
        "account_unusable",
        "the account logged in may not use this client",
        ({ oidc }) =>
          // Disabled since, or of another tenant.
          oidc?.session?.accountId !== undefined && oidc.entities.Account === undefined,
      ),
    );
  return policy;
};

/** What the library asks about clients, people and resources. */
class Answers {
  readonly #options: ProviderOptions;
  /** What signs access tokens for as long as this provider is in place, as with ID tokens. */
  readonly #kid: string;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#kid = options.keys.current(accessTokenAlg).kid;
  }

  async findAccount(context: Context, accountId: string): Promise<Data | undefined> {
    const { clients, accounts } = this.#options;
    const account = await usableAccount(accounts, accountId, await clients.find(context.oidc?.client?.clientId ?? ""));
    if (account === undefined) return undefined;
    const { name, email, emailVerified } = account;
    return { accountId, claims: async () => ({ sub: accountId, name, email, email_verified: emailVerified }) };
  }

  /** The scopes of a resource for a client. A scope that the client may not ask for is refused, and without any it gets all that it may have. */
  async resource(context: Context, resource: string, { clientId }: Client): Promise<Data> {
    const { resources, clients } = this.#options;
    if (!resources.includes(resource)) throw new InvalidTarget("resource is not known");
    const { scopes = [], scopesDefault = scopes } = (await clients.find(clientId)) ?? {};
    const available = [...new Set([...scopes, ...oidcScopes])];
    const params = context.oidc?.params;
    const asked = typeof params?.["scope"] === "string" ? params["scope"].split(" ") : [];
    const unknown = asked.find((scope) => scope !== "" && !available.includes(scope));
    if (unknown !== undefined) throw new InvalidScope("requested scope is not allowed", unknown);
    const isRefresh = params?.["grant_type"] !== undefined && params["grant_type"] !== "client_credentials";
    if (params !== undefined && params["scope"] === undefined && !isRefresh && scopes.length > 0)
      params["scope"] = scopesDefault.join(" ");
    return {
      scope: (params?.["grant_type"] === "client_credentials" ? scopes : available).join(" "),
      audience: resource,
      accessTokenTTL: accessTokenSeconds,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: accessTokenAlg, kid: this.#kid } },
    };
  }

  async claims(_context: Context, token: Token): Promise<OwnClaims> {
    const { clients, accounts } = this.#options;
    const client = await clients.find(token.clientId);
    if (client === undefined) throw new Error(`the client ${token.clientId} is gone`);
    const { tenant, environment } = client;
    if (token.kind === "ClientCredentials") return { tenant, environment, roles: client.roles, gid: token.jti };
    const account = await usableAccount(accounts, token.accountId ?? "", client);
    if (account === undefined || token.grantId === undefined) throw new Error(`the account ${token.accountId} is gone`);
    const subject = account.subject === null ? {} : { subject: account.subject };
    return { tenant, environment, roles: account.roles, gid: token.grantId, ...subject };
  }

  /** A client is told about its own tokens; one that can prove who it is, such as a gateway, about all of its tenant's environment. */
  async mayIntrospect(_context: Context, client: Client, token: Token): Promise<boolean> {
    if (token.clientId === client.clientId) return true;
    if (client.clientAuthMethod === "none") return false;
    const [asking, asked] = [await this.#options.clients.find(client.clientId), await this.#options.clients.find(token.clientId)];
    const isOf = ({ tenant, environment }: OAuthClient, other: OAuthClient): boolean =>
      tenant === other.tenant && environment === other.environment;
    return asking !== undefined && asked !== undefined && isOf(asking, asked);
  }
}

/** Keys as the library takes them: what signs now comes first, since it takes the first that fits. */
const jwksOf = (keys: SigningKeys): Data => {
  const current = new Set([accessTokenAlg, idTokenAlg].map((alg) => keys.current(alg).kid));
  const ordered = keys.published().toSorted((a, b) => Number(current.has(b.kid)) - Number(current.has(a.kid)));
  return { keys: ordered.map(({ privateJwk, kid, alg }) => ({ ...privateJwk, kid, alg, use: "sig" })) };
};

const configurationOf = (options: ProviderOptions): Data => {
  const { issuer, resources, adapter, keys, cookies, nonceSecret } = options;
  const answers = new Answers(options);
  const isSecure = issuer.startsWith("https:");
  const cookie = { httpOnly: true, sameSite: "lax", secure: isSecure, signed: true };
  const cookieName = (name: string): string => `${isSecure ? "__Secure-" : ""}pons-oauth-${name}`;
  const signing = ["ES256", "EdDSA", "Ed25519"];
  return {
    adapter,
    jwks: jwksOf(keys),
    routes: paths,
    scopes: oidcScopes,
    responseTypes: ["code"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
    clientDefaults: {
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: idTokenAlg,
      token_endpoint_auth_method: "client_secret_basic",
    },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
    enabledJWA: {
      clientAuthSigningAlgValues: [...signing, "PS256"],
      idTokenSigningAlgValues: [idTokenAlg],
      userinfoSigningAlgValues: [idTokenAlg],
      dPoPSigningAlgValues: signing,
    },
    cookies: {
      names: { session: cookieName("session"), interaction: cookieName("step"), resume: cookieName("resume") },
      long: { ...cookie, path: "/oauth" },
      short: cookie,
      keys: cookies,
    },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: (_context: Context, origin: string, client: Client) =>
      client.clientAuthMethod === "none" && client.redirectUris.some((uri) => URL.parse(uri)?.origin === origin),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: answers.mayIntrospect.bind(answers) },
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, client: Client, token: Token) => token.clientId === client.clientId,
      },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true, nonceSecret },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => resources[0],
        useGrantedResource: async () => true,
        getResourceServerInfo: answers.resource.bind(answers),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context: Context, form: string) => {
          const target = context.oidc?.session?.state?.["postLogoutRedirectUri"];
          sendLogOutPage(context, form, typeof target === "string" ? { leadsTo: [target] } : {});
        },
        postLogoutSuccessSource: sendLoggedOutPage,
      },
    },
    interactions: {
      policy: login(),
      url: (_context: Context, { uid }: { readonly uid: string }) => `${interactionPath}${uid}`,
    },
    findAccount: answers.findAccount.bind(answers),
    extraTokenClaims: answers.claims.bind(answers),
    issueRefreshToken: async (_context: Context, client: Client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    // Access tokens are known by their grant alone, so with one of them ends all that the grant gave out.
    revokeGrantPolicy: () => true,
    renderError,
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: codeSeconds,
      ClientCredentials: accessTokenSeconds,
      Grant: grantSeconds,
      IdToken: accessTokenSeconds,
      Interaction: interactionSeconds,
      RefreshToken: ({ oidc }: Context) =>
        Math.max(1, Math.min(refreshSeconds, (oidc?.entities.Grant?.exp ?? Number.POSITIVE_INFINITY) - nowSeconds())),
      Session: sessionSeconds,
    },
    assertJwtClientAuthClaimsAndHeader: async (_context: Context, { exp }: { readonly exp?: unknown }) => {
      if (typeof exp === "number" && exp - nowSeconds() > assertionSecondsMax)
        throw new InvalidClientAuth("the assertion is good for too long");
    },
    fetch: async () => {
      throw new Error("the authorization server fetches nothing");
    },
  };
};

/** What every request passes: headers, our pages, and what the discovery document says of us. */
const around =
  (interactions: Interactions, provider: Provider) =>
  async (context: Context, next: () => Promise<void>): Promise<void> => {
    context.set("X-Content-Type-Options", "nosniff");
    // Not `no-referrer`, with which browsers send forms without their origin.
    context.set("Referrer-Policy", "same-origin");
    context.set("Content-Security-Policy", libraryPolicy);
    if (context.path.startsWith(interactionPath)) return interactions.answer(provider, context);
    await next();
    if (context.body === undefined && context.status === 404) {
      context.status = 404;
      context.body = { error: "not_found", error_description: "there is no such address" };
    }
    if (context.path === paths.jwks && context.status === 200) context.set("Cache-Control", "public, max-age=900");
    // Clients pay no heed to it (RFC 7009, 2.2), but some insist on JSON.
    if (context.path === paths.revocation && context.status === 200) context.body = {};
    if (context.oidc?.route === "discovery" && context.status === 200)
      context.body = { ...(context.body as Data), response_modes_supported: ["query", "form_post"] };
  };

export const createProvider = (options: ProviderOptions): Provider => {
  const { clients, state, onError } = options;
  const provider = new Provider(options.issuer, configurationOf(options));
  provider.proxy = true;
  provider.Client.prototype.compareClientSecret = async function (secret) {
    const client = await clients.find(this.clientId);
    return client?.isActive === true && (await client.secretCheck(secret));
  };
  provider.ReplayDetection.unique = (issuer, id, expiresAtSeconds) => {
    const name = new Bun.CryptoHasher("sha256").update(JSON.stringify([issuer, id])).digest("base64url");
    return state.saveOnce("ReplayDetection", name, expiresAtSeconds * 1_000);
  };
  provider.on("server_error", (_context, error) => onError(error));
  provider.on("error", onError);
  tellEvents(provider, { tell: options.onEvent, addressOf: options.addressOf });
  return provider.use(around(options.interactions, provider));
};
