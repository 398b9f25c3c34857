/** Whose tokens are taken, and what they say about the caller. */
import type { IssuerKeys } from "./keys.ts";

/** Where a claim is: its name, or the names of the objects on the way to it: `["realm_access", "roles"]`. */
export type ClaimPath = string | readonly string[];

/** An issuer besides this installation, as a tenant has registered it. */
export interface ExternalIssuer {
  /** Compared exactly with `iss`; an https address. */
  readonly issuer: string;
  /** Absent: found by OpenID Connect Discovery. */
  readonly jwksUri?: string;
  /** One of the token's `aud` must be exactly this. */
  readonly audience: string;
  /** Where its tokens act: from here, never from the token. */
  readonly tenant: string;
  readonly environment: string;
  /** `typ` of its access tokens; default: `at+jwt`. Many issuers still write `JWT`. */
  readonly types?: readonly string[];
  /** The app its tokens act as; absent: what the claim says. */
  readonly app?: string;
  /** Defaults: `sub`, none, `scope`, `client_id`. `scopes: null`: its tokens are not limited by scopes. */
  readonly claims?: {
    readonly subject?: ClaimPath;
    readonly roles?: ClaimPath;
    readonly scopes?: ClaimPath | null;
    readonly app?: ClaimPath;
  };
  /** What the issuer calls a role → what it is called here. Others count for nothing. */
  readonly roleMap?: Readonly<Record<string, string | readonly string[]>>;
}

/** This installation as an issuer. */
export interface OwnIssuer {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  /** Whether a value of `aud` means this installation, or this tenant of it. */
  readonly isAudience: (audience: string, place: { readonly tenant: string; readonly environment: string }) => boolean;
}

/** What binds a token to whoever shows it (RFC 7800 section 3.1). */
export interface Confirmation {
  /** Thumbprint of a DPoP key (RFC 9449 section 6.1). */
  readonly jkt?: string;
  /** Thumbprint of a client certificate (RFC 8705 section 3.1). */
  readonly x5tS256?: string;
}

/** What a verified token says; nothing is looked up yet: whether grant, app and subject still exist is for the directory. */
export interface TokenIdentity {
  readonly ok: true;
  readonly kind: "own" | "external";
  readonly issuer: string;
  /** The account whose token it is; null for an app's own, and for other issuers' tokens. */
  readonly user: string | null;
  /** The row that the login stands for. */
  readonly subject: string | null;
  readonly app: string | null;
  readonly roles: readonly string[];
  /** null: not limited. */
  readonly scopes: readonly string[] | null;
  readonly tenant: string;
  readonly environment: string;
  /** `gid`: the grant a token came from, and ends with; null for other issuers' tokens. */
  readonly grant: string | null;
  /** The part of this installation that the token is for alone (RFC 8707), by its path: `/bank/v2/mcp`. null: all of it. */
  readonly resource: string | null;
  /** `jti`. */
  readonly tokenId: string | null;
  readonly cnf: Confirmation | undefined;
  /** Milliseconds since the epoch. */
  readonly issuedMs: number;
  readonly expiresMs: number;
}
