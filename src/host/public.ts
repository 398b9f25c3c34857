/** What services and users import as "pons": the language, and tools for credentials. */
export * from "../define/index.ts";
export {
  type BoxMark,
  type Mark,
  type PrintInfo,
  printLimits,
  printPdf,
  type ShapeMark,
  type Sheet,
  type TextMark,
} from "../contract/print/index.ts";
export {
  webhookKeyLabel,
  webhookPublicKey,
  webhookSecret,
  type WebhookSigning,
  webhookSignings,
} from "../events/webhooks/index.ts";
export { flawOfAddress, leadsInside, OutboundError } from "../outbound/index.ts";
export { message, type MessageParams } from "../pipeline/localize.ts";
export { effectOn, type PolicyEffect } from "../pipeline/policy-trial.ts";
export { hashOfKey, newApiKey, shownPrefix } from "../pipeline/identity/api-key.ts";
export { csrfOf, newSessionToken } from "../pipeline/identity/session.ts";
export {
  passkeyAnswer,
  type PasskeyCredential,
  passkeyCreation,
  passkeyRequest,
  type RelyingParty,
  verifyPasskeyCreation,
  verifyPasskeyUse,
} from "../pipeline/identity/passkey.ts";
export {
  flawOfPassword,
  hashPassword,
  type PasswordFlaw,
  passwordLengths,
  verifyPassword,
} from "../pipeline/identity/password.ts";
export { type ReadCertificate, readCertificate, readEd25519Key } from "../pipeline/identity/public-key.ts";
export { totpCode, totpEnrolment, totpStep, totpStepOf } from "../pipeline/identity/totp.ts";
export { signingLabel } from "../pipeline/identity/secrets.ts";
export type * from "../pipeline/identity/entries.ts";
