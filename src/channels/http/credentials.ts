/**
 * Credentials of a request, as WIRE.md lists them. Whether they are any good is for the pipeline to say.
 *
 *   Authorization: Bearer pons_…      API key, also X-Api-Key: pons_…
 *   Authorization: Bearer <JWT>       access token of OAuth 2
 *   Authorization: DPoP <JWT>         the same, bound to the key that signed the DPoP header (RFC 9449)
 *   Authorization: Basic <id:secret>  id and secret of an app (RFC 7617)
 *   Cookie: __Host-pons=<token>       a browser's session; a change shows X-CSRF-Token as well
 *   a client certificate              where the listener has seen one
 *
 * What is explicit goes before what a browser sends by itself. Refusals: 400 invalid_header when two credentials contradict each other, 401 for a
 * scheme that is not served here.
 */
import type { Credentials } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { reasonOf } from "./reason.ts";

const none: Credentials = Object.freeze({ kind: "none" });
/** RFC 6750 section 2.1: b64token. A joined pair of two headers ("a, b") does not match. */
const schemed = /^(bearer|dpop) +([\w\-.~+/]+=*) *$/i;
const basicForm = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;
const keyText = /^[\w\-.~+/]+=*$/;
const jwtForm = /^[\w-]+\.[\w-]*\.[\w-]*$/;
const lengthMax = 8_192;

/** Name of the session's cookie: the prefix binds it to the host, to TLS and to the whole path. */
export const sessionCookie = "__Host-pons";
const tokenForm = /^[\w-]{43}$/;

/** Methods that change nothing. */
const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "QUERY"]);

/** Where headers are looked up: those of a request, or the metadata of a call. */
export type HeaderReader = Pick<Headers, "get">;

/** What of a request credentials may stand in. */
export interface Shown {
  readonly method: string;
  readonly headers: HeaderReader;
  /** SHA-256 of the client's certificate, base64url, where the listener has verified one. */
  readonly certificate?: string | undefined;
  /** Method and URL as a DPoP proof names them. */
  readonly url: string;
}

const contradictory = (header: string): Refusal =>
  refuse("invalid_header", { details: { explanation: "The request has two different keys, or a malformed one.", header } });

const invalidScheme = (): Refusal => refuse("invalid_credentials", { details: { scheme: "Bearer" } });

/** `id:secret` of a Basic header (RFC 7617: UTF-8, no control characters; the id has no colon). */
const basicOf = (encoded: string): Credentials | Refusal => {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(encoded));
  } catch {
    return contradictory("Authorization");
  }
  const colon = text.indexOf(":");
  if (colon === -1 || /\p{Cc}/u.test(text)) return contradictory("Authorization");
  return { kind: "basic", id: text.slice(0, colon), secret: text.slice(colon + 1) };
};

const tokenOf = (scheme: "Bearer" | "DPoP", token: string, shown: Shown): Credentials => {
  const { certificate, headers, method, url } = shown;
  const proof = headers.get("dpop");
  return {
    kind: "token",
    scheme,
    token,
    ...(proof === null ? {} : { proof: { jwt: proof, method, url } }),
    ...(certificate === undefined ? {} : { certificate }),
  };
};

const authorized = (authorization: string, apiKey: string | null, shown: Shown): Credentials | Refusal => {
  const basic = basicForm.exec(authorization)?.[1];
  if (basic !== undefined) return apiKey === null ? basicOf(basic) : contradictory("X-Api-Key");
  const [, scheme = "", token] = schemed.exec(authorization) ?? [];
  if (token === undefined)
    return /^(?:bearer|dpop|basic)\b/i.test(authorization) ? contradictory("Authorization") : invalidScheme();
  if (apiKey !== null && apiKey !== token) return contradictory("X-Api-Key");
  if (scheme.toLowerCase() === "dpop") return tokenOf("DPoP", token, shown);
  return jwtForm.test(token) && token.includes(".") ? tokenOf("Bearer", token, shown) : { kind: "key", secret: token };
};

/** The value of the session's cookie; `undefined` when there is none. */
export const sessionOf = (cookies: string): string | undefined => {
  for (const part of cookies.split(";")) {
    const at = part.indexOf("=");
    if (at !== -1 && part.slice(0, at).trim() === sessionCookie) {
      const token = part.slice(at + 1).trim();
      return tokenForm.test(token) ? token : undefined;
    }
  }
  return undefined;
};

/** Whether a browser says that the request comes from a page of another site (Fetch Metadata). */
const isForeign = (headers: HeaderReader): boolean => {
  const site = headers.get("sec-fetch-site");
  return site !== null && site !== "same-origin" && site !== "none";
};

/** Which credentials the request carries. */
export const credentialsOf = (shown: Shown): Credentials | Refusal => {
  const { headers, method, certificate } = shown;
  const authorization = headers.get("authorization");
  const apiKey = headers.get("x-api-key");
  if (authorization === null && apiKey === null) {
    const cookies = headers.get("cookie");
    const token = cookies === null ? undefined : sessionOf(cookies);
    if (token !== undefined) {
      const isChange = !safe.has(method);
      if (isChange && isForeign(headers)) return refuse("csrf_required");
      return { kind: "session", token, csrf: headers.get("x-csrf-token"), isChange };
    }
    return certificate === undefined ? none : { kind: "certificate", fingerprint: certificate };
  }
  if ((authorization?.length ?? 0) > lengthMax || (apiKey?.length ?? 0) > lengthMax) return contradictory("Authorization");
  if (apiKey !== null && !keyText.test(apiKey)) return contradictory("X-Api-Key");
  if (authorization === null) return { kind: "key", secret: apiKey as string };
  return authorized(authorization, apiKey, shown);
};

const keyInAddress = /pons_[a-z]{1,16}_[0-9A-Za-z]{38}/;
const credentialParameter = /(?:^|&)(?:access_token|api_?key|x-api-key|authorization|client_secret)=/i;

/** Whether a credential stands in the address, where it would be recorded on its way. */
export const isInAddress = (path: string, query: string): boolean =>
  (query !== "" && (credentialParameter.test(query) || keyInAddress.test(query))) ||
  (path.length > 40 && keyInAddress.test(path));

const tenantForm = /^[a-z][a-z0-9-]{0,62}$/;
const subjectForm = /^[A-Za-z0-9_-]{1,64}$/;

/** For whom the caller acts: `Pons-Tenant`, `Pons-Act-For` with `Pons-Reason`. Refusals: 400 invalid_header. */
export const actingOf = (
  headers: HeaderReader,
): { readonly tenant?: string; readonly actFor?: { readonly subject: string; readonly reason: string | null } } | Refusal => {
  const tenant = headers.get("pons-tenant");
  const subject = headers.get("pons-act-for");
  const why = headers.get("pons-reason");
  const reason = why === null ? null : reasonOf(why);
  if (tenant !== null && !tenantForm.test(tenant)) return refuse("invalid_header", { details: { header: "Pons-Tenant" } });
  if (subject !== null && !subjectForm.test(subject)) return refuse("invalid_header", { details: { header: "Pons-Act-For" } });
  if (reason === undefined) return refuse("invalid_header", { details: { header: "Pons-Reason" } });
  return { ...(tenant === null ? {} : { tenant }), ...(subject === null ? {} : { actFor: { subject, reason } }) };
};
