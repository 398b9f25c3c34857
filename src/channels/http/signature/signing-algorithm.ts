/**
 * Algorithms of signatures (RFC 9421 section 3.3): does a signature belong to a base under a key? The key says which algorithm, never the message.
 *
 *   hmac-sha256        a shared secret; compared in constant time
 *   ed25519            RFC 8032; keys and signatures with points of small order or a non-canonical form are refused
 *   ecdsa-p256-sha256  r and s, 32 bytes each
 *   rsa-pss-sha512     salt of 64 bytes
 *   rsa-v1_5-sha256
 *
 * Pons registers the first two for apps; the others are for signatures of those who have other keys.
 */
import { constants, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { BoundedCache } from "../bounded-cache.ts";

export interface SecretKey {
  readonly algorithm: "hmac-sha256";
  readonly secret: Uint8Array;
}

export interface PublicKey {
  readonly algorithm: "ed25519" | "ecdsa-p256-sha256" | "rsa-pss-sha512" | "rsa-v1_5-sha256";
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

export type VerifyingKey = SecretKey | PublicKey;
export type SigningAlgorithm = VerifyingKey["algorithm"];

/** HMAC-SHA-256; of a text, of its UTF-8. The secret is taken in anew each time: one that is remembered would be quicker than one that is not. */
export const hmac = (secret: Uint8Array, text: string | Uint8Array): Uint8Array =>
  new Bun.CryptoHasher("sha256", secret).update(text).digest();

const checkHmac = (secret: Uint8Array, base: string | Uint8Array, signature: Uint8Array): boolean => {
  const expected = hmac(secret, base);
  const isWhole = signature.length === expected.length;
  return timingSafeEqual(expected, isWhole ? signature : new Uint8Array(expected.length)) && isWhole;
};

/**
 * The y of the points of small order on edwards25519, as their last bit of sign is 0. A signature under such a key says nothing about who made it:
 * one and the same fits many texts.
 */
const smallOrder: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/** Whether 32 bytes are a y below the field's prime, 2^255 − 19, and of no point of small order. */
export const isSoundPoint = (bytes: Uint8Array): boolean => {
  if (bytes.length !== 32) return false;
  const y = Buffer.from(bytes);
  y[31] = (y[31] as number) & 0x7f;
  const isAbovePrime = (y[0] as number) >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff);
  return !isAbovePrime && !smallOrder.has(y.toString("hex"));
};

/** SubjectPublicKeyInfo of an Ed25519 key is these bytes and the point (RFC 8410 section 4). */
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

/** The point of an Ed25519 key; undefined where the DER is another key, or none. */
export const ed25519Point = (publicKey: Uint8Array): Uint8Array | undefined =>
  publicKey.length === ed25519Prefix.length + 32 && ed25519Prefix.equals(publicKey.subarray(0, ed25519Prefix.length))
    ? publicKey.subarray(ed25519Prefix.length)
    : undefined;

/** Kinds of keys as node:crypto names them. */
const keyTypes = { ed25519: "ed25519", "ecdsa-p256-sha256": "ec", "rsa-pss-sha512": "rsa", "rsa-v1_5-sha256": "rsa" } as const;

const importKey = ({ algorithm, publicKey }: PublicKey): KeyObject | undefined => {
  if (algorithm === "ed25519") {
    const point = ed25519Point(publicKey);
    if (point === undefined || !isSoundPoint(point)) return undefined;
  }
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    const isCurve = algorithm !== "ecdsa-p256-sha256" || key.asymmetricKeyDetails?.namedCurve === "prime256v1";
    return key.asymmetricKeyType === keyTypes[algorithm] && isCurve ? key : undefined;
  } catch {
    return undefined;
  }
};

/** Keys by algorithm and DER; null for what is none. */
const imported = new BoundedCache<KeyObject | null>({ entriesMax: 10_000, keyLengthMax: 1_024 });

/** Reading a key costs as much as a check: once for each. */
const keyObjectOf = (key: PublicKey): KeyObject | undefined => {
  const name = `${key.algorithm} ${Buffer.from(key.publicKey).toString("latin1")}`;
  const known = imported.get(name);
  if (known !== undefined) return known ?? undefined;
  const object = importKey(key);
  imported.set(name, object ?? null);
  return object;
};

const checkPublic = (key: PublicKey, base: string | Uint8Array, signature: Uint8Array): boolean => {
  const object = keyObjectOf(key);
  if (object === undefined) return false;
  const text = typeof base === "string" ? Buffer.from(base) : base;
  switch (key.algorithm) {
    case "ed25519":
      return signature.length === 64 && isSoundPoint(signature.subarray(0, 32)) && verify(null, text, object, signature);
    case "ecdsa-p256-sha256":
      return signature.length === 64 && verify("sha256", text, { key: object, dsaEncoding: "ieee-p1363" }, signature);
    case "rsa-pss-sha512":
      return verify("sha512", text, { key: object, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }, signature);
    case "rsa-v1_5-sha256":
      return verify("sha256", text, { key: object, padding: constants.RSA_PKCS1_PADDING }, signature);
  }
};

/** Whether `signature` was made over `base`, text as UTF-8, with the counterpart of `key`. Never throws: a key that is none fits nothing. */
export const checkBytes = (key: VerifyingKey, base: string | Uint8Array, signature: Uint8Array): boolean =>
  key.algorithm === "hmac-sha256" ? checkHmac(key.secret, base, signature) : checkPublic(key, base, signature);

/** Whether a key may be registered for signing by this algorithm: a secret of at least 32 bytes, or a sound public key of the kind. */
export const isUsableKey = (key: VerifyingKey): boolean =>
  key.algorithm === "hmac-sha256" ? key.secret.length >= 32 : keyObjectOf(key) !== undefined;
