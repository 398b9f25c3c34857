/** HTTP Message Signatures (RFC 9421), Content-Digest (RFC 9530) and sealed messages (RFC 7516). Pure: no knowledge of services, storage or who has which key. */
export { checkContentDigest, contentDigest } from "./content-digest.ts";
export { messageOf, originOf } from "./message.ts";
export type { Fields, Message, Origin, RequestMessage, ResponseMessage } from "./message.ts";
export { isProblem } from "./problem.ts";
export type { Problem, SignatureProblem } from "./problem.ts";
export { parseSealed, seal, sealingKey, unseal } from "./sealed-message.ts";
export type { SealedMessage } from "./sealed-message.ts";
export { ponsPolicy } from "./signature-policy.ts";
export type { SignaturePolicy } from "./signature-policy.ts";
export { isUsableKey } from "./signing-algorithm.ts";
export type { PublicKey, SecretKey, SigningAlgorithm, VerifyingKey } from "./signing-algorithm.ts";
export { checkSignature, readAnySignature, readSignature, verifySignature } from "./verify-signature.ts";
export type { ReadOptions, ReadSignature, UncheckedSignature, VerifyOptions } from "./verify-signature.ts";
