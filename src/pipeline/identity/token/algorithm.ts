/**
 * Signature algorithms of tokens and proofs (RFC 7518 section 3, RFC 8037, RFC 9864). Asymmetric ones only: `none` and HMAC stand in no table, so that a
 * public key can never be taken for a secret (RFC 8725 section 3.1).
 */
import { constants, type KeyObject, verify } from "node:crypto";
import type { Jws } from "./jws.ts";

export const tokenAlgorithms = ["EdDSA", "Ed25519", "ES256", "RS256", "PS256"] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

export const isTokenAlgorithm = (value: unknown): value is TokenAlgorithm =>
  (tokenAlgorithms as readonly unknown[]).includes(value);

/** Ed25519 and P-256: r and s side by side (RFC 7518 section 3.4). */
const ellipticBytes = 64;
/** PS256: the salt is as long as the digest (RFC 7518 section 3.5). */
const saltBytes = 32;

const holds = (algorithm: TokenAlgorithm, key: KeyObject, { signed, signature }: Jws): boolean => {
  switch (algorithm) {
    case "EdDSA":
    case "Ed25519":
      return signature.length === ellipticBytes && verify(null, signed, key, signature);
    case "ES256":
      return signature.length === ellipticBytes && verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
    case "RS256":
      return verify("sha256", signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case "PS256":
      return verify("sha256", signed, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltBytes }, signature);
  }
};

/** Whether the key made the signature. The key must be of the algorithm's kind. */
export const isSignedBy = (algorithm: TokenAlgorithm, key: KeyObject, jws: Jws): boolean => {
  try {
    return holds(algorithm, key, jws);
  } catch {
    // A signature that the library cannot even read.
    return false;
  }
};
