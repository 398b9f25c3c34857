/** What a channel found in a request, not yet judged. */
import type { MaybePromise } from "../../store/store.ts";
import type { Refusal } from "../refusal.ts";

/** A registered key that signatures are checked with: a shared secret for HMAC, or a public key. */
export type SigningKey =
  | { readonly algorithm: "hmac-sha256"; readonly secret: Uint8Array }
  /** SubjectPublicKeyInfo, DER. */
  | { readonly algorithm: "ed25519"; readonly publicKey: Uint8Array };

export type Credentials =
  | { readonly kind: "none" }
  /** An API key, as it stands. */
  | { readonly kind: "key"; readonly secret: string }
  /** An access token of OAuth 2: a JWT. */
  | {
      readonly kind: "token";
      readonly scheme: "Bearer" | "DPoP";
      readonly token: string;
      /** The DPoP header with what it is about: method and URL of the request, without query (RFC 9449). */
      readonly proof?: { readonly jwt: string; readonly method: string; readonly url: string };
      /** SHA-256 of the client's certificate, base64url (RFC 8705). */
      readonly certificate?: string;
      /** Path of the part of the installation at which it is shown, where tokens may be for that alone: `/bank/v2/mcp` (RFC 8707). */
      readonly resource?: string;
    }
  | { readonly kind: "basic"; readonly id: string; readonly secret: string }
  /** A browser's cookie. `csrf`: what the request shows against forgery; `isChange`: whether it has to. */
  | { readonly kind: "session"; readonly token: string; readonly csrf: string | null; readonly isChange: boolean }
  /**
   * A signed or sealed request, or a digest of a password that follows from the app's signing secret: `verify` checks it with the key registered under
   * `keyId`, whatever that key is; the nonce counts once. A digest covers nothing of the request: it counts as Basic does.
   */
  | {
      readonly kind: "signature" | "sealed" | "digest";
      readonly keyId: string;
      readonly nonce: string;
      /** Milliseconds since the epoch: until then the nonce is remembered. */
      readonly nonceUntilMs: number;
      verify(key: SigningKey): MaybePromise<Refusal | undefined>;
    }
  /** A client certificate that the listener has found good: SHA-256 of it, base64url. */
  | { readonly kind: "certificate"; readonly fingerprint: string }
  /** None: the installation works for an app of itself, such as for its webhooks. No channel makes them. */
  | { readonly kind: "app"; readonly id: string; readonly environment: string };

/** A text that is the same for the same credentials, and no secret: whose a job is. */
export const ownerOf = (credentials: Credentials): string | undefined => {
  const digest = (text: string): string => Bun.SHA256.hash(text, "base64url");
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "key":
      return digest(credentials.secret);
    case "token":
    case "session":
      return digest(`${credentials.kind} ${credentials.token}`);
    case "basic":
      return digest(`basic ${credentials.id} ${credentials.secret}`);
    case "signature":
    case "sealed":
    case "digest":
      return digest(`signature ${credentials.keyId}`);
    case "certificate":
      return digest(`certificate ${credentials.fingerprint}`);
    case "app":
      return digest(`app ${credentials.id} ${credentials.environment}`);
  }
};
