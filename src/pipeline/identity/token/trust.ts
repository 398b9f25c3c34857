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
  /** Defaults: `sub`, none, `scope`, `client_id`. */
  readonly claims?: {
    readonly subject?: ClaimPath;
    readonly roles?: ClaimPath;
    readonly scopes?: ClaimPath;
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
  readonly subject: string | null;
  readonly app: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly tenant: string;
  readonly environment: string;
  /** `gid`: the consent a token came from; ended with it. */
  readonly grantId: string | null;
  /** `jti`. */
  readonly tokenId: string | null;
  readonly cnf: Confirmation | undefined;
  readonly issuedMs: number | undefined;
  readonly expiresMs: number;
}
