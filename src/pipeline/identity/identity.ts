/**
 * Who calls: from what a channel found in a request to a caller, or a refusal. Everything that has to be known is in the directory, so that a call by a
 * known credential waits for nothing, and a credential, app, user, plan or tenant that changes is judged anew within a second, on every node.
 */
import type { Operation } from "../../contract/contract.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Call } from "../call.ts";
import { andThen } from "../condition.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { Attempts } from "./attempts.ts";
import type { Caller } from "./caller.ts";
import type { SigningKey } from "./credentials.ts";
import type { Directory, DirectoryRecord } from "./directory.ts";
import type { AppEntry, PlanEntry, ProductEntry, SignerEntry, SupportEntry, TenantEntry } from "./entries.ts";
import { coversOneOf, isWithin } from "./match.ts";
import { tenantEnvironment } from "./realm.ts";
import { invalidCredentials, isRefusal, msOf, type Resolved, Resolver, type ResolverOptions } from "./resolve.ts";
import type { CredentialUse } from "./resolve.ts";
import { Standings } from "./standing.ts";

export type { CredentialUse, NonceStore, TokenAuthority, TokenIdentity } from "./resolve.ts";

export interface IdentityOptions extends ResolverOptions {
  readonly realmOf: (tenant: string, environment: string) => MaybePromise<number>;
  /** Tenant of calls that name none and have no credentials. */
  readonly publicTenant?: string;
  /** Tenant of the installation's own staff. */
  readonly operatorTenant?: string;
  /** Told of each use of a key or session that was found good. */
  readonly onUse?: (use: CredentialUse) => void;
}

/** Roles that nobody is granted. */
const ungrantable = new Set(["anyone", "system"]);

/**
 * Roles of lists that count in a service and an environment: `teller`, `bank:teller` in the bank, `bank:teller@live` there in the live environment.
 * Sorted, each once.
 */
export const rolesIn = (service: string, environment: string, lists: readonly (readonly string[])[]): readonly string[] => {
  const roles = new Set<string>();
  for (const list of lists) {
    for (const granted of list) {
      const [role = "", where = environment] = granted.split("@");
      if (where !== environment) continue;
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
  readonly #resolver: Resolver;
  readonly #standings = new Standings();

  constructor(options: IdentityOptions) {
    this.directory = options.directory;
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#resolver = new Resolver(options);
  }

  /** The caller of a call, or why there is none. At once where everything is known. Throws `StoreError`. */
  callerOf(call: Call): MaybePromise<Caller | Refusal> {
    const { credentials } = call;
    if (credentials.kind === "none") return this.#anonymous(call);
    // Without a function for each call: most wait for nothing.
    const resolved = this.#resolver.resolve(credentials);
    return resolved instanceof Promise ? resolved.then((found) => this.#found(found, call)) : this.#found(resolved, call);
  }

  #found(resolved: Resolved | Refusal, call: Call): MaybePromise<Caller | Refusal> {
    // Nobody tries to find out by it.
    if (isRefusal(resolved)) return call.credentials.kind === "app" ? resolved : this.#failed(resolved, call);
    const nowMs = this.#clock();
    const barred = this.#barred(resolved, call, nowMs);
    if (barred !== undefined) return barred;
    const caller = this.#inService(resolved, call.operation);
    if (caller instanceof Promise) return caller.then((entered) => this.#entered(entered, resolved, call, nowMs));
    return this.#entered(caller, resolved, call, nowMs);
  }

  #entered(caller: Caller | Refusal, { use }: Resolved, call: Call, nowMs: number): MaybePromise<Caller | Refusal> {
    if (isRefusal(caller)) return caller;
    if (use !== undefined && call.isIdle !== true)
      this.#options.onUse?.({ kind: use.kind, id: use.id, realm: use.realm, atMs: nowMs });
    if (call.actFor === undefined && (call.tenant === undefined || call.tenant === caller.tenant)) return caller;
    return this.#acting(caller, call);
  }

  /** The installation itself, in a tenant: for work that no caller asks for. */
  async systemCaller(tenant: string, environment: string): Promise<Caller> {
    const realm = await this.#options.realmOf(tenant, environment);
    return { tenant, environment, realm, app: null, user: null, subject: null, roles: ["system"], authentication: "system" };
  }

  /** Keys that signatures of an app are checked with: `app_…` for live, `app_…/sandbox` for another environment; several while keys overlap. */
  signersOf(keyId: string): Promise<readonly { readonly signer: SignerEntry; readonly key: SigningKey }[]> {
    return this.#resolver.signersOf(keyId);
  }

  #failed(refusal: Refusal, call: Call): Refusal {
    const address = call.peer?.address ?? call.address ?? "";
    return this.#attempts.failed(address, performance.now()) ?? refusal;
  }

  /** What limits the credential: its time, addresses, operations. */
  #barred({ expiresMs, ips, operations }: Resolved, call: Call, nowMs: number): Refusal | undefined {
    if (nowMs >= expiresMs) return invalidCredentials();
    if (ips !== null && !isWithin(call.peer?.address ?? call.address ?? "", ips)) return refuse("address_not_allowed");
    if (operations !== null && !coversOneOf(operations, call.operation))
      return refuse("forbidden", { details: { operation: `${call.operation.service}.${call.operation.name}` } });
    return undefined;
  }

  /** The caller as he stands towards one service: roles and plan by his app's subscriptions, the realm by whose the service's rows are. */
  #inService(resolved: Resolved, { service, rowsOf }: Operation): MaybePromise<Caller | Refusal> {
    const known = resolved.byService.get(service);
    if (known !== undefined && this.#resolver.isCurrent(known)) return known.caller;
    return this.#enter(resolved, service, rowsOf);
  }

  async #enter(resolved: Resolved, service: string, rowsOf: Operation["rowsOf"]): Promise<Caller | Refusal> {
    const { base, app } = resolved;
    const deps: DirectoryRecord[] = [];
    const ofApp = [resolved.appRoles];
    let plan: { readonly id: string; readonly priority: number } | undefined;
    for (const subscription of (app?.value as Partial<AppEntry> | undefined)?.subscriptions ?? []) {
      if (subscription.environment !== base.environment) continue;
      const product = await this.directory.get("product", subscription.product);
      if (product === undefined) continue;
      deps.push(product);
      const { services, status } = product.value as unknown as ProductEntry;
      const part = services.find((one) => one.service === service);
      if (part === undefined || status !== "active") continue;
      ofApp.push(part.roles);
      const terms = await this.directory.get("plan", subscription.plan);
      if (terms === undefined) continue;
      deps.push(terms);
      const { priority } = terms.value as unknown as PlanEntry;
      if (plan === undefined || priority > plan.priority) plan = { id: subscription.plan, priority };
    }
    const realm = await this.#options.realmOf(base.tenant, rowsOf === "tenant" ? tenantEnvironment : base.environment);
    const own = rolesIn(service, base.environment, [resolved.roles]);
    const appSide = rolesIn(service, base.environment, ofApp);
    // An app that acts for a person may do what both may; by itself, what it and its credential may.
    const roles = resolved.isDelegated
      ? own.filter((role) => appSide.includes(role))
      : [...new Set([...own, ...appSide])].toSorted();
    const caller: Caller = {
      ...base,
      roles,
      realm,
      ...(plan === undefined ? {} : { plan: plan.id, priority: plan.priority }),
    };
    if (app !== undefined) this.#standings.note(caller, service, { app, deps });
    resolved.byService.set(service, { caller, deps, checked: -1 });
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
      acting = {
        ...caller,
        tenant: call.tenant,
        realm,
        roles: rolesIn(operation.service, caller.environment, [entry.roles]),
        subject: null,
        actor,
      };
    }
    if (call.actFor === undefined) return acting;
    const as = acting.roles.map((role) => operation.actFor[role]).find((role) => role !== undefined);
    if (as === undefined) return refuse("forbidden");
    const { tenant, app, user } = acting;
    const actor = acting.actor ?? { tenant, app, user, reason: call.actFor.reason };
    return { ...acting, roles: [as], subject: call.actFor.subject, actor };
  }
}
