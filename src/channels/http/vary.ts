/**
 * What an answer of ours may depend on (RFC 9110 section 12.5.5), always the same text: a cache that knows one answer knows what the others differ by.
 * `Origin`, as a policy may name the one that is let in (Fetch standard, section 3.3.5).
 */
export const vary = "Accept, Accept-Language, Accept-Encoding, Prefer, Authorization, X-Api-Key, Cookie, Origin";
