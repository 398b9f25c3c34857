/**
 * The value of `"@query-param";name="…"` (RFC 9421 section 2.2.8): names and values are decoded as a form and encoded anew, so that
 * `with+plus` and `with%20plus` are the same.
 */

/** What encodeURIComponent leaves alone and the form's percent-encode set does not. */
const alsoEncoded = /[!'()~]/g;

/** `fa\u00e7ade ` → `fa%C3%A7ade%20`; undefined for lone surrogates, which no query can hold. */
export const encodeParameter = (text: string): string | undefined => {
  if (!text.isWellFormed()) return undefined;
  return encodeURIComponent(text).replace(alsoEncoded, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
};

/**
 * The encoded value of the one parameter with this encoded name. Undefined where there is none, and where there are several: a signature cannot
 * say which one it means.
 */
export const queryParameter = (query: string, encodedName: string): string | undefined => {
  let found: string | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (encodeParameter(name) !== encodedName) continue;
    if (found !== undefined) return undefined;
    found = encodeParameter(value);
  }
  return found;
};
