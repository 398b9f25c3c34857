// @ts-check
/**
 * Sealed calls to a Pons server: the whole call and its answer as JWE (RFC 7516), which nobody on the way can read, by WebCrypto alone.
 *
 *   const sealer = await createSealer({ appId: "app_…", secret: "…" });
 *   const { body, jti } = await sealer.sealCall({ controller: "accounts", action: "read", id: "acc_…" });
 *   const response = await fetch(`${service}/call`, { method: "POST", body: JSON.stringify(body), headers });
 *   const { status, body: answer } = await sealer.openAnswer(await response.json(), jti);
 *
 * `dir` and `A256GCM`; the key is HKDF-SHA-256 of the app's signing secret, without salt, for `pons sealed call`.
 */
import { base64UrlOf, bytesOf, fromBase64Url, newNonce, secretBytes, textOf } from "./encoding.mjs";

/**
 * @typedef {object} SealedCall
 * @property {string} [controller] a resource: `accounts`; absent for functions that stand alone
 * @property {string} action `list`, `read`, `create`, `update`, `replace`, `delete`, or the name of a function
 * @property {string} [id] of the row
 * @property {Readonly<Record<string, string | readonly string[]>>} [query] parameters of a list, as in an address
 * @property {unknown} [data] what else would be the body
 * @property {string} [idempotencyKey]
 * @property {string} [ifMatch]
 */

/**
 * @typedef {object} OpenedAnswer
 * @property {number} status
 * @property {any} body what an open call would have been answered
 */

/**
 * @typedef {object} Sealer
 * @property {(call: SealedCall) => Promise<{ body: { appId: string, sealed: string }, jti: string }>} sealCall gives the body to send, good once
 * @property {(answer: unknown, jti: string) => Promise<OpenedAnswer>} openAnswer throws where the answer is not sealed, by another, or to another call
 */

const tagBytes = 16;
const ivBytes = 12;

/** @param {string | Uint8Array} secret */
const sealingKey = async (secret) => {
  const material = await crypto.subtle.importKey("raw", secretBytes(secret), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: bytesOf("pons sealed call") };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
};

/**
 * @param {CryptoKey} key
 * @param {string} appId
 * @param {unknown} payload
 */
const seal = async (key, appId, payload) => {
  const header = base64UrlOf(bytesOf(JSON.stringify({ alg: "dir", enc: "A256GCM", kid: appId })));
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const how = { name: "AES-GCM", iv, additionalData: bytesOf(header), tagLength: tagBytes * 8 };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(how, key, bytesOf(JSON.stringify(payload))));
  const parts = [iv, sealed.subarray(0, -tagBytes), sealed.subarray(-tagBytes)].map(base64UrlOf);
  return `${header}..${parts.join(".")}`;
};

/**
 * @param {CryptoKey} key
 * @param {string} compact
 */
const unseal = async (key, compact) => {
  const [header = "", encryptedKey, iv = "", text = "", tag = "", ...rest] = compact.split(".");
  const { alg, enc, ...more } = JSON.parse(textOf(fromBase64Url(header)));
  const isKnown = alg === "dir" && enc === "A256GCM" && Object.keys(more).every((name) => name === "kid");
  if (!isKnown || encryptedKey !== "" || rest.length > 0) throw new TypeError("the answer is not sealed as it should be");
  const both = new Uint8Array([...fromBase64Url(text), ...fromBase64Url(tag)]);
  const how = { name: "AES-GCM", iv: fromBase64Url(iv), additionalData: bytesOf(header), tagLength: tagBytes * 8 };
  return JSON.parse(textOf(new Uint8Array(await crypto.subtle.decrypt(how, key, both))));
};

/**
 * @param {{ appId: string, secret: string | Uint8Array, now?: () => number }} options
 * @returns {Promise<Sealer>}
 */
export const createSealer = async ({ appId, secret, now = Date.now }) => {
  const key = await sealingKey(secret);
  return {
    async sealCall(call) {
      const jti = newNonce();
      const sealed = await seal(key, appId, { ...call, iat: Math.floor(now() / 1000), jti });
      return { body: { appId, sealed }, jti };
    },
    async openAnswer(answer, jti) {
      const compact = /** @type {{ sealed?: unknown }} */ (answer)?.sealed;
      if (typeof compact !== "string") throw new TypeError("the answer is not sealed");
      const { answers, status, body } = await unseal(key, compact);
      if (answers !== jti) throw new TypeError("the answer is to another call");
      return { status, body };
    },
  };
};
