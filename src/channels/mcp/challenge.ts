/**
 * What an agent is told that has to authenticate (RFC 6750 section 3, RFC 9728 section 5.1): where to learn of it, and which scope it lacks. A client that
 * has no token is told of no scope: it is given all that its app may have.
 */
import type { Refusal } from "../../pipeline/refusal.ts";
import { challengeOf, type HttpExchange } from "../http/index.ts";

const metadataPath = "/.well-known/oauth-protected-resource";

/** Path of a version's address, whichever way it was reached: the resource that tokens are for. */
export const resourcePath = ({ version }: HttpExchange): string => `/${version?.service ?? ""}/${version?.name ?? ""}/mcp`;

/** The header `WWW-Authenticate` of a refusal; undefined where it has none. */
export const challenge = (exchange: HttpExchange, refusal: Refusal): string | undefined => {
  if (refusal.status !== 401 && refusal.type !== "scope_required") return undefined;
  const metadata = URL.parse(`${metadataPath}${resourcePath(exchange)}`, exchange.publicOrigin ?? exchange.request.url)?.href;
  const where = metadata === undefined ? "" : `, resource_metadata="${metadata}"`;
  if (refusal.type === "scope_required")
    return `Bearer realm="pons"${where}, error="insufficient_scope", scope="${String(refusal.details?.["scope"])}"`;
  return challengeOf(exchange, refusal).replace(/, resource_metadata="[^"]*"/, where);
};
