/**
 * The Idempotency-Key header: a structured-field string (draft-ietf-httpapi-idempotency-key-header), or, as most
 * clients in the field send it, the bare key. 1 to 255 printable ASCII characters; a bare key has no white space,
 * quote or comma. Never throws.
 */

/** A key, or why the header is refused (400 at the channel). */
export type IdempotencyKey = { readonly key: string } | { readonly error: "empty" | "too_long" | "malformed" };

const KEY_LENGTH_MAX = 255;
/** Quotes and escapes may double the length on the wire. */
const HEADER_LENGTH_MAX = 2 * KEY_LENGTH_MAX + 2;
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** `"8e03978e-40d5"` and `8e03978e-40d5` are the same key. */
export function parseIdempotencyKey(header: string): IdempotencyKey {
  const text = header.length > HEADER_LENGTH_MAX ? header : header.trim();
  if (text.length > HEADER_LENGTH_MAX) return { error: "too_long" };
  if (text === "") return { error: "empty" };
  const quoted = QUOTED.exec(text);
  if (quoted === null && !BARE.test(text)) return { error: "malformed" };
  const key = quoted === null ? text : (quoted[1] ?? "").replace(/\\(.)/g, "$1");
  if (key === "") return { error: "empty" };
  return key.length > KEY_LENGTH_MAX ? { error: "too_long" } : { key };
}
