/** That a request is signed, and how one is to be signed. */
export const isSigned = (headers: Headers): boolean => headers.has("signature-input") || headers.has("signature");

/** The signature a request of this method needs (RFC 9421 section 5.1); it also has a `keyid` and a `nonce` of the signer's own. */
export const acceptSignature = (method: string): string =>
  `pons=("@method" "@target-uri"${method === "GET" ? "" : ' "content-digest"'});created;tag="pons"`;
