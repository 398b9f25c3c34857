/**
 * What Pons asks of a signature beyond RFC 9421 (section 3.2.1): that it covers what decides about the request, is fresh, and can be used once.
 */
import { type Problem, problem } from "./problem.ts";
import type { SignatureInput } from "./signature-input.ts";

export interface SignaturePolicy {
  /** Label, or tag, of the signature that counts where a message has several. */
  readonly label: string;
  /** How old `created` may be, seconds. */
  readonly ageSecondsMax: number;
  /** How far ahead of us the signer's clock may be, seconds. */
  readonly aheadSecondsMax: number;
}

export const ponsPolicy: SignaturePolicy = { label: "pons", ageSecondsMax: 300, aheadSecondsMax: 60 };

/** Lengths of what has to be kept for each signature, or looked up. */
const nonceLengthMax = 128;
const keyIdLengthMax = 256;

/** A signature that may be looked at further, with what it cannot do without. */
export interface Acceptable {
  readonly keyId: string;
  readonly nonce: string;
  /** Seconds since the epoch: from then on the signature is refused whatever its nonce. */
  readonly untilSeconds: number;
}

export const checkPolicy = (
  { coverage, parameters }: Pick<SignatureInput, "coverage" | "parameters">,
  { policy, nowMs, hasBody }: { readonly policy: SignaturePolicy; readonly nowMs: number; readonly hasBody: boolean },
): Acceptable | Problem => {
  const { created, expires, nonce, keyid } = parameters;
  if (created === undefined) return problem("created_missing");
  if (nonce === undefined || nonce.length === 0) return problem("nonce_missing");
  if (keyid === undefined || keyid.length === 0) return problem("key_missing");
  if (nonce.length > nonceLengthMax || keyid.length > keyIdLengthMax) return problem("signature_too_large");
  const isCovered = coverage.hasMethod && coverage.hasAddress && (coverage.hasDigest || !hasBody);
  if (!isCovered) return problem("coverage_insufficient");
  const now = nowMs / 1000;
  if (created > now + policy.aheadSecondsMax) return problem("created_in_future");
  if (created < now - policy.ageSecondsMax) return problem("created_too_old");
  if (expires !== undefined && expires <= now) return problem("signature_expired");
  const untilSeconds = created + policy.ageSecondsMax + 1;
  return { keyId: keyid, nonce, untilSeconds: expires === undefined ? untilSeconds : Math.min(untilSeconds, expires) };
};
