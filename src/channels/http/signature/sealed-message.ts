/**
 * Sealed messages: JWE in compact form (RFC 7516) with `dir` and `A256GCM` and nothing else: no other algorithm, no compression, no critical or
 * unknown header. The key is HKDF-SHA-256 (RFC 5869) of an app's secret, without salt, for "pons sealed call".
 *
 *   eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiYXBwXzEifQ..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4.XFBoMYUZodetZdvT
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

/** A message whose form is sound; what is in it is not known yet. */
export interface SealedMessage {
  /** Whose key it is, where it says. */
  readonly kid: string | undefined;
  readonly header: string;
  readonly iv: Uint8Array;
  readonly text: Uint8Array;
  readonly tag: Uint8Array;
}

const headerLengthMax = 512;
const ivBytes = 12;
const tagBytes = 16;
const info = "pons sealed call";
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const base64Url = { alphabet: "base64url" } as const;
const unpadded = { alphabet: "base64url", omitPadding: true } as const;

/** The bytes of base64url; undefined for text that no encoder makes, so that one message has one form. */
const decode = (text: string): Uint8Array | undefined => {
  try {
    const bytes = Uint8Array.fromBase64(text, base64Url);
    return bytes.toBase64(unpadded) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** `{ "alg": "dir", "enc": "A256GCM" }`, with a `kid` or without; each name once. */
const headerOf = (encoded: string): { readonly kid: string | undefined } | undefined => {
  const bytes = encoded.length > headerLengthMax ? undefined : decode(encoded);
  if (bytes === undefined) return undefined;
  try {
    const text = decoder.decode(bytes);
    const header = JSON.parse(text) as unknown;
    if (typeof header !== "object" || header === null || Array.isArray(header)) return undefined;
    const { alg, enc, kid, ...more } = header as Record<string, unknown>;
    const isKnown = alg === "dir" && enc === "A256GCM" && (kid === undefined || typeof kid === "string");
    const named = text.match(/"(?:alg|enc|kid)"\s*:/g)?.length;
    if (!isKnown || Object.keys(more).length > 0 || named !== (kid === undefined ? 2 : 3)) return undefined;
    return { kid };
  } catch {
    return undefined;
  }
};

/** A compact JWE taken apart; undefined where it is none that we open. Bounded by the caller, who has it whole. */
export const parseSealed = (compact: string): SealedMessage | undefined => {
  const [header = "", encryptedKey, encodedIv = "", encodedText = "", encodedTag = "", ...rest] = compact.split(".", 6);
  if (encryptedKey !== "" || rest.length > 0) return undefined;
  const known = headerOf(header);
  const [iv, text, tag] = [encodedIv, encodedText, encodedTag].map(decode);
  if (known === undefined || iv?.length !== ivBytes || text === undefined || tag?.length !== tagBytes) return undefined;
  return { kid: known.kid, header, iv, text, tag };
};

/** The key that messages of a secret are sealed with. */
export const sealingKey = (secret: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, 32));

/** What is in a message; undefined where another key made it, or somebody changed it. */
export const unseal = (key: Uint8Array, { header, iv, text, tag }: SealedMessage): Uint8Array | undefined => {
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(header, "latin1"));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(text), decipher.final()]);
  } catch {
    return undefined;
  }
};

/** A message as a compact JWE. */
export const seal = (key: Uint8Array, kid: string, content: string | Uint8Array): string => {
  const header = Buffer.from(JSON.stringify({ alg: "dir", enc: "A256GCM", kid })).toString("base64url");
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(header, "latin1"));
  const text = Buffer.concat([cipher.update(typeof content === "string" ? Buffer.from(content) : content), cipher.final()]);
  return [header, "", ...[iv, text, cipher.getAuthTag()].map((bytes) => Buffer.from(bytes).toString("base64url"))].join(".");
};
