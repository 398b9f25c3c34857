/** Bounds of access tokens and proofs. Every one is checked before the work it bounds. */
export const tokenLimits = {
  /** Longer tokens and proofs are refused unread: ten times what an issuer with many claims makes. */
  tokenBytesMax: 8_192,
  /** Objects and lists within one another, in a header or in claims. */
  depthMax: 8,
  /** Clocks of issuers and ours may differ by so much (RFC 7519 section 4.1.4: "no more than a few minutes"). */
  leewaySeconds: 60,
  /** Tokens remembered as verified. */
  rememberedMax: 20_000,
  /** So long at most is a token remembered, then it is verified again. */
  rememberedMsMax: 5 * 60_000,
  /** Characters of a `kid`, a `jti`, a subject, a role or a scope. */
  nameLengthMax: 255,
  /** Roles, scopes or audiences of a token. */
  namesMax: 200,
  /** A proof counts so long before and after the moment it names (RFC 9449 section 11.1). */
  proofSeconds: 60,
} as const;

/** Bounds of the keys of other issuers. */
export const keyLimits = {
  /** A document of keys or of discovery. */
  documentBytesMax: 64 * 1024,
  keysMax: 100,
  /** RSA: less is weak, more costs too much (RFC 8725 section 3.5). */
  rsaBitsMin: 2_048,
  rsaBitsMax: 8_192,
  /** How long a document of keys is believed: its `max-age` within these bounds. */
  freshMsMin: 60_000,
  freshMsMax: 60 * 60_000,
  freshMsDefault: 10 * 60_000,
  /** An issuer that cannot be reached: its last keys are used so much longer. */
  staleMsMax: 60 * 60_000,
  /** A key id that is not among the keys: they are fetched again, at most so often. */
  refetchMsMin: 30_000,
  /** After a fetch that failed, the next one. */
  retryMsMin: 5_000,
  /** Keys at hand are read again after so long. */
  atHandMsMax: 1_000,
  /** Issuers whose keys are held. */
  issuersMax: 1_000,
} as const;
