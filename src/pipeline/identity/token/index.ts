/** Access tokens: of this installation and of others, bound to keys, to certificates or to nothing. */
export { AccessTokens, type ShownToken } from "./access-token.ts";
export { isCertificateHeader } from "./certificate-header.ts";
export { DpopVerifier, type NonceStore, type ProofContext } from "./dpop.ts";
export { challengeOf, refusalOf, type TokenFault, tokenFaults, type TokenRefused } from "./fault.ts";
export { isTokenText } from "./jws.ts";
export { type JsonWebKeySet, thumbprintOf } from "./key.ts";
export { type FoundKeys, type IssuerKeys, keysAtHand } from "./keys.ts";
export { keyLimits, tokenLimits } from "./limits.ts";
export { registeredIssuers, type RegisteredIssuersOptions } from "./registered-issuers.ts";
export { type FetchDocument, RemoteKeys, type RemoteKeysOptions } from "./remote-keys.ts";
export type { ClaimPath, Confirmation, ExternalIssuer, OwnIssuer, TokenIdentity } from "./trust.ts";
export { TokenVerifier, type TokenVerifierOptions } from "./verifier.ts";
