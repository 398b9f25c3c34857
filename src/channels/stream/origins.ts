/**
 * Which pages may open a connection. A browser lets any page open a WebSocket to anywhere and sends its cookies along, so that only the `Origin` it
 * names tells whose page it is (RFC 6455 section 10.2).
 *
 *   our own origin      welcome
 *   another one         only where some tenant's policy lets it call (`cors`), with credentials that the page itself has, never with a session's cookie
 *   none                no browser
 */
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { HttpExchange } from "../http/index.ts";

export type Origin = "own" | "foreign" | "none";

/** What the `Origin` of a request says. */
export const originOf = ({ headers, request, publicOrigin }: HttpExchange): Origin => {
  const origin = headers.get("origin");
  if (origin === null) return "none";
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return "foreign";
  const page = URL.parse(origin);
  if (page === null || page.origin !== origin) return "foreign";
  if (publicOrigin === undefined) return page.origin === URL.parse(request.url)?.origin ? "own" : "foreign";
  const own = URL.parse(publicOrigin);
  if (own === null || page.protocol !== own.protocol) return "foreign";
  // A host below the base domain is one of ours as well.
  return page.host === own.host || page.host === headers.get("host")?.toLowerCase() ? "own" : "foreign";
};

/** Why a page may not connect. */
export const refusedOrigin = (exchange: HttpExchange, allows: (origin: string) => boolean): Refusal | undefined => {
  const from = originOf(exchange);
  const isSession = exchange.credentials.kind === "session";
  if (from === "own") return undefined;
  if (isSession) return refuse("csrf_required", { details: { header: "Origin" } });
  if (from === "none" || allows(exchange.headers.get("origin") ?? "null")) return undefined;
  return refuse("forbidden", { details: { explanation: "No policy lets pages of this origin connect.", header: "Origin" } });
};
