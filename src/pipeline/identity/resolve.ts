/**
 * From credentials to what follows from them: the entries of key, app, user and tenant that are in force, or why there are none. What was found is
 * remembered as long as all of these entries are as they were.
 */
import type { MaybePromise } from "../../store/store.ts";
import { andThen } from "../condition.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { environmentOfKey, hashOfKey } from "./api-key.ts";
import type { Authentication, Caller } from "./caller.ts";
import type { Credentials, SigningKey } from "./credentials.ts";
import type { Dependent, Directory, DirectoryRecord } from "./directory.ts";
import type { AppEntry, CertificateEntry, KeyEntry, SessionEntry, SignerEntry, TenantEntry, UserEntry } from "./entries.ts";
import { type Secrets, signingLabel } from "./secrets.ts";
import { csrfOf } from "./session.ts";

/** Nonces of signed requests: each counts once, on all nodes together, also after a restart. */
export interface NonceStore {
  /** Whether it is used for the first time. */
  use(scope: string, nonce: string, untilMs: number): MaybePromise<boolean>;
}

/** What a verified access token says. */
export interface TokenIdentity {
  readonly tenant: string;
  readonly environment: string;
  readonly app: string | null;
  readonly user: string | null;
  readonly subject: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | null;
  /** The OAuth grant, where it is one of ours. */
  readonly grant: string | null;
  /** Issued at, milliseconds since the epoch. */
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** Verifies access tokens: our own, and those of other issuers. */
export interface TokenAuthority {
  verify(credentials: Extract<Credentials, { kind: "token" }>): MaybePromise<TokenIdentity | Refusal>;
}

export interface ResolverOptions {
  readonly directory: Directory;
  readonly placeOf: (realm: number) => MaybePromise<{ readonly tenant: string; readonly environment: string } | undefined>;
  readonly secrets: Secrets;
  readonly nonces?: NonceStore;
  readonly tokens?: TokenAuthority;
  readonly clock?: () => number;
}

export interface CredentialUse {
  readonly kind: "key" | "session";
  readonly id: string;
  readonly realm: number;
  readonly atMs: number;
}

/** What follows from a credential, before it is known for which service. */
export interface Resolved extends Dependent {
  readonly base: Omit<Caller, "realm" | "roles" | "plan" | "priority">;
  /** Roles of the credential and of its person. */
  readonly roles: readonly string[];
  /** Roles of the app itself; those of its products are added where it calls. */
  readonly appRoles: readonly string[];
  /** An app acts for a person: it may do what both may. */
  readonly isDelegated: boolean;
  readonly app: DirectoryRecord | undefined;
  readonly isOwnedByUser: boolean;
  readonly expiresMs: number;
  readonly ips: readonly string[] | null;
  readonly operations: readonly string[] | null;
  readonly use: Omit<CredentialUse, "atMs"> | undefined;
  /** Finds anew what follows, without what counts only once: a nonce, a proof. */
  readonly again?: () => Promise<Resolved | Refusal>;
  readonly byService: Map<string, Dependent & { readonly caller: Caller | Refusal }>;
}

const resolvedMax = 1_200_000;
export const invalidCredentials = (): Refusal => refuse("invalid_credentials");
export const isRefusal = (value: object): value is Refusal => "status" in value && "type" in value;
export const msOf = (moment: string | null | undefined): number =>
  typeof moment === "string" ? Date.parse(moment) : Number.POSITIVE_INFINITY;

export class Resolver {
  readonly #options: ResolverOptions;
  readonly #directory: Directory;
  readonly #clock: () => number;
  /** By a text that stands for the credential and is none. */
  readonly #resolved = new Map<string, Resolved>();
  readonly #signingKeys = new WeakMap<SignerEntry, SigningKey>();
  /** By what a token says, which is the same object as long as its verification is remembered. */
  readonly #byToken = new WeakMap<TokenIdentity, Resolved>();
  /** A request's credentials are judged once, however many calls it makes. */
  readonly #judged = new WeakMap<Credentials, MaybePromise<Resolved | Refusal>>();

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#directory = options.directory;
    this.#clock = options.clock ?? Date.now;
  }

  /** The key that signatures of an app are checked with: `app_…` for live, `app_…/sandbox` for another environment. Several while keys overlap. */
  async signersOf(keyId: string): Promise<readonly { readonly signer: SignerEntry; readonly key: SigningKey }[]> {
    const [id = "", environment = "live"] = keyId.split("/");
    const app = await this.#directory.get("app", id);
    const now = this.#clock();
    const { signers = [] } = (app?.value ?? {}) as Partial<AppEntry>;
    return signers
      .filter((signer) => signer.environment === environment && msOf(signer.expiresAt) > now)
      .map((signer) => ({ signer, key: this.#signingKey(signer) }));
  }

  /** The same object for the same entry: making one costs as much as checking with it. */
  #signingKey(signer: SignerEntry): SigningKey {
    let key = this.#signingKeys.get(signer);
    if (key === undefined) this.#signingKeys.set(signer, (key = this.#makeSigningKey(signer)));
    return key;
  }

  #makeSigningKey({ id, algorithm, publicKey }: SignerEntry): SigningKey {
    return algorithm === "ed25519"
      ? { algorithm, publicKey: Uint8Array.fromBase64(publicKey ?? "") }
      : { algorithm, secret: new TextEncoder().encode(this.#options.secrets.text(signingLabel(id))) };
  }

  /** Whether the entries that something follows from are still as they were read. */
  isCurrent(dependent: Dependent): boolean {
    return this.#directory.areCurrent(dependent);
  }

  /** What follows from credentials. At once where everything is known. Throws `StoreError`. */
  resolve(credentials: Exclude<Credentials, { kind: "none" }>): MaybePromise<Resolved | Refusal> {
    if (credentials.kind === "key") {
      const hash = hashOfKey(credentials.secret);
      const known = this.#resolved.get(hash);
      if (known !== undefined && this.isCurrent(known)) return known;
      if (environmentOfKey(credentials.secret) === undefined) return invalidCredentials();
      return andThen(this.#key(hash), (resolved) => this.#keep(hash, resolved));
    }
    const judged = this.#judged.get(credentials);
    if (judged === undefined) {
      const judging = this.#judge(credentials);
      this.#judged.set(credentials, judging);
      return judging;
    }
    return andThen(judged, (resolved) => {
      if (isRefusal(resolved) || this.isCurrent(resolved)) return resolved;
      // Something has changed since: what was shown counts on, what follows from it is found anew.
      const anew = resolved.again === undefined ? this.#judge(credentials) : resolved.again();
      this.#judged.set(credentials, anew);
      return anew;
    });
  }

  #judge(credentials: Exclude<Credentials, { kind: "none" | "key" }>): MaybePromise<Resolved | Refusal> {
    switch (credentials.kind) {
      case "session":
        return this.#session(credentials);
      case "basic":
        return this.#basic(credentials);
      case "certificate":
        return this.#certificate(credentials.fingerprint);
      case "signature":
      case "sealed":
      case "digest":
        return this.#signature(credentials);
      case "token":
        return this.#token(credentials);
      case "app":
        return this.#app(credentials);
    }
  }

  /** An app without a credential of its own. */
  async #app({ id, environment }: Extract<Credentials, { kind: "app" }>): Promise<Resolved | Refusal> {
    const app = await this.#directory.get("app", id);
    const place = app === undefined ? undefined : await this.#options.placeOf(app.owner);
    if (app === undefined || place === undefined) return invalidCredentials();
    return this.#complete({
      authentication: "app",
      tenant: place.tenant,
      environment,
      app: id,
      user: null,
      subject: null,
      key: null,
      scopes: null,
      roles: [],
      deps: [app],
      expiresMs: Number.POSITIVE_INFINITY,
    });
  }

  #keep(hash: string, resolved: Resolved | Refusal): Resolved | Refusal {
    if (isRefusal(resolved)) {
      this.#resolved.delete(hash);
      return resolved;
    }
    if (this.#resolved.size >= resolvedMax) this.#resolved.clear();
    this.#resolved.set(hash, resolved);
    return resolved;
  }

  async #key(hash: string): Promise<Resolved | Refusal> {
    const record = await this.#directory.get("key", hash);
    if (record === undefined) return invalidCredentials();
    const key = record.value as unknown as KeyEntry;
    return this.#complete({
      authentication: "key",
      tenant: key.tenant,
      environment: key.environment,
      app: key.app,
      user: key.user,
      subject: key.subject,
      key: key.id,
      scopes: key.scopes,
      roles: key.roles,
      deps: [record],
      expiresMs: msOf(key.expiresAt),
      ips: key.ips,
      operations: key.operations,
      use: { kind: "key", id: key.id, realm: record.owner },
    });
  }

  /** Adds what app, user and tenant say, and refuses where one of them is suspended or gone. */
  async #complete(found: {
    readonly authentication: Authentication;
    readonly tenant: string;
    readonly environment: string;
    readonly app: string | null;
    readonly user: string | null;
    readonly subject: string | null;
    readonly key: string | null;
    readonly scopes: readonly string[] | null;
    readonly roles: readonly string[];
    readonly verifiedAt?: string | null;
    readonly deps: readonly DirectoryRecord[];
    readonly expiresMs: number;
    readonly ips?: readonly string[] | null;
    readonly operations?: readonly string[] | null;
    readonly use?: Omit<CredentialUse, "atMs">;
    /** Issued at: what is older than the user's `sessionsAfter` no longer counts. */
    readonly issuedMs?: number;
  }): Promise<Resolved | Refusal> {
    const { app: appId, user: userId, tenant } = found;
    const deps = [...found.deps];
    let { subject } = found;
    const roles = [...found.roles];
    const appRoles: string[] = [];
    const home = await this.#directory.look("tenant", tenant);
    deps.push(home);
    if (!home.isAbsent) {
      if ((home.value as unknown as TenantEntry).status !== "active") return refuse("invalid_credentials");
    }
    let app: DirectoryRecord | undefined;
    if (appId?.startsWith("app_") === true) {
      app = await this.#directory.get("app", appId);
      if (app === undefined) return invalidCredentials();
      deps.push(app);
      const entry = app.value as unknown as AppEntry;
      if (entry.status !== "active") return invalidCredentials();
      appRoles.push(...entry.roles);
      if (entry.owner !== null) {
        const owner = await this.#directory.get("user", entry.owner);
        if (owner === undefined || (owner.value as unknown as UserEntry).status !== "active") return invalidCredentials();
        deps.push(owner);
      }
    }
    if (userId?.startsWith("usr_") === true) {
      const user = await this.#directory.get("user", userId);
      if (user === undefined) return invalidCredentials();
      deps.push(user);
      const entry = user.value as unknown as UserEntry;
      if (entry.status !== "active") return invalidCredentials();
      const after = msOf(entry.sessionsAfter);
      if (found.issuedMs !== undefined && after !== Number.POSITIVE_INFINITY && found.issuedMs < after)
        return invalidCredentials();
      roles.push(...entry.roles);
      subject ??= entry.subject;
    }
    const { authentication, environment, key, scopes, verifiedAt } = found;
    return {
      base: {
        tenant,
        environment,
        app: appId,
        user: userId,
        subject,
        key,
        scopes,
        authentication,
        ...(verifiedAt === undefined ? {} : { verifiedAt }),
        ...(typeof found.operations === "object" && found.operations !== null ? { operations: found.operations } : {}),
      },
      roles,
      appRoles,
      isDelegated: authentication === "token" && userId !== null && app !== undefined,
      app,
      isOwnedByUser: userId !== null,
      deps,
      checked: -1,
      expiresMs: found.expiresMs,
      ips: found.ips ?? null,
      operations: found.operations ?? null,
      use: found.use,
      byService: new Map(),
    };
  }

  async #session(credentials: Extract<Credentials, { kind: "session" }>): Promise<Resolved | Refusal> {
    const { token, csrf, isChange } = credentials;
    const record = await this.#directory.get("session", hashOfKey(token));
    if (record === undefined) return invalidCredentials();
    const session = record.value as unknown as SessionEntry;
    const idleUntil = msOf(session.seenAt) + session.idleSeconds * 1_000;
    if (this.#clock() >= Math.min(msOf(session.expiresAt), idleUntil)) return invalidCredentials();
    if (isChange && csrf !== csrfOf(token)) return refuse("csrf_required");
    const place = await this.#options.placeOf(record.owner);
    if (place === undefined) return invalidCredentials();
    const resolved = await this.#complete({
      authentication: "session",
      tenant: place.tenant,
      environment: session.environment,
      app: null,
      user: session.user,
      subject: null,
      key: session.id,
      scopes: null,
      roles: [],
      verifiedAt: session.verifiedAt,
      deps: [record],
      expiresMs: msOf(session.expiresAt),
      use: { kind: "session", id: session.id, realm: record.owner },
      issuedMs: msOf(session.createdAt),
    });
    if (isRefusal(resolved) || !session.isLimited) return resolved;
    return { ...resolved, roles: ["enrolling"] };
  }

  async #ofApp(
    appId: string,
    environment: string,
    more: {
      readonly authentication: Authentication;
      readonly key: string;
      readonly expiresMs: number;
      readonly deps?: readonly DirectoryRecord[];
    },
  ): Promise<Resolved | Refusal> {
    const app = await this.#directory.get("app", appId);
    if (app === undefined) return invalidCredentials();
    const place = await this.#options.placeOf(app.owner);
    if (place === undefined) return invalidCredentials();
    const { authentication, key, expiresMs, deps = [] } = more;
    const known = this.#resolved.get(`${authentication} ${key}`);
    if (known !== undefined && this.isCurrent(known)) return known;
    const resolved = await this.#complete({
      authentication,
      tenant: place.tenant,
      environment,
      app: appId,
      user: null,
      subject: null,
      key,
      scopes: null,
      roles: [],
      deps: [...deps, app],
      expiresMs,
      use: { kind: "key", id: key, realm: app.owner },
    });
    return this.#keep(`${authentication} ${key}`, resolved);
  }

  async #basic({ id, secret }: Extract<Credentials, { kind: "basic" }>): Promise<Resolved | Refusal> {
    const [appId = ""] = id.split("/");
    const hash = hashOfKey(secret);
    const app = await this.#directory.get("app", appId);
    const { secrets = [] } = (app?.value ?? {}) as Partial<AppEntry>;
    const now = this.#clock();
    const found = secrets.find((one) => one.hash === hash && msOf(one.expiresAt) > now);
    if (found === undefined) return invalidCredentials();
    return this.#ofApp(appId, found.environment, { authentication: "basic", key: found.id, expiresMs: msOf(found.expiresAt) });
  }

  async #certificate(fingerprint: string): Promise<Resolved | Refusal> {
    const record = await this.#directory.get("certificate", fingerprint);
    if (record === undefined) return invalidCredentials();
    const { id, app, environment, expiresAt } = record.value as unknown as CertificateEntry;
    return this.#ofApp(app, environment, { authentication: "certificate", key: id, expiresMs: msOf(expiresAt), deps: [record] });
  }

  async #signature(credentials: Extract<Credentials, { kind: "signature" | "sealed" | "digest" }>): Promise<Resolved | Refusal> {
    const { kind, keyId, nonce, nonceUntilMs } = credentials;
    const signers = await this.signersOf(keyId);
    // An unknown key costs as much as a wrong signature.
    const decoy: SigningKey = { algorithm: "hmac-sha256", secret: this.#options.secrets.bytes("nobody's signing key") };
    let refusal: Refusal | undefined = invalidCredentials();
    let verified: SignerEntry | undefined;
    if (signers.length === 0) await credentials.verify(decoy);
    for (const { signer, key } of signers) {
      refusal = await credentials.verify(key);
      if (refusal !== undefined) continue;
      verified = signer;
      break;
    }
    if (verified === undefined) return refusal ?? invalidCredentials();
    const { nonces } = this.#options;
    if (nonces === undefined || !(await nonces.use(keyId, nonce, nonceUntilMs)))
      return refuse("invalid_credentials", { details: { reason: "replayed" } });
    return this.#signed(kind === "digest" ? "basic" : kind, keyId, verified.id);
  }

  /** The app whose signature was found good, as long as its key is registered. */
  async #signed(kind: "signature" | "sealed" | "basic", keyId: string, signerId: string): Promise<Resolved | Refusal> {
    const registered = (await this.signersOf(keyId)).find(({ signer }) => signer.id === signerId)?.signer;
    if (registered === undefined) return invalidCredentials();
    const [appId = ""] = keyId.split("/");
    const { id, environment, expiresAt } = registered;
    const resolved = await this.#ofApp(appId, environment, { authentication: kind, key: id, expiresMs: msOf(expiresAt) });
    return isRefusal(resolved) ? resolved : { ...resolved, again: () => this.#signed(kind, keyId, signerId) };
  }

  async #token(credentials: Extract<Credentials, { kind: "token" }>): Promise<Resolved | Refusal> {
    const { tokens } = this.#options;
    if (tokens === undefined) return invalidCredentials();
    const found = await tokens.verify(credentials);
    return isRefusal(found) ? found : this.#ofToken(found);
  }

  /** What a token says that was found good. */
  async #ofToken(found: TokenIdentity): Promise<Resolved | Refusal> {
    const known = this.#byToken.get(found);
    if (known !== undefined && this.isCurrent(known)) return known;
    const deps: DirectoryRecord[] = [];
    if (found.grant !== null) {
      const grant = await this.#directory.look("grant", found.grant);
      if (!grant.isAbsent) return invalidCredentials();
      deps.push(grant);
    }
    const { tenant, environment, app, user, subject, roles, scopes, expiresMs, issuedMs } = found;
    const resolved = await this.#complete({
      authentication: "token",
      tenant,
      environment,
      app,
      user,
      subject,
      key: null,
      scopes,
      roles,
      deps,
      expiresMs,
      issuedMs,
    });
    if (isRefusal(resolved)) return resolved;
    const kept = { ...resolved, again: () => this.#ofToken(found) };
    this.#byToken.set(found, kept);
    return kept;
  }
}
