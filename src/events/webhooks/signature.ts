/**
 * Signatures of webhooks as Standard Webhooks 1.0.0 has them. What is signed is `{id}.{timestamp}.{body}`, the timestamp in whole seconds:
 *
 *   v1    HMAC-SHA256, with 32 bytes that are shown to the receiver once: `whsec_` and their base64
 *   v1a   Ed25519; the receiver is shown the public key: `whpk_` and the base64 of its 32 bytes
 *
 * While two keys overlap, a delivery has the signatures of both, separated by a space. Keys are not kept: each follows from the installation's secret, the
 * webhook and a number (`derive`).
 */
import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";

export const webhookSignings = ["hmac", "ed25519"] as const;

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

/** Signs deliveries with one key. */
export type WebhookSigner = (content: string) => string;

/** A signer; making one of an Ed25519 key costs as much as signing, so it is kept. */
export const webhookSigner = (signing: WebhookSigning, derived: string): WebhookSigner => {
  if (signing === "hmac") {
    const secret = bytesOf(derived);
    return (content) => `v1,${createHmac("sha256", secret).update(content).digest("base64")}`;
  }
  const key = privateKeyOf(derived);
  return (content) => `v1a,${sign(null, Buffer.from(content), key).toString("base64")}`;
};

export interface SignedHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/** The headers of a delivery. `atMs`: when it is sent; each attempt is signed anew. */
export const signWebhook = (
  signers: readonly WebhookSigner[],
  { id, atMs, body }: { readonly id: string; readonly atMs: number; readonly body: string },
): SignedHeaders => {
  const timestamp = String(Math.floor(atMs / 1_000));
  const content = `${id}.${timestamp}.${body}`;
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signers.map((signer) => signer(content)).join(" "),
  };
};
