/**
 * Why a token, a proof or a certificate does not count. All are 401 to the caller, besides `keys_unavailable`, which is 503: then nobody can tell.
 * A fault says what is wrong with what the caller holds already, nothing about what is kept here.
 */
import { type Refusal, refuse } from "../../refusal.ts";

export const tokenFaults = {
  too_large: "The token is larger than allowed.",
  malformed: "The token is no JWS in compact form.",
  encrypted: "Encrypted tokens are not accepted.",
  critical_header: "The token has critical extensions, none of which is understood.",
  algorithm: "The token's algorithm is not accepted for its key.",
  type: "The token is no access token.",
  issuer: "The token's issuer is not trusted here.",
  audience: "The token is for another audience.",
  unknown_key: "The issuer has no key of this id.",
  signature: "The signature is wrong.",
  expired: "The token has expired.",
  not_yet_valid: "The token is not valid yet.",
  claims: "The token lacks claims, or has them in the wrong form.",
  keys_unavailable: "The issuer's keys cannot be had now.",
  confirmation: "The token is bound to a proof that is not known here.",
  bound: "The token is bound to a key: it needs the DPoP scheme and a proof.",
  not_bound: "The token is bound to no key: the DPoP scheme is not for it.",
  proof_missing: "A DPoP proof is missing.",
  proof: "The DPoP proof is wrong.",
  proof_target: "The DPoP proof is for another method or address.",
  proof_stale: "The DPoP proof is too old or from the future.",
  proof_replayed: "The DPoP proof was used before.",
  proof_token: "The DPoP proof is for another token or by another key.",
  certificate_missing: "The token is bound to a client certificate, and none was shown.",
  certificate: "The token is bound to another client certificate.",
} as const;

export type TokenFault = keyof typeof tokenFaults;

export interface TokenRefused {
  readonly ok: false;
  readonly fault: TokenFault;
}

export const refused = (fault: TokenFault): TokenRefused => ({ ok: false, fault });

const retrySeconds = 5;

/** The refusal of a call with such a token. */
export const refusalOf = ({ fault }: TokenRefused): Refusal =>
  fault === "keys_unavailable"
    ? refuse("unavailable", { retryAfter: retrySeconds })
    : refuse("invalid_credentials", { details: { reason: fault, explanation: tokenFaults[fault] } });

/** Faults of the proof and not of the token (RFC 9449 section 7.1). */
const isOfProof = (fault: TokenFault): boolean => fault.startsWith("proof");

/**
 * The value of `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1):
 * `Bearer error="invalid_token", error_description="The token has expired.", resource_metadata="https://…"`.
 *
 * `metadata` is the address of the protected resource's metadata (RFC 9728 section 5.1).
 */
export const challengeOf = ({ fault }: TokenRefused, options: { readonly metadata?: string } = {}): string => {
  const isDpop = isOfProof(fault) || fault === "bound";
  const error = isOfProof(fault) ? "invalid_dpop_proof" : "invalid_token";
  return [
    `${isDpop ? "DPoP" : "Bearer"} error="${error}", error_description="${tokenFaults[fault]}"`,
    ...(isDpop ? [`algs="EdDSA Ed25519 ES256 PS256 RS256"`] : []),
    ...(options.metadata === undefined ? [] : [`resource_metadata="${options.metadata}"`]),
  ].join(", ");
};
