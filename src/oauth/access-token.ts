/**
 * Access tokens: JWTs of RFC 9068, signed with Ed25519, good for ten minutes at most.
 *
 *   { "typ": "at+jwt", "alg": "EdDSA", "kid": "…" }
 *   { "iss": "https://api.example.com", "aud": "https://api.example.com", "sub": "acc_…", "client_id": "app_…", "exp": …, "iat": …,
 *     "jti": "…", "gid": "…", "scope": "accounts:read", "tenant": "acme", "environment": "live", "roles": ["clerk"], "subject": "cus_…" }
 *
 * `gid` names the grant: a token is refused once its grant is revoked. An app that acts for itself has no grant, so there it is the token's own id.
 * Nothing of a token is stored; introspection and revocation read it from the token itself.
 */
import { verify } from "node:crypto";
import { accessTokenAlg, type SigningKeys } from "./signing-keys.ts";
import type { Payload } from "./state.ts";

/** Longest life, in seconds. */
export const accessTokenSeconds = 600;
/** With room for clocks that differ, and for the minute by which nodes let a token live longer for that reason. */
export const tokenMsMax = (accessTokenSeconds + 120) * 1_000;

const lengthMax = 8_192;

/** Members of a token that the library does not make. */
export interface OwnClaims {
  readonly tenant: string;
  readonly environment: string;
  readonly roles: readonly string[];
  readonly gid: string;
  readonly subject?: string;
}

/** Whether it could be a JWT: three parts. Random tokens have no dots. */
export const looksLikeJwt = (token: string): boolean => token.split(".").length === 3;

const decoded = (part: string): Payload | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Payload) : undefined;
  } catch {
    return undefined;
  }
};

/** The claims of a token of ours that is good now, whether or not its grant was revoked; undefined otherwise. */
export const claimsOf = (
  token: string,
  { keys, issuer, nowMs }: { readonly keys: Pick<SigningKeys, "byKid">; readonly issuer: string; readonly nowMs: number },
): Payload | undefined => {
  const [head, body, signature, more] = token.length <= lengthMax ? token.split(".") : [];
  if (head === undefined || body === undefined || signature === undefined || more !== undefined) return undefined;
  const header = decoded(head);
  if (header?.["typ"] !== "at+jwt" || header["alg"] !== accessTokenAlg || typeof header["kid"] !== "string") return undefined;
  const key = keys.byKid(header["kid"]);
  if (key === undefined || key.alg !== accessTokenAlg) return undefined;
  if (!verify(null, Buffer.from(`${head}.${body}`), key.publicKey, Buffer.from(signature, "base64url"))) return undefined;
  const claims = decoded(body);
  const expires = claims?.["exp"];
  return claims?.["iss"] === issuer && typeof expires === "number" && expires * 1_000 > nowMs ? claims : undefined;
};

const ownClaims = new Set(["tenant", "environment", "roles", "gid", "subject"]);

/** An app's own token, of no person's grant. */
export const isAppToken = (claims: Payload): boolean => claims["gid"] === claims["jti"];

/** The token as the library would have stored it, had it not been a JWT. */
export const storedToken = (claims: Payload): Payload => {
  const cnf = claims["cnf"] as { readonly jkt?: string } | undefined;
  const isApp = isAppToken(claims);
  return {
    kind: isApp ? "ClientCredentials" : "AccessToken",
    jti: claims["jti"],
    iat: claims["iat"],
    exp: claims["exp"],
    aud: claims["aud"],
    scope: claims["scope"],
    clientId: claims["client_id"],
    extra: Object.fromEntries(Object.entries(claims).filter(([name]) => ownClaims.has(name))),
    ...(isApp ? {} : { accountId: claims["sub"], grantId: claims["gid"] }),
    ...(cnf?.jkt === undefined ? {} : { jkt: cnf.jkt }),
  };
};
