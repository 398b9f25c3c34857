/** What services and users import as "pons": the language, and tools for credentials. */
export * from "../define/index.ts";
export { effectOn, type PolicyEffect } from "../pipeline/policy-trial.ts";
export { hashOfKey, newApiKey, shownPrefix } from "../pipeline/identity/api-key.ts";
export { csrfOf, newSessionToken } from "../pipeline/identity/session.ts";
export { signingLabel } from "../pipeline/identity/secrets.ts";
export type * from "../pipeline/identity/entries.ts";
