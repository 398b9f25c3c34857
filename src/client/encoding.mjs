// @ts-check
/** Bytes and text, by what browsers, Node and Bun have in common. */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** @param {string} text */
export const bytesOf = (text) => encoder.encode(text);

/**
 * Throws `TypeError` for bytes that are no UTF-8.
 *
 * @param {Uint8Array} bytes
 */
export const textOf = (bytes) => decoder.decode(bytes);

/** @param {Uint8Array} bytes */
export const base64Of = (bytes) => {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
};

/**
 * Base64 without padding, with `-` and `_` (RFC 4648 section 5).
 *
 * @param {Uint8Array} bytes
 */
export const base64UrlOf = (bytes) => base64Of(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/**
 * Throws `DOMException` for text that is none.
 *
 * @param {string} text
 */
export const fromBase64Url = (text) => {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
};

/** 128 random bits as text: good once. */
export const newNonce = () => base64UrlOf(crypto.getRandomValues(new Uint8Array(16)));

/**
 * A secret as bytes: text is taken as UTF-8, as it stands.
 *
 * @param {string | Uint8Array} secret
 */
export const secretBytes = (secret) => {
  const bytes = typeof secret === "string" ? bytesOf(secret) : new Uint8Array(secret);
  if (bytes.length < 32) throw new TypeError("the secret is shorter than 32 bytes");
  return bytes;
};
