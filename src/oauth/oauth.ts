/**
 * The authorization server: OAuth 2.1 and OpenID Connect 1.0.
 *
 *   const oauth = await createOAuth({ store, issuer: "https://api.example.com", secret, clients, accounts });
 *   const answer = oauth.handle(request, peer);   // undefined: not one of its addresses
 *   await oauth.close();
 *
 *   /.well-known/openid-configuration, /.well-known/oauth-authorization-server
 *   /oauth/authorize  /oauth/token  /oauth/par  /oauth/introspect  /oauth/revoke  /oauth/userinfo  /oauth/jwks  /oauth/logout
 *   /oauth/interaction/{uid}   the pages on which people log in and consent
 */
import { hkdfSync } from "node:crypto";
import type { Provider } from "oidc-provider/lib/provider.js";
import { atLeisure } from "../observe/at-leisure.ts";
import type { MaybePromise, Store } from "../store/index.ts";
import { claimsOf, looksLikeJwt, storedToken, tokenMsMax } from "./access-token.ts";
import type { OAuthAccounts } from "./account.ts";
import type { JsonWebKey, OAuthClient, OAuthClients } from "./client.ts";
import type { Door } from "./door.ts";
import type { OAuthEvent } from "./event.ts";
import { oauthPaths } from "./paths.ts";
import { SigningKeys, type SigningKeysOptions } from "./signing-keys.ts";
import { OidcState, type Payload } from "./state.ts";

export interface OAuthOptions extends Pick<SigningKeysOptions, "rotateMs" | "publishMs"> {
  /** With the tables of `oauthTables`. */
  readonly store: Store;
  /** Public origin: `https://api.example.com`, without a slash at the end. */
  readonly issuer: string;
  /** The installation's secret. */
  readonly secret: string;
  readonly clients: OAuthClients;
  readonly accounts: OAuthAccounts;
  /** What tokens may be meant for besides the issuer (RFC 8707), such as `https://api.example.com/mcp`. */
  readonly resources?: readonly string[];
  /** What a scope lets an app do, in a few words, as people are asked. */
  readonly describeScope?: (scope: string, client: OAuthClient) => string | undefined;
  /** Told when a grant has ended: its tokens have to be refused until `untilMs`. Waited for before the one who ended it is answered. */
  readonly onRevoked?: (grantId: string, untilMs: number) => MaybePromise<void>;
  /** Told of what happens. Must not throw. */
  readonly onEvent?: (event: OAuthEvent) => void;
  readonly onError?: (error: unknown) => void;
  /** Between two looks at what other nodes did with the keys. */
  readonly refreshMs?: number;
  /** Between two purges of what has expired. */
  readonly purgeMs?: number;
}

/** Who sent a request. */
export interface OAuthPeer {
  readonly address: string;
}

export interface OAuth {
  /** The answer, or undefined where the address is not one of the authorization server's. */
  handle(request: Request, peer: OAuthPeer): Promise<Response> | undefined;
  /** Keys that verify access tokens (EdDSA) and ID tokens (ES256), also those that are used only later. */
  publicKeys(): readonly JsonWebKey[];
  /** Whether tokens with this `gid` have to be refused; known within a second on every node. */
  isRevoked(grantId: string): Promise<boolean>;
  /** Ends a grant, such as when a person takes an app's access back. */
  revoke(grantId: string): Promise<void>;
  /** Ends all grants of an account and its sessions, or all of a client. */
  revokeAll(of: { readonly accountId: string } | { readonly clientId: string }): Promise<void>;
  /** New signing keys: used once they have been published for long enough, or at once when the old ones got into wrong hands. */
  rotateKeys(options?: { readonly compromised?: boolean }): Promise<void>;
  /** Removes what has expired; returns how many rows. */
  purge(): Promise<number>;
  close(): Promise<void>;
}

const bodyBytesMax = 65_536;
const refreshMsDefault = 5_000;
const purgeMsDefault = 5 * 60_000;

const discoveryPaths: ReadonlySet<string> = new Set([
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
]);
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "OPTIONS"]);
/** Endpoints that are given a token to look at, and that the library lets have random tokens only. */
const tokenPaths: ReadonlySet<string> = new Set([oauthPaths.introspection, oauthPaths.revocation]);

const failure = (status: number, error: string, description: string, headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json(
    { error, error_description: description },
    { status, headers: { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...headers } },
  );

/** The body, or undefined when it is longer than it may be; nothing is read of one that says so itself. */
const readBody = async (request: Request): Promise<Uint8Array | undefined> => {
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const isForm = (request: Request): boolean =>
  /^application\/x-www-form-urlencoded(?:;|$)/i.test(request.headers.get("content-type") ?? "");

/** A key of its own for each purpose. */
const derived = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", `pons oauth ${purpose}`, 32));

class OAuthServer implements OAuth {
  readonly #options: OAuthOptions;
  readonly #state: OidcState;
  readonly #keys: SigningKeys;
  #library: Promise<() => Provider> | undefined;
  #makeProvider: (() => Provider) | undefined;
  /** Requests under way, by the name under which the library sees them. */
  readonly #outside = new Map<string, { readonly request: Request; readonly address: string }>();
  /** Tokens of requests under way, by the name that stands for one. */
  readonly #tokens = new Map<string, Payload>();
  #door: Door | undefined;
  #current: { readonly keys: string; readonly answer: ReturnType<Provider["callback"]> } | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: OAuthOptions) {
    const { store, secret, onRevoked } = options;
    const onError = options.onError ?? (() => undefined);
    this.#options = options;
    this.#state = new OidcState(store, { tokenMsMax, ...(onRevoked === undefined ? {} : { onRevoked }) });
    this.#keys = new SigningKeys(store, {
      secret,
      tokenMsMax,
      onError,
      ...(options.rotateMs === undefined ? {} : { rotateMs: options.rotateMs }),
      ...(options.publishMs === undefined ? {} : { publishMs: options.publishMs }),
    });
  }

  async open(): Promise<void> {
    await this.#keys.refresh();
    atLeisure(() => this.#load(), this.#options.onError);
    this.#every(this.#options.refreshMs ?? refreshMsDefault, async () => {
      await this.#keys.refresh();
      this.#renew();
    });
    this.#every(this.#options.purgeMs ?? purgeMsDefault, () => this.purge());
  }

  handle(request: Request, peer: OAuthPeer): Promise<Response> | undefined {
    const { pathname } = new URL(request.url);
    return pathname.startsWith("/oauth/") || discoveryPaths.has(pathname) ? this.#answer(request, pathname, peer) : undefined;
  }

  publicKeys(): readonly JsonWebKey[] {
    return this.#keys.published().map(({ publicJwk, kid, alg }) => ({ ...publicJwk, kid, alg, use: "sig" }));
  }

  isRevoked(grantId: string): Promise<boolean> {
    return this.#state.isRevoked(grantId);
  }

  revoke(grantId: string): Promise<void> {
    return this.#state.revoke(grantId);
  }

  revokeAll(of: { readonly accountId: string } | { readonly clientId: string }): Promise<void> {
    return this.#state.revokeAll(of);
  }

  async rotateKeys(options: { readonly compromised?: boolean } = {}): Promise<void> {
    await this.#keys.rotate(options);
    this.#renew();
  }

  async purge(): Promise<number> {
    let removed = 0;
    for (let count = 1; count > 0 && !this.#isClosed;) {
      count = await this.#state.purgeStep();
      removed += count;
      // Others have the writer in between.
      await Bun.sleep(0);
    }
    return removed;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#isClosed = true;
    await Promise.all(this.#running);
    // What is still being loaded opens the door at its end.
    await this.#library?.catch(() => undefined);
    const door = this.#door;
    this.#door = undefined;
    await door?.close();
  }

  async #answer(request: Request, pathname: string, peer: OAuthPeer): Promise<Response> {
    if (!methods.has(request.method))
      return failure(405, "invalid_request", "no such method", { Allow: [...methods].join(", ") });
    const body = request.method === "POST" ? await readBody(request) : undefined;
    if (request.method === "POST" && body === undefined)
      return failure(413, "invalid_request", `a body may have ${bodyBytesMax} bytes`);
    const id = crypto.randomUUID();
    const address = peer.address;
    this.#outside.set(id, { request, address });
    const given = tokenPaths.has(pathname) && body !== undefined && isForm(request) ? await this.#withHandle(body) : undefined;
    try {
      await this.#load();
      const answer = await this.#door?.handOver({ request, body: given?.body ?? body, address, id });
      return answer ?? failure(503, "temporarily_unavailable", "too many requests at once", { "Retry-After": "1" });
    } catch (error) {
      this.#options.onError?.(error);
      return failure(503, "temporarily_unavailable", "no answer in time", { "Retry-After": "5" });
    } finally {
      this.#outside.delete(id);
      if (given !== undefined) this.#tokens.delete(given.handle);
    }
  }

  /** A form whose token is a JWT: a random name stands for it, which means nothing when the token is worth nothing. */
  async #withHandle(body: Uint8Array): Promise<{ readonly body: Uint8Array; readonly handle: string } | undefined> {
    const form = new URLSearchParams(Buffer.from(body).toString());
    const [token, more] = form.getAll("token");
    if (token === undefined || more !== undefined || !looksLikeJwt(token)) return undefined;
    const handle = crypto.randomUUID();
    const claims = this.#claimsOf(token);
    if (claims !== undefined) this.#tokens.set(handle, claims);
    form.set("token", handle);
    return { body: Buffer.from(form.toString()), handle };
  }

  #claimsOf(token: string): Payload | undefined {
    return claimsOf(token, { keys: this.#keys, issuer: this.#options.issuer, nowMs: Date.now() });
  }

  /** The stored form of an access token. One that is presented to us, at the userinfo endpoint, has to be meant for us. */
  async #tokenOf(kind: string, value: string): Promise<Payload | undefined> {
    const byHandle = this.#tokens.get(value);
    const claims = byHandle ?? (looksLikeJwt(value) ? this.#claimsOf(value) : undefined);
    if (claims === undefined || (byHandle === undefined && claims["aud"] !== this.#options.issuer)) return undefined;
    const { aud, ...token } = storedToken(claims);
    if (token["kind"] !== kind || (await this.#state.isRevoked(String(claims["gid"])))) return undefined;
    return byHandle === undefined ? token : { ...token, aud };
  }

  #outsideOf(id: string): { readonly request: Request; readonly address: string } {
    const outside = this.#outside.get(id);
    if (outside === undefined) throw new Error("a request that did not come in by the door");
    return outside;
  }

  /** The library and the door to it, once they are needed: to load them takes a quarter of the server's start. */
  async #load(): Promise<void> {
    if (this.#makeProvider !== undefined || this.#isClosed) return;
    this.#library ??= this.#loadLibrary();
    try {
      this.#makeProvider = await this.#library;
    } finally {
      this.#library = undefined;
    }
    this.#renew();
  }

  async #loadLibrary(): Promise<() => Provider> {
    const [{ providerMaker }, { Door, requestHeader }] = await Promise.all([import("./provider-maker.ts"), import("./door.ts")]);
    this.#door ??= await Door.open(new URL(this.#options.issuer), (request, response) =>
      this.#current?.answer(request, response),
    );
    return providerMaker({
      ...this.#options,
      state: this.#state,
      keys: this.#keys,
      derived: (purpose) => derived(this.#options.secret, purpose),
      tokenOf: (kind, value) => this.#tokenOf(kind, value),
      outside: (context) => this.#outsideOf(context.get(requestHeader)),
    });
  }

  /** Puts a provider with the present keys in place of one with others. Requests under way end at the one they began with. */
  #renew(): void {
    if (this.#makeProvider === undefined) return;
    const keys = JSON.stringify(this.#keys.published().map(({ kid, activeMs }) => [kid, activeMs <= Date.now()]));
    if (this.#current?.keys !== keys) this.#current = { keys, answer: this.#makeProvider().callback() };
  }

  /** Does something now and then, never twice at once; what fails is told and tried again the next time. */
  #every(ms: number, work: () => Promise<unknown>): void {
    let running: Promise<unknown> | undefined;
    const timer = setInterval(() => {
      if (running !== undefined) return;
      const done = work()
        .catch((error: unknown) => this.#options.onError?.(error))
        .finally(() => {
          this.#running.delete(done);
          running = undefined;
        });
      running = done;
      this.#running.add(done);
    }, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}

/** Opens the authorization server. Throws `StoreError`. */
export const createOAuth = async (options: OAuthOptions): Promise<OAuth> => {
  const server = new OAuthServer(options);
  await server.open();
  return server;
};
