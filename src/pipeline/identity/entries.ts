/**
 * What the control plane publishes in the directory, by kind. Values are JSON; moments are RFC 3339 in UTC; lists that are null do not limit.
 *
 *   kind          name                              value
 *   key           SHA-256 of the key, hex           KeyEntry
 *   app           id of the app                     AppEntry
 *   product       id of the product                 ProductEntry
 *   plan          id of the plan                    PlanEntry
 *   tenant        name of the tenant                TenantEntry
 *   user          id of the user                    UserEntry
 *   session       SHA-256 of the token, hex         SessionEntry
 *   certificate   SHA-256 of it, base64url          CertificateEntry
 *   grant         id of an OAuth grant              { revoked: true }
 *   issuer        issuer's URL                      IssuerEntry
 *   domain        host name                         { tenant, community }
 *   support       `${operator} ${tenant}`           SupportEntry
 *   policy        id of the policy                  {} (a change is told; policies are read by tenant)
 */
export interface KeyEntry {
  readonly id: string;
  readonly tenant: string;
  readonly environment: string;
  readonly app: string | null;
  readonly user: string | null;
  readonly subject: string | null;
  /** Roles granted to the key itself; those of its app's subscriptions are added. A role is of every service, or of one: `bank:teller`. */
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | null;
  /** Addresses and networks (CIDR) from which it may be used. */
  readonly ips: readonly string[] | null;
  /** Operations it may call: `bank.accounts.list`, `bank.accounts.*`, `bank.*`. */
  readonly operations: readonly string[] | null;
  readonly expiresAt: string | null;
}

export interface SignerEntry {
  /** Id of the key. */
  readonly id: string;
  readonly environment: string;
  readonly algorithm: "hmac-sha256" | "ed25519";
  /** ed25519: SubjectPublicKeyInfo, DER, base64. hmac-sha256: null, the secret follows from the id (`signingSecret`). */
  readonly publicKey: string | null;
  readonly expiresAt: string | null;
}

export interface SecretEntry {
  readonly id: string;
  readonly environment: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  readonly expiresAt: string | null;
}

export interface AppEntry {
  readonly name: string;
  /** The user whose app it is; null: the tenant's own. */
  readonly owner: string | null;
  readonly status: "active" | "suspended";
  readonly subscriptions: readonly { readonly product: string; readonly plan: string; readonly environment: string }[];
  readonly signers: readonly SignerEntry[];
  /** For Basic, and as an OAuth client. */
  readonly secrets: readonly SecretEntry[];
  readonly roles: readonly string[];
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  /** Scopes it may ask for; null: any. */
  readonly scopes: readonly string[] | null;
  readonly isConfidential: boolean;
}

export interface ProductEntry {
  readonly status: "active" | "retired";
  readonly services: readonly { readonly service: string; readonly roles: readonly string[] }[];
}

/** What a limit counts by: the calls of one app, key, user, of the tenant, or of all that use the plan. */
export type LimitScope = "app" | "key" | "user" | "tenant" | "plan";

export interface PlanLimit {
  readonly name: string;
  readonly kind: "burst" | "rate" | "concurrency" | "quota" | "spend" | "payload";
  readonly limit: number;
  readonly windowSeconds: number;
  readonly period: "day" | "month" | null;
  readonly per: LimitScope;
  /** Operations it is for, as in a key; null: all. Each of them is counted by itself where `each` is true. */
  readonly operations: readonly string[] | null;
  readonly each: boolean;
}

export interface PlanEntry {
  readonly name: string;
  /** 0 … 9; the lowest is shed first. */
  readonly priority: number;
  readonly limits: readonly PlanLimit[];
  /** Units by operation, in place of the definition's. */
  readonly costs: Readonly<Record<string, number>>;
  /** Minor units of the plan's currency per unit; for spend caps. */
  readonly unitPrice: number;
}

export interface TenantEntry {
  readonly id: string;
  readonly status: "active" | "suspended";
}

export interface UserEntry {
  readonly email: string;
  readonly name: string;
  readonly status: "active" | "suspended";
  readonly roles: readonly string[];
  readonly subject: string | null;
  /** Raised to end all sessions and tokens that are older. */
  readonly sessionsAfter: string | null;
}

export interface SessionEntry {
  readonly id: string;
  readonly user: string;
  readonly environment: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly idleSeconds: number;
  readonly seenAt: string;
  readonly verifiedAt: string | null;
  /** Roles that count only once a second factor was shown are withheld. */
  readonly isLimited: boolean;
}

export interface CertificateEntry {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  readonly expiresAt: string | null;
}

export interface IssuerEntry {
  readonly audience: string;
  readonly jwksUri: string | null;
  readonly environment: string;
  readonly app: string | null;
  /** Names of claims. */
  readonly claims: { readonly subject: string; readonly roles: string | null; readonly scopes: string | null };
  /** Role of the issuer → roles here. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

export interface SupportEntry {
  readonly until: string;
  readonly reason: string;
  readonly roles: readonly string[];
}
