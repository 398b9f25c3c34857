/** From claims to who calls. */
import { confirmationOf, momentAt, nameAt, namesAt, requiredNameAt, WrongClaim } from "./claims.ts";
import { refused, type TokenRefused } from "./fault.ts";
import type { JsonObject } from "./jws.ts";
import type { ExternalIssuer, TokenIdentity } from "./trust.ts";

const requiredMomentAt = (claims: JsonObject, name: "exp" | "iat"): number => {
  const moment = momentAt(claims, name);
  if (moment === undefined) throw new WrongClaim(name);
  return moment;
};

const registered = (claims: JsonObject, issuer: string) =>
  ({
    ok: true,
    issuer,
    issuedMs: requiredMomentAt(claims, "iat"),
    expiresMs: requiredMomentAt(claims, "exp"),
    tokenId: nameAt(claims, "jti"),
    resource: null,
  }) as const;

/**
 * A token of this installation says itself where it acts and as what (RFC 9068 section 2.2, and `tenant`, `environment`, `gid`, `subject`). An app's own
 * token has the app for its `sub`.
 */
export const ownIdentity = (claims: JsonObject, issuer: string): TokenIdentity | TokenRefused => {
  const cnf = confirmationOf(claims);
  if (cnf === "unknown") return refused("confirmation");
  const [sub, app] = [requiredNameAt(claims, "sub"), requiredNameAt(claims, "client_id")];
  return {
    ...registered(claims, issuer),
    kind: "own",
    user: sub === app ? null : sub,
    subject: nameAt(claims, "subject"),
    // A client is an app in one of its environments: `app_…/sandbox`.
    app: app.split("/")[0] ?? app,
    roles: namesAt(claims, "roles"),
    // Without a scope it is not limited: what its roles allow.
    scopes: claims["scope"] === undefined ? null : namesAt(claims, "scope"),
    tenant: requiredNameAt(claims, "tenant"),
    environment: requiredNameAt(claims, "environment"),
    grant: requiredNameAt(claims, "gid"),
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
  const { subject = "sub", roles, scopes = "scope", app = "client_id" } = trusted.claims ?? {};
  return {
    ...registered(claims, trusted.issuer),
    kind: "external",
    user: null,
    subject: nameAt(claims, subject),
    app: trusted.app ?? nameAt(claims, app),
    roles: roles === undefined ? [] : mappedRoles(namesAt(claims, roles), trusted),
    scopes: scopes === null ? null : namesAt(claims, scopes),
    tenant: trusted.tenant,
    environment: trusted.environment,
    grant: null,
    cnf,
  };
};
