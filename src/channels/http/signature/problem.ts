/**
 * Why a signed request is not accepted. A value, never thrown. Which of them a caller may tell apart is for the channel to decide: a key that is
 * unknown and a signature that is wrong must look the same from outside.
 */
export type SignatureProblem =
  /** No Signature-Input or no Signature. */
  | "signature_missing"
  /** The headers are no structured fields, repeat a label or a parameter, or hold what RFC 9421 does not allow there. */
  | "signature_malformed"
  /** More signatures or more covered components than are looked at. */
  | "signature_too_large"
  /** Several signatures, and none or more than one that is meant for us. */
  | "signature_ambiguous"
  | "component_unknown"
  | "component_repeated"
  /** The message has no such field, or its value cannot stand in a signature base. */
  | "component_missing"
  /** What has to be covered is not. */
  | "coverage_insufficient"
  | "parameter_unknown"
  | "created_missing"
  | "created_too_old"
  | "created_in_future"
  | "signature_expired"
  | "nonce_missing"
  | "key_missing"
  | "key_unknown"
  /** The signature says one algorithm, the key is for another. */
  | "algorithm_mismatch"
  | "signature_wrong"
  /** There is a body and no Content-Digest. */
  | "digest_missing"
  | "digest_malformed"
  /** None of its algorithms is known, or only such as are broken. */
  | "digest_unknown"
  | "digest_mismatch";

/** A problem in one word, so that a result can be told from it. */
export interface Problem {
  readonly problem: SignatureProblem;
}

export const problem = (name: SignatureProblem): Problem => ({ problem: name });

export const isProblem = (value: object): value is Problem => "problem" in value;
