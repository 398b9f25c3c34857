/**
 * Signatures of webhooks. By Standard Webhooks 1.0.0 what is signed is `{id}.{timestamp}.{body}`, the timestamp in whole seconds; by HTTP Message Signatures
 * (RFC 9421) it is the request: method, address, media type, digest of the body (RFC 9530), id and timestamp.
 *
 *   hmac            v1    HMAC-SHA256, with 32 bytes that are shown to the receiver once: `whsec_` and their base64
 *   ed25519         v1a   Ed25519; the receiver is shown the public key: `whpk_` and the base64 of its 32 bytes
 *   httpSignature         RFC 9421 with Ed25519, in place of the header of Standard Webhooks
 *
 * While two keys overlap, a delivery has the signatures of both. Keys are not kept: each follows from the installation's secret, the webhook and a number
 * (`derive`).
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";

export const webhookSignings = ["hmac", "ed25519", "httpSignature"] as const;

export type WebhookSigning = (typeof webhookSignings)[number];

/** What a webhook's key is derived by; keys of a webhook are numbered from 1. */
export const webhookKeyLabel = (webhook: string, number: number): string => `webhook ${webhook} ${number}`;

/** The fixed beginning of an Ed25519 private key in PKCS #8 (RFC 8410 section 7); its 32 bytes follow. */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
const publicKeyBytes = 32;

const bytesOf = (derived: string): Buffer => Buffer.from(derived, "base64url");

const privateKeyOf = (derived: string): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Head, bytesOf(derived)]), format: "der", type: "pkcs8" });

/** The secret as its receiver is shown it. `derived`: 32 bytes, base64url. */
export const webhookSecret = (derived: string): string => `whsec_${bytesOf(derived).toString("base64")}`;

/** The public key as its receiver is shown it. */
export const webhookPublicKey = (derived: string): string => {
  const key = createPublicKey(privateKeyOf(derived)).export({ format: "der", type: "spki" });
  return `whpk_${key.subarray(-publicKeyBytes).toString("base64")}`;
};

/** Signs with one key. */
export interface WebhookSigner {
  /** Number of the key. */
  readonly number: number;
  /** The signature in base64. */
  sign(content: string): string;
}

/** A signer; making one of an Ed25519 key costs as much as signing, so it is kept. */
export const webhookSigner = (signing: WebhookSigning, number: number, derived: string): WebhookSigner => {
  if (signing === "hmac") {
    const secret = bytesOf(derived);
    return { number, sign: (content) => createHmac("sha256", secret).update(content).digest("base64") };
  }
  const key = privateKeyOf(derived);
  return { number, sign: (content) => sign(null, Buffer.from(content), key).toString("base64") };
};

/** What is sent. */
export interface WebhookMessage {
  readonly webhook: string;
  /** Of the delivery: the same however often it is sent. */
  readonly id: string;
  /** When it is sent; each attempt is signed anew. Milliseconds since the epoch. */
  readonly atMs: number;
  readonly url: string;
  readonly mediaType: string;
  readonly body: string;
}

type Headers = Readonly<Record<string, string>>;

const prefixes = { hmac: "v1", ed25519: "v1a" } as const;

/** RFC 9421 section 2.5: the lines that are signed, by their components. */
const httpSigned = (signers: readonly WebhookSigner[], message: WebhookMessage, headers: Headers): Headers => {
  const { webhook, atMs, url, mediaType, body } = message;
  const target = new URL(url);
  target.hash = "";
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const covered: readonly (readonly [string, string])[] = [
    ["@method", "POST"],
    ["@target-uri", target.href],
    ["content-type", mediaType],
    ["content-digest", digest],
    ...Object.entries(headers),
  ];
  const components = covered.map(([name]) => `"${name}"`).join(" ");
  const lines = covered.map(([name, value]) => `"${name}": ${value}\n`).join("");
  const signed = signers.map(({ number, sign: signBy }) => {
    const parameters = `(${components});created=${Math.floor(atMs / 1_000)};keyid="${webhook}/${number}";alg="ed25519"`;
    return { label: `key${number}`, parameters, signature: signBy(`${lines}"@signature-params": ${parameters}`) };
  });
  return {
    ...headers,
    "content-digest": digest,
    "signature-input": signed.map(({ label, parameters }) => `${label}=${parameters}`).join(", "),
    signature: signed.map(({ label, signature }) => `${label}=:${signature}:`).join(", "),
  };
};

/** The headers by which a receiver knows a delivery and who sent it. */
export const signWebhook = (signing: WebhookSigning, signers: readonly WebhookSigner[], message: WebhookMessage): Headers => {
  const { id, atMs, body } = message;
  const timestamp = String(Math.floor(atMs / 1_000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (signing === "httpSignature") return httpSigned(signers, message, headers);
  const content = `${id}.${timestamp}.${body}`;
  const signatures = signers.map((signer) => `${prefixes[signing]},${signer.sign(content)}`);
  return { ...headers, "webhook-signature": signatures.join(" ") };
};
