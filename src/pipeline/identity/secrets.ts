/**
 * Secrets that follow from the installation's own: whoever has the database alone has none of them. HMAC-SHA-256 of a label under a key made from the
 * installation's secret; 256 bits.
 */
import { createHmac } from "node:crypto";

export class Secrets {
  readonly #key: Buffer;

  constructor(installationSecret: string) {
    this.#key = createHmac("sha256", installationSecret).update("pons: derived secrets").digest();
  }

  /** 32 bytes; the same for the same label. */
  bytes(label: string): Buffer {
    return createHmac("sha256", this.#key).update(label).digest();
  }

  /** As text: 43 characters of base64url. */
  text(label: string): string {
    return this.bytes(label).toString("base64url");
  }
}

/** Label of the secret that an app signs with (RFC 9421, hmac-sha256) and seals with, by the id of its key. */
export const signingLabel = (keyId: string): string => `signing ${keyId}`;
