/** From claims to who calls. */
import { confirmationOf, momentAt, nameAt, namesAt, requiredNameAt, WrongClaim } from "./claims.ts";
import { type TokenRefused, refused } from "./fault.ts";
import type { JsonObject } from "./jws.ts";
import type { ExternalIssuer, TokenIdentity } from "./trust.ts";

const registered = (claims: JsonObject, issuer: string) => {
  const expiresMs = momentAt(claims, "exp");
  if (expiresMs === undefined) throw new WrongClaim("exp");
  return { ok: true, issuer, issuedMs: momentAt(claims, "iat"), expiresMs, tokenId: nameAt(claims, "jti") } as const;
};

/** A token of this installation says itself where it acts and as what (RFC 9068 section 2.2, and `tenant`, `environment`, `gid`). */
export const ownIdentity = (claims: JsonObject, issuer: string): TokenIdentity | TokenRefused => {
  const cnf = confirmationOf(claims);
  if (cnf === "unknown") return refused("confirmation");
  const identity = registered(claims, issuer);
  if (identity.issuedMs === undefined) throw new WrongClaim("iat");
  return {
    ...identity,
    kind: "own",
    subject: requiredNameAt(claims, "sub"),
    app: requiredNameAt(claims, "client_id"),
    roles: namesAt(claims, "roles"),
    scopes: namesAt(claims, "scope"),
    tenant: requiredNameAt(claims, "tenant"),
    environment: requiredNameAt(claims, "environment"),
    grantId: nameAt(claims, "gid"),
    cnf,
  };
};

const mappedRoles = (names: readonly string[], { roleMap = {} }: ExternalIssuer): readonly string[] => {
  const roles = names.flatMap((name) => (Object.hasOwn(roleMap, name) ? (roleMap[name] ?? []) : []));
  return [...new Set(roles)];
};

/** A token of another issuer says who calls; where and as what is as the tenant has registered it. */
export const externalIdentity = (claims: JsonObject, trusted: ExternalIssuer): TokenIdentity | TokenRefused => {
  const cnf = confirmationOf(claims);
  if (cnf === "unknown") return refused("confirmation");
  const paths = trusted.claims ?? {};
  return {
    ...registered(claims, trusted.issuer),
    kind: "external",
    subject: nameAt(claims, paths.subject ?? "sub"),
    app: nameAt(claims, paths.app ?? "client_id"),
    roles: paths.roles === undefined ? [] : mappedRoles(namesAt(claims, paths.roles), trusted),
    scopes: namesAt(claims, paths.scopes ?? "scope"),
    tenant: trusted.tenant,
    environment: trusted.environment,
    grantId: null,
    cnf,
  };
};
