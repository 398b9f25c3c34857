// @ts-check
/**
 * Signs requests to a Pons server (RFC 9421), by WebCrypto alone: in browsers, Node and Bun.
 *
 *   const signer = await createSigner({ keyId: "app_…", secret: "…" });
 *   const response = await fetch(await signer.sign(new Request(url, { method: "POST", body, headers })));
 *
 * What is covered: the method, the whole address, and of the headers Content-Digest (made here where there is a body), Content-Type,
 * Content-Encoding, Idempotency-Key, If-Match and those that `cover` names, as far as the request has them.
 */
import { base64Of, bytesOf, newNonce, secretBytes } from "./encoding.mjs";

/**
 * @typedef {object} SignerOptions
 * @property {string} keyId id of the app; `app_…/sandbox` for its keys of another environment than live
 * @property {"hmac-sha256" | "ed25519"} [algorithm] by default that of the key that is given
 * @property {string | Uint8Array} [secret] for hmac-sha256: the app's signing secret
 * @property {CryptoKey | Uint8Array} [privateKey] for ed25519: a key that may sign, or its PKCS #8 (DER)
 * @property {readonly string[]} [cover] further headers to cover
 * @property {() => number} [now] milliseconds since the epoch
 */

/**
 * @typedef {object} Signer
 * @property {(request: Request) => Promise<Request>} sign gives a signed copy of a request, good once and for five minutes
 */

/** Headers that change what a request does. */
const usual = ["content-type", "content-encoding", "idempotency-key", "if-match"];
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const printable = /^[\x20-\x7e]+$/;

/** @param {SignerOptions} options */
const keyOf = async ({ algorithm, secret, privateKey }) => {
  if (secret !== undefined && privateKey === undefined && algorithm !== "ed25519") {
    const key = await crypto.subtle.importKey("raw", secretBytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return { algorithm: "hmac-sha256", key, by: "HMAC" };
  }
  if (privateKey !== undefined && secret === undefined && algorithm !== "hmac-sha256") {
    const key =
      privateKey instanceof Uint8Array
        ? await crypto.subtle.importKey("pkcs8", new Uint8Array(privateKey), "Ed25519", false, ["sign"])
        : privateKey;
    return { algorithm: "ed25519", key, by: "Ed25519" };
  }
  throw new TypeError("a signer has either a secret (hmac-sha256) or a private key (ed25519)");
};

/**
 * A text as a string of structured fields (RFC 9651 section 4.1.6).
 *
 * @param {string} text
 */
const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;

/**
 * The body's bytes; undefined where there is none.
 *
 * @param {Request} request
 */
const contentOf = async (request) => {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  const content = new Uint8Array(await request.clone().arrayBuffer());
  return content.length === 0 ? undefined : content;
};

/** @param {Uint8Array<ArrayBuffer>} content */
const digestOf = async (content) => `sha-256=:${base64Of(new Uint8Array(await crypto.subtle.digest("SHA-256", content)))}:`;

/**
 * Throws `TypeError` for options that do not fit, and where the platform cannot do what is asked.
 *
 * @param {SignerOptions} options
 * @returns {Promise<Signer>}
 */
export const createSigner = async (options) => {
  const { keyId, cover = [], now = Date.now } = options;
  if (!printable.test(keyId)) throw new TypeError("the id of the key is not printable ASCII");
  const names = [...usual, ...cover.map((name) => name.toLowerCase())];
  for (const name of names) if (!fieldName.test(name)) throw new TypeError(`not the name of a header: ${name}`);
  const { algorithm, key, by } = await keyOf(options);

  return {
    async sign(request) {
      const headers = new Headers(request.headers);
      const content = await contentOf(request);
      if (content !== undefined) headers.set("content-digest", await digestOf(content));
      /** @type {[identifier: string, value: string][]} */
      const lines = [
        ["@method", request.method],
        ["@target-uri", request.url.split("#", 1)[0] ?? ""],
      ];
      for (const name of new Set(["content-digest", ...names])) {
        const value = headers.get(name);
        if (value !== null) lines.push([name, value.trim()]);
      }
      const list = lines.map(([identifier]) => `"${identifier}"`).join(" ");
      const created = Math.floor(now() / 1000);
      const parameters = `(${list});created=${created};keyid=${quoted(keyId)};nonce="${newNonce()}";alg="${algorithm}"`;
      const base = `${lines.map(([identifier, value]) => `"${identifier}": ${value}\n`).join("")}"@signature-params": ${parameters}`;
      const signature = new Uint8Array(await crypto.subtle.sign(by, key, bytesOf(base)));
      headers.set("signature-input", `pons=${parameters}`);
      headers.set("signature", `pons=:${base64Of(signature)}:`);
      return new Request(request, content === undefined ? { headers } : { headers, body: content });
    },
  };
};
