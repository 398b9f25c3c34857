/** What a 401 says of how to authenticate. */
import type { Refusal } from "../../pipeline/refusal.ts";
import type { HttpExchange } from "./exchange.ts";

/** How to authenticate (RFC 6750 section 3, RFC 9449 section 7.1); where to learn of the authorization server (RFC 9728 section 5.1). */
export const challengeOf = ({ credentials, request, publicOrigin }: HttpExchange, { type }: Pick<Refusal, "type">): string => {
  const scheme = credentials.kind === "token" && credentials.scheme === "DPoP" ? "DPoP" : "Bearer";
  // A request whose Host is no host has no address of ours to be told.
  const metadata = URL.parse("/.well-known/oauth-protected-resource", publicOrigin ?? request.url)?.href;
  const error = type === "unauthenticated" ? "" : ', error="invalid_token"';
  return `${scheme} realm="pons"${metadata === undefined ? "" : `, resource_metadata="${metadata}"`}${error}`;
};
