/**
 * Who calls: from what a channel found in a request to a caller, or a refusal. Everything that has to be known is in the directory, so that a call by a
 * known credential waits for nothing, and a credential, app, user, plan or tenant that changes is judged anew within a second, on every node.
 */
import type { Operation } from "../../contract/contract.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Call } from "../call.ts";
import { andThen } from "../condition.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { environmentOfKey, hashOfKey } from "./api-key.ts";
import { Attempts } from "./attempts.ts";
import type { Authentication, Caller } from "./caller.ts";
import type { Credentials, SigningKey } from "./credentials.ts";
import type { Directory, DirectoryRecord } from "./directory.ts";
import type {
  AppEntry,
  CertificateEntry,
  KeyEntry,
  PlanEntry,
  ProductEntry,
  SessionEntry,
  SignerEntry,
  SupportEntry,
  TenantEntry,
  UserEntry,
} from "./entries.ts";
import { coversOperation, isWithin } from "./match.ts";
import { tenantEnvironment } from "./realm.ts";
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

export interface IdentityOptions {
  readonly directory: Directory;
  readonly realmOf: (tenant: string, environment: string) => MaybePromise<number>;
  readonly placeOf: (realm: number) => MaybePromise<{ readonly tenant: string; readonly environment: string } | undefined>;
  readonly secrets: Secrets;
  readonly nonces?: NonceStore;
  readonly tokens?: TokenAuthority;
  /** Tenant of calls that name none and have no credentials. */
  readonly publicTenant?: string;
  /** Tenant of the installation's own staff. */
  readonly operatorTenant?: string;
  readonly clock?: () => number;
  /** Told of each use of a key or session that was found good. */
  readonly onUse?: (use: CredentialUse) => void;
}

export interface CredentialUse {
  readonly kind: "key" | "session";
  readonly id: string;
  readonly realm: number;
  readonly atMs: number;
}

/** What follows from a credential, before it is known for which service. */
interface Resolved {
  readonly base: Omit<Caller, "realm" | "roles" | "plan" | "priority">;
  /** Roles of the credential itself. */
  readonly roles: readonly string[];
  readonly app: DirectoryRecord | undefined;
  readonly isOwnedByUser: boolean;
  readonly deps: readonly DirectoryRecord[];
  readonly expiresMs: number;
  readonly ips: readonly string[] | null;
  readonly operations: readonly string[] | null;
  readonly use: Omit<CredentialUse, "atMs"> | undefined;
  readonly byService: Map<string, { readonly caller: Caller | Refusal; readonly deps: readonly DirectoryRecord[] }>;
}

const resolvedMax = 1_200_000;
const nobody: readonly DirectoryRecord[] = [];
const invalidCredentials = (): Refusal => refuse("invalid_credentials");
const isRefusal = (value: object): value is Refusal => "status" in value && "type" in value;
const msOf = (moment: string | null | undefined): number =>
  typeof moment === "string" ? Date.parse(moment) : Number.POSITIVE_INFINITY;

/** Roles that nobody is granted. */
const ungrantable = new Set(["anyone", "system"]);

/** Roles of a list that count in a service: `teller`, and `bank:teller` in the bank. Sorted, each once. */
export const rolesIn = (service: string, lists: readonly (readonly string[])[]): readonly string[] => {
  const roles = new Set<string>();
  for (const list of lists) {
    for (const role of list) {
      const [place = "", name] = role.split(":");
      const found = name === undefined ? place : place === service ? name : undefined;
      if (found !== undefined && !ungrantable.has(found)) roles.add(found);
    }
  }
  return [...roles].toSorted();
};

export class Identity {
  readonly directory: Directory;
  readonly #options: IdentityOptions;
  readonly #clock: () => number;
  readonly #attempts = new Attempts();
  readonly #resolved = new Map<string, Resolved>();
  /** A request's credentials are judged once, however many calls it makes. */
  readonly #judged = new WeakMap<Credentials, MaybePromise<Resolved | Refusal>>();

  constructor(options: IdentityOptions) {
    this.directory = options.directory;
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  /** The caller of a call, or why there is none. At once where everything is known. Throws `StoreError`. */
  callerOf(call: Call): MaybePromise<Caller | Refusal> {
    const { credentials, operation } = call;
    if (credentials.kind === "none") return this.#anonymous(call);
    return andThen(this.#resolve(credentials, call), (resolved): MaybePromise<Caller | Refusal> => {
      if (isRefusal(resolved)) return this.#failed(resolved, call);
      const barred = this.#barred(resolved, call);
      if (barred !== undefined) return barred;
      return andThen(this.#inService(resolved, operation), (caller): MaybePromise<Caller | Refusal> => {
        if (isRefusal(caller)) return caller;
        const { use } = resolved;
        if (use !== undefined) this.#options.onUse?.({ ...use, atMs: this.#clock() });
        if (call.actFor === undefined && (call.tenant === undefined || call.tenant === caller.tenant)) return caller;
        return this.#acting(caller, call);
      });
    });
  }

  /** The installation itself, in a tenant: for work that no caller asks for. */
  async systemCaller(tenant: string, environment: string): Promise<Caller> {
    const realm = await this.#options.realmOf(tenant, environment);
    return { tenant, environment, realm, app: null, user: null, subject: null, roles: ["system"], authentication: "system" };
  }

  /** The key that signatures of an app are checked with: `app_…` for live, `app_…/sandbox` for another environment. Several while keys overlap. */
  async signersOf(keyId: string): Promise<readonly { readonly signer: SignerEntry; readonly key: SigningKey }[]> {
    const [id = "", environment = "live"] = keyId.split("/");
    const app = await this.directory.get("app", id);
    const now = this.#clock();
    const { signers = [] } = (app?.value ?? {}) as Partial<AppEntry>;
    return signers
      .filter((signer) => signer.environment === environment && msOf(signer.expiresAt) > now)
      .map((signer) => ({ signer, key: this.#signingKey(signer) }));
  }

  #signingKey({ id, algorithm, publicKey }: SignerEntry): SigningKey {
    return algorithm === "ed25519"
      ? { algorithm, publicKey: Uint8Array.fromBase64(publicKey ?? "") }
      : { algorithm, secret: new TextEncoder().encode(this.#options.secrets.text(signingLabel(id))) };
  }

  #failed(refusal: Refusal, call: Call): Refusal {
    const address = call.peer?.address ?? call.address ?? "";
    return this.#attempts.failed(address, performance.now()) ?? refusal;
  }

  /** What limits the credential: its time, addresses, operations. */
  #barred({ expiresMs, ips, operations }: Resolved, call: Call): Refusal | undefined {
    if (this.#clock() >= expiresMs) return invalidCredentials();
    if (ips !== null && !isWithin(call.peer?.address ?? call.address ?? "", ips)) return refuse("address_not_allowed");
    const { service, name } = call.operation;
    if (operations !== null && !operations.some((pattern) => coversOperation(pattern, `${service}.${name}`)))
      return refuse("forbidden", { details: { operation: `${service}.${name}` } });
    return undefined;
  }

  #isCurrent(deps: readonly DirectoryRecord[]): boolean {
    for (const record of deps) if (!this.directory.isCurrent(record)) return false;
    return true;
  }

  #resolve(credentials: Exclude<Credentials, { kind: "none" }>, call: Call): MaybePromise<Resolved | Refusal> {
    if (credentials.kind === "key") {
      const hash = hashOfKey(credentials.secret);
      const known = this.#resolved.get(hash);
      if (known !== undefined && this.#isCurrent(known.deps)) return known;
      if (environmentOfKey(credentials.secret) === undefined) return invalidCredentials();
      return andThen(this.#key(hash), (resolved) => this.#keep(hash, resolved));
    }
    const judged = this.#judged.get(credentials);
    if (judged !== undefined) return judged;
    const judging = this.#judge(credentials, call);
    this.#judged.set(credentials, judging);
    return judging;
  }

  #judge(credentials: Exclude<Credentials, { kind: "none" | "key" }>, call: Call): MaybePromise<Resolved | Refusal> {
    switch (credentials.kind) {
      case "session":
        return this.#session(credentials);
      case "basic":
        return this.#basic(credentials);
      case "certificate":
        return this.#certificate(credentials.fingerprint);
      case "signature":
      case "sealed":
        return this.#signature(credentials);
      case "token":
        return this.#token(credentials, call);
    }
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
    const record = await this.directory.get("key", hash);
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
    const home = await this.directory.get("tenant", tenant);
    if (home !== undefined) {
      deps.push(home);
      if ((home.value as unknown as TenantEntry).status !== "active") return refuse("invalid_credentials");
    }
    let app: DirectoryRecord | undefined;
    if (appId?.startsWith("app_") === true) {
      app = await this.directory.get("app", appId);
      if (app === undefined) return invalidCredentials();
      deps.push(app);
      const entry = app.value as unknown as AppEntry;
      if (entry.status !== "active") return invalidCredentials();
      roles.push(...entry.roles);
      if (entry.owner !== null) {
        const owner = await this.directory.get("user", entry.owner);
        if (owner === undefined || (owner.value as unknown as UserEntry).status !== "active") return invalidCredentials();
        deps.push(owner);
      }
    }
    if (userId?.startsWith("usr_") === true) {
      const user = await this.directory.get("user", userId);
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
      },
      roles,
      app,
      isOwnedByUser: userId !== null,
      deps,
      expiresMs: found.expiresMs,
      ips: found.ips ?? null,
      operations: found.operations ?? null,
      use: found.use,
      byService: new Map(),
    };
  }

  /** The caller as he stands towards one service: roles and plan by his app's subscriptions, the realm by whose the service's rows are. */
  #inService(resolved: Resolved, { service, rowsOf }: Operation): MaybePromise<Caller | Refusal> {
    const known = resolved.byService.get(service);
    if (known !== undefined && this.#isCurrent(known.deps)) return known.caller;
    return this.#enter(resolved, service, rowsOf);
  }

  async #enter(resolved: Resolved, service: string, rowsOf: Operation["rowsOf"]): Promise<Caller | Refusal> {
    const { base, app } = resolved;
    const deps: DirectoryRecord[] = [];
    const roles = [resolved.roles];
    let plan: { readonly id: string; readonly priority: number } | undefined;
    for (const subscription of ((app?.value as Partial<AppEntry> | undefined)?.subscriptions ??
      nobody) as AppEntry["subscriptions"]) {
      if (subscription.environment !== base.environment) continue;
      const product = await this.directory.get("product", subscription.product);
      if (product === undefined) continue;
      deps.push(product);
      const { services, status } = product.value as unknown as ProductEntry;
      const part = services.find((one) => one.service === service);
      if (part === undefined || status !== "active") continue;
      roles.push(part.roles);
      const terms = await this.directory.get("plan", subscription.plan);
      if (terms === undefined) continue;
      deps.push(terms);
      const { priority } = terms.value as unknown as PlanEntry;
      if (plan === undefined || priority > plan.priority) plan = { id: subscription.plan, priority };
    }
    const realm = await this.#options.realmOf(base.tenant, rowsOf === "tenant" ? tenantEnvironment : base.environment);
    const caller: Caller = {
      ...base,
      roles: rolesIn(service, roles),
      realm,
      ...(plan === undefined ? {} : { plan: plan.id, priority: plan.priority }),
    };
    resolved.byService.set(service, { caller, deps });
    return caller;
  }

  #anonymous(call: Call): MaybePromise<Caller | Refusal> {
    const { operation } = call;
    if (!operation.roles.has("anyone")) return refuse("unauthenticated");
    if (call.tenant === undefined && call.host !== undefined) {
      const [host = ""] = call.host.toLowerCase().split(":");
      return andThen(this.directory.get("domain", host), (domain) =>
        this.#enterAnonymous(call, (domain?.value["tenant"] as string | undefined) ?? this.#options.publicTenant),
      );
    }
    return this.#enterAnonymous(call, call.tenant ?? this.#options.publicTenant);
  }

  #enterAnonymous(call: Call, tenant: string | undefined): MaybePromise<Caller | Refusal> {
    const { operation } = call;
    if (tenant === undefined) return refuse("unauthenticated");
    const enter = (): MaybePromise<Caller | Refusal> =>
      andThen(this.#options.realmOf(tenant, operation.rowsOf === "tenant" ? tenantEnvironment : "live"), (realm) => ({
        tenant,
        environment: "live",
        realm,
        app: null,
        user: null,
        subject: null,
        roles: ["anyone"],
        authentication: "anonymous",
        address: call.peer?.address ?? null,
      }));
    return andThen(this.directory.get("tenant", tenant), (home) => {
      // A tenant that is not there gets no realm: whoever names one must not make one.
      if (home === undefined && tenant !== this.#options.publicTenant) return refuse("unauthenticated");
      if (home !== undefined && (home.value as unknown as TenantEntry).status !== "active") return refuse("unauthenticated");
      return enter();
    });
  }

  /** Somebody who acts for another: for a row of his own tenant, or as the installation's staff within a tenant that lets them in. */
  async #acting(caller: Caller, call: Call): Promise<Caller | Refusal> {
    const { operation } = call;
    let acting = caller;
    if (call.tenant !== undefined && call.tenant !== caller.tenant) {
      if (caller.tenant !== (this.#options.operatorTenant ?? "pons") || caller.user === null) return refuse("forbidden");
      const access = await this.directory.get("support", `${caller.user} ${call.tenant}`);
      const entry = access?.value as unknown as SupportEntry | undefined;
      if (entry === undefined || msOf(entry.until) <= this.#clock()) return refuse("forbidden");
      const realm = await this.#options.realmOf(
        call.tenant,
        operation.rowsOf === "tenant" ? tenantEnvironment : caller.environment,
      );
      const { tenant, app, user } = caller;
      const actor = { tenant, app, user, reason: entry.reason };
      acting = { ...caller, tenant: call.tenant, realm, roles: rolesIn(operation.service, [entry.roles]), subject: null, actor };
    }
    if (call.actFor === undefined) return acting;
    const as = acting.roles.map((role) => operation.actFor[role]).find((role) => role !== undefined);
    if (as === undefined) return refuse("forbidden");
    const { tenant, app, user } = acting;
    const actor = acting.actor ?? { tenant, app, user, reason: call.actFor.reason };
    return { ...acting, roles: [as], subject: call.actFor.subject, actor };
  }

  async #session(credentials: Extract<Credentials, { kind: "session" }>): Promise<Resolved | Refusal> {
    const { token, csrf, isChange } = credentials;
    const record = await this.directory.get("session", hashOfKey(token));
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
    const app = await this.directory.get("app", appId);
    if (app === undefined) return invalidCredentials();
    const place = await this.#options.placeOf(app.owner);
    if (place === undefined) return invalidCredentials();
    const { authentication, key, expiresMs, deps = [] } = more;
    return this.#complete({
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
  }

  async #basic({ id, secret }: Extract<Credentials, { kind: "basic" }>): Promise<Resolved | Refusal> {
    const [appId = ""] = id.split("/");
    const hash = hashOfKey(secret);
    const app = await this.directory.get("app", appId);
    const { secrets = [] } = (app?.value ?? {}) as Partial<AppEntry>;
    const now = this.#clock();
    const found = secrets.find((one) => one.hash === hash && msOf(one.expiresAt) > now);
    if (found === undefined) return invalidCredentials();
    return this.#ofApp(appId, found.environment, { authentication: "basic", key: found.id, expiresMs: msOf(found.expiresAt) });
  }

  async #certificate(fingerprint: string): Promise<Resolved | Refusal> {
    const record = await this.directory.get("certificate", fingerprint);
    if (record === undefined) return invalidCredentials();
    const { id, app, environment, expiresAt } = record.value as unknown as CertificateEntry;
    return this.#ofApp(app, environment, { authentication: "certificate", key: id, expiresMs: msOf(expiresAt), deps: [record] });
  }

  async #signature(credentials: Extract<Credentials, { kind: "signature" | "sealed" }>): Promise<Resolved | Refusal> {
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
    const [appId = ""] = keyId.split("/");
    return this.#ofApp(appId, verified.environment, {
      authentication: kind,
      key: verified.id,
      expiresMs: msOf(verified.expiresAt),
    });
  }

  async #token(credentials: Extract<Credentials, { kind: "token" }>, _call: Call): Promise<Resolved | Refusal> {
    const { tokens } = this.#options;
    if (tokens === undefined) return invalidCredentials();
    const found = await tokens.verify(credentials);
    if (isRefusal(found)) return found;
    const deps: DirectoryRecord[] = [];
    if (found.grant !== null) {
      const grant = await this.directory.get("grant", found.grant);
      if (grant !== undefined) return invalidCredentials();
    }
    const { tenant, environment, app, user, subject, roles, scopes, expiresMs, issuedMs } = found;
    return this.#complete({
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
  }
}
