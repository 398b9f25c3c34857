/**
 * JWS in compact serialization (RFC 7515 section 7.1), parsed strictly and not yet believed:
 *
 *   parseJws("eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0.eyJzdWIiOiJhIn0.c2ln…")
 *   → { ok: true, jws: { header: { alg: "EdDSA", kid: "k1" }, claims: { sub: "a" }, signed, signature } }
 *
 * Refused: anything that is not three parts of unpadded base64url, text that is not UTF-8 or not an object of JSON, nesting beyond `depthMax`,
 * JWE (five parts, or `enc`), and `crit`, of which no extension is understood (section 4.1.11). Header members that name keys (`jku`, `jwk`, `x5u`,
 * `x5c`) are not read here.
 */
import { tokenLimits } from "./limits.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Jws {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** The bytes that are signed: header and payload as they came. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

export type JwsFault = "too_large" | "malformed" | "encrypted" | "critical_header";

export type ParsedJws = { readonly ok: true; readonly jws: Jws } | { readonly ok: false; readonly fault: JwsFault };

const compactForm = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const encryptedForm = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });

const fault = (fault: JwsFault): ParsedJws => ({ ok: false, fault });

/** Whether credentials look like a compact JWS, and thus are no key of ours: two dots. */
export const isTokenText = (text: string): boolean => {
  const first = text.indexOf(".");
  return first > 0 && text.includes(".", first + 1);
};

/** Whether no more than `depthMax` objects and lists of a JSON text stand within one another. Brackets in strings do not count. */
const isShallow = (text: string): boolean => {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) isInString = false;
    } else if (code === 0x22) isInString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > tokenLimits.depthMax) return false;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return true;
};

/** The object of JSON in a part; undefined when it is none. */
const objectOf = (part: string): JsonObject | undefined => {
  if (part.length % 4 === 1) return undefined;
  try {
    const text = utf8.decode(Buffer.from(part, "base64url"));
    if (!isShallow(text)) return undefined;
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
};

/** The bytes of a signature. Only the one text that encodes them counts, so that a token cannot be spelled in several ways. */
const signatureOf = (part: string): Uint8Array | undefined => {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : undefined;
};

/** Parses; believes nothing. */
export const parseJws = (text: string): ParsedJws => {
  if (text.length > tokenLimits.tokenBytesMax) return fault("too_large");
  const match = compactForm.exec(text);
  const [, headerPart, claimsPart, signaturePart] = match ?? [];
  if (headerPart === undefined || claimsPart === undefined || signaturePart === undefined)
    return fault(encryptedForm.test(text) ? "encrypted" : "malformed");
  const header = objectOf(headerPart);
  const signature = signatureOf(signaturePart);
  if (header === undefined || signature === undefined) return fault("malformed");
  if (Object.hasOwn(header, "enc")) return fault("encrypted");
  if (Object.hasOwn(header, "crit")) return fault("critical_header");
  const claims = objectOf(claimsPart);
  if (claims === undefined) return fault("malformed");
  const signed = Buffer.from(text.slice(0, headerPart.length + 1 + claimsPart.length), "latin1");
  return { ok: true, jws: { header, claims, signed, signature } };
};
