/** Which credentials the request carries, and for whom its caller acts. Refusals: 400, 401 for an unknown scheme, 403 for forged changes. */
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { actingOf, credentialsOf, isInAddress } from "./credentials.ts";
import type { HttpExchange } from "./exchange.ts";
import { isSigned } from "./signature-offer.ts";

/** Puts what it finds into the exchange. */
export const identify = (exchange: HttpExchange): Refusal | undefined => {
  const { headers, path, query, caller } = exchange;
  if (isInAddress(path, query)) return refuse("credential_in_address");
  const origin = exchange.publicOrigin ?? originOf(exchange.request.url);
  const credentials = credentialsOf({
    method: exchange.request.method,
    headers,
    certificate: caller.certificate,
    url: `${origin}${path}`,
  });
  if ("status" in credentials) return credentials;
  // What signs stands in no other header; a session's cookie, which a browser adds by itself, does not count beside it.
  if (isSigned(headers) && (headers.has("authorization") || headers.has("x-api-key")))
    return refuse("invalid_header", {
      details: { explanation: "The request is signed and has a key as well.", header: "Signature-Input" },
    });
  exchange.credentials = credentials;
  if (headers.has("pons-tenant") || headers.has("pons-act-for")) {
    const acting = actingOf(headers);
    if ("status" in acting) return acting;
    exchange.tenant = acting.tenant;
    exchange.actFor = acting.actFor;
  }
  if (credentials.kind === "none") exchange.host = headers.get("host") ?? undefined;
  return undefined;
};

/** `http://127.0.0.1:3000` of a URL. */
const originOf = (url: string): string => {
  const from = url.indexOf("//") + 2;
  const end = url.indexOf("/", from);
  return end === -1 ? url : url.slice(0, end);
};
