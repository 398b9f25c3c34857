/**
 * Verifies signed requests (RFC 9421 section 3.2), in two steps, because a key has to be looked up between them:
 *
 *   const read = readSignature(message, { nowMs, hasBody });   // who says it, and whether it may count at all
 *   checkSignature(read, key);                                 // undefined: it is theirs
 *
 * The digest of the body (`checkContentDigest`) and the nonce are for the caller to check: a signature says only that the header Content-Digest
 * is theirs, and that this is the nonce. The nonce comes last: who has no key must not use up the nonces of others.
 */
import { generateKeyPairSync } from "node:crypto";
import type { FieldType } from "./component.ts";
import type { Message, RequestMessage } from "./message.ts";
import { isProblem, type Problem, problem } from "./problem.ts";
import { signatureBase } from "./signature-base.ts";
import { readSignatureInput } from "./signature-input.ts";
import { checkPolicy, ponsPolicy, type SignaturePolicy } from "./signature-policy.ts";
import { checkBytes, type SigningAlgorithm, type VerifyingKey } from "./signing-algorithm.ts";

/** A signature whose base is known: what is left is its key. */
export interface UncheckedSignature {
  readonly label: string;
  readonly base: string;
  readonly signature: Uint8Array;
  /** What the signer says the algorithm is. */
  readonly algorithm: string | undefined;
}

export interface ReadSignature extends UncheckedSignature {
  readonly keyId: string;
  readonly nonce: string;
  /** It covers Content-Digest: without that it says nothing of a body. */
  readonly coversContent: boolean;
  /** Milliseconds since the epoch: so long the nonce has to be remembered. */
  readonly nonceUntilMs: number;
}

export interface ReadOptions {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** The request has content, be it of no bytes that anybody sees. */
  readonly hasBody: boolean;
  readonly policy?: SignaturePolicy;
}

/** Any signature of a message, whatever it covers and however old it is: for answers, and to judge by other rules. */
export const readAnySignature = (
  message: Message,
  { label = ponsPolicy.label, types }: { readonly label?: string; readonly types?: ReadonlyMap<string, FieldType> } = {},
): (UncheckedSignature & { readonly keyId: string | undefined }) | Problem => {
  const input = readSignatureInput(message.headers, message.kind, types === undefined ? { label } : { label, types });
  if (isProblem(input)) return input;
  const base = signatureBase(message, input.components, input.text);
  if (base === undefined) return problem("component_missing");
  const { label: name, signature, parameters } = input;
  return { label: name, base, signature, algorithm: parameters.alg, keyId: parameters.keyid };
};

/** The signature of a request that meets the policy, or why there is none. */
export const readSignature = (
  message: RequestMessage,
  { nowMs, hasBody, policy = ponsPolicy }: ReadOptions,
): ReadSignature | Problem => {
  const input = readSignatureInput(message.headers, "request", policy);
  if (isProblem(input)) return input;
  const accepted = checkPolicy(input, { policy, nowMs, hasBody });
  if (isProblem(accepted)) return accepted;
  const base = signatureBase(message, input.components, input.text);
  if (base === undefined) return problem("component_missing");
  return {
    label: input.label,
    base,
    signature: input.signature,
    algorithm: input.parameters.alg,
    keyId: accepted.keyId,
    nonce: accepted.nonce,
    coversContent: input.coverage.hasDigest,
    nonceUntilMs: accepted.untilSeconds * 1000,
  };
};

/** Keys that nobody has, not even we: of the second kind the private half is thrown away. */
const dummyKeys = {
  "hmac-sha256": { algorithm: "hmac-sha256", secret: crypto.getRandomValues(new Uint8Array(32)) },
  ed25519: {
    algorithm: "ed25519",
    publicKey: generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }),
  },
} as const satisfies Record<string, VerifyingKey>;

/** The key of nobody that a signature of this form is checked with where it has no other: what comes of it does not count. */
const dummyKeyFor = (signature: Uint8Array): VerifyingKey => dummyKeys[signature.length === 64 ? "ed25519" : "hmac-sha256"];

/** Whether a signature can be one of the algorithm, by its length. */
const hasForm = (signature: Uint8Array, algorithm: SigningAlgorithm): boolean => {
  switch (algorithm) {
    case "hmac-sha256":
      return signature.length === 32;
    case "ed25519":
    case "ecdsa-p256-sha256":
      return signature.length === 64;
    case "rsa-pss-sha512":
    case "rsa-v1_5-sha256":
      return true;
  }
};

/**
 * Undefined where the signature was made with the counterpart of `key`. The key's algorithm counts; what the signer says has to agree. How long it
 * takes follows from the signature's form and not from the key, so that time does not tell who has which key, nor whether anybody has.
 */
export const checkSignature = (
  { base, signature, algorithm }: Pick<UncheckedSignature, "base" | "signature" | "algorithm">,
  key: VerifyingKey,
): Problem | undefined => {
  const isAgreed = algorithm === undefined || algorithm === key.algorithm;
  const isPossible = isAgreed && hasForm(signature, key.algorithm);
  const isMade = checkBytes(isPossible ? key : dummyKeyFor(signature), base, signature);
  if (isPossible && isMade) return undefined;
  return problem(isAgreed ? "signature_wrong" : "algorithm_mismatch");
};

export interface VerifyOptions extends ReadOptions {
  /** The key registered under an id. */
  keyOf(keyId: string): VerifyingKey | undefined | Promise<VerifyingKey | undefined>;
}

/** Both steps at once. `key_unknown` takes as long as `signature_wrong`. */
export const verifySignature = async (message: RequestMessage, options: VerifyOptions): Promise<ReadSignature | Problem> => {
  const read = readSignature(message, options);
  if (isProblem(read)) return read;
  const key = await options.keyOf(read.keyId);
  const found = checkSignature(read, key ?? dummyKeyFor(read.signature));
  if (key === undefined) return problem("key_unknown");
  return found ?? read;
};
