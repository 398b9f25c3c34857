/**
 * Signed requests (RFC 9421): who signed, and that the body is the one that was signed. Whether the key is theirs, and the nonce new, is for the
 * pipeline to say.
 *
 *   400 invalid_header        headers that cannot be read, `details.reason` says why
 *   401 invalid_credentials   a signature that covers too little, is too old, from the future, …; `details.serverTime` is our clock, in seconds
 *   413 too_large             a body beyond the address's bound
 */
import type { Credentials } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import {
  checkContentDigest,
  checkSignature,
  isProblem,
  messageOf,
  type Origin,
  originOf,
  type ReadSignature,
  readSignature,
  type SignatureProblem,
} from "./signature/index.ts";
import { readContent } from "./body.ts";
import type { HttpExchange } from "./exchange.ts";

/** Headers that are no headers, rather than a signature that does not count. */
const malformed: ReadonlySet<SignatureProblem> = new Set([
  "signature_missing",
  "signature_malformed",
  "signature_too_large",
  "signature_ambiguous",
  "component_repeated",
  "component_unknown",
  "parameter_unknown",
  "digest_malformed",
]);

const refusalOf = (reason: SignatureProblem, nowMs: number): Refusal => {
  if (!malformed.has(reason)) return refuse("invalid_credentials", { details: { reason, serverTime: Math.floor(nowMs / 1000) } });
  return refuse("invalid_header", {
    details: { header: reason === "digest_malformed" ? "Content-Digest" : "Signature-Input", reason },
  });
};

/** What a signature is read with. */
export interface SignedReading {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** `example.com`, in lower case. */
  readonly baseDomain: string | undefined;
  /** Most bytes of a body. */
  readonly bytesMax: number;
}

/** Where callers reach us: as configured, whatever Host and X-Forwarded-* say; a host below the base domain is one of ours. */
const signedOrigin = (baseDomain: string | undefined, { request, headers, publicOrigin }: HttpExchange): Origin | undefined => {
  const configured = publicOrigin === undefined ? undefined : originOf(publicOrigin);
  if (configured === undefined) return originOf(request.url);
  const host = headers.get("host")?.toLowerCase();
  const isBelow = baseDomain !== undefined && host !== undefined && host.split(":")[0]?.endsWith(`.${baseDomain}`) === true;
  return isBelow ? originOf(`${configured.scheme}://${host}`) : configured;
};

/** By its headers the request has a body. */
const hasBody = ({ headers }: HttpExchange): boolean =>
  headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";

const credentialsOf = (read: ReadSignature): Credentials => ({
  kind: "signature",
  keyId: read.keyId,
  nonce: read.nonce,
  nonceUntilMs: read.nonceUntilMs,
  // Wrong, of another kind of key, of nobody's: all the same from outside.
  verify: (key) => (checkSignature(read, key) === undefined ? undefined : refuse("invalid_credentials")),
});

/** Reads the signature and the body of a request into the exchange, or says why it does not count. */
export const readSigned = async (
  exchange: HttpExchange,
  { nowMs, baseDomain, bytesMax }: SignedReading,
): Promise<Refusal | undefined> => {
  const refused = (reason: SignatureProblem): Refusal => refusalOf(reason, nowMs);
  const message = messageOf(exchange.request, signedOrigin(baseDomain, exchange));
  if (message === undefined) return refused("component_missing");
  const read = readSignature(message, { nowMs, hasBody: hasBody(exchange) });
  if (isProblem(read)) return refused(read.problem);
  const content = await readContent(exchange.request, bytesMax);
  if (!(content instanceof Uint8Array)) return content;
  if (content.length > 0 && !read.coversContent) return refused("coverage_insufficient");
  if (content.length > 0 || read.coversContent) {
    const digest = checkContentDigest(exchange.headers.get("content-digest"), content);
    if (digest !== undefined) return refused(digest.problem);
  }
  exchange.content = content;
  exchange.credentials = credentialsOf(read);
  return undefined;
};
