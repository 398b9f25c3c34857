/** The ratios to reach, as data. */

/** The part of its calls per CPU second that a server loses by its gate, on the same operation. */
export const taxTarget = { engines: ["sqlite", "postgres"], cases: ["get", "create"], atMost: 0.25 } as const;
/** Credentials of a known key to its caller, in SHA-256 of the key. */
export const keyTarget = { atMost: 2 } as const;
/** A signed request (RFC 9421, hmac-sha256) checked, in the HMAC itself. */
export const signatureTarget = { atMost: 4 } as const;
/** A JWT (EdDSA) checked, in its bare signature check. */
export const tokenTargets = { cold: { atMost: 1.5 }, remembered: { atMost: 0.1 } } as const;
/** CPU time of a call by any of many keys of many tenants, in that by one of few. */
export const scaleTolerance = 0.1;
