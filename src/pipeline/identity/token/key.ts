/**
 * Public keys from JWK (RFC 7517): which are taken, for which algorithms, and their thumbprints (RFC 7638).
 *
 *   keyOf({ kty: "OKP", crv: "Ed25519", kid: "k1", x: "…" })  →  { kid: "k1", algorithms: ["EdDSA", "Ed25519"], key }
 *
 * A key that is meant for something else, is too weak or too large, is symmetric or is broken is no key: undefined. Only the public members are
 * read; certificates and addresses in a JWK (`x5c`, `x5u`) are not.
 */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { isTokenAlgorithm, type TokenAlgorithm } from "./algorithm.ts";
import type { JsonObject } from "./jws.ts";
import { keyLimits, tokenLimits } from "./limits.ts";

export interface PublicKey {
  readonly algorithms: readonly TokenAlgorithm[];
  readonly key: KeyObject;
}

export interface TokenKey extends PublicKey {
  readonly kid: string;
}

export interface JsonWebKeySet {
  readonly keys: readonly object[];
}

interface Kind {
  /** What makes the key, in the order of RFC 7638 section 3.2. */
  readonly members: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
}

const kinds: Readonly<Record<string, Kind>> = {
  "OKP Ed25519": { members: ["crv", "kty", "x"], algorithms: ["EdDSA", "Ed25519"] },
  "EC P-256": { members: ["crv", "kty", "x", "y"], algorithms: ["ES256"] },
  RSA: { members: ["e", "kty", "n"], algorithms: ["RS256", "PS256"] },
};

/** `d` and what else makes a JWK private or symmetric (RFC 7518 section 6). */
const secretMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] as const;

export const hasSecretMember = (jwk: JsonObject): boolean => secretMembers.some((name) => Object.hasOwn(jwk, name));

const kindOf = ({ kty, crv }: JsonObject): Kind | undefined => {
  if (typeof kty !== "string") return undefined;
  const name = kty === "RSA" ? kty : `${kty} ${String(crv)}`;
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
};

/** The members that make the key; undefined when one is missing. */
const publicMembers = (jwk: JsonObject, { members }: Kind): Record<string, string> | undefined => {
  const taken: Record<string, string> = {};
  for (const name of members) {
    const value = jwk[name];
    if (typeof value !== "string") return undefined;
    taken[name] = value;
  }
  return taken;
};

/** `alg` narrows what the kind allows; the two names of Ed25519 mean the same. */
const algorithmsOf = ({ alg }: JsonObject, { algorithms }: Kind): readonly TokenAlgorithm[] => {
  if (alg === undefined) return algorithms;
  if (!isTokenAlgorithm(alg) || !algorithms.includes(alg)) return [];
  return alg === "EdDSA" || alg === "Ed25519" ? algorithms : [alg];
};

const isForVerifying = ({ use, key_ops: operations }: JsonObject): boolean =>
  (use === undefined || use === "sig") &&
  (operations === undefined || (Array.isArray(operations) && operations.includes("verify")));

/** 65537 in practice; a large one only makes verification slow. */
const exponentMax = 2n ** 32n;

const isSound = (key: KeyObject): boolean => {
  if (key.asymmetricKeyType !== "rsa") return true;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const isOdd = publicExponent % 2n === 1n;
  const isSized = modulusLength >= keyLimits.rsaBitsMin && modulusLength <= keyLimits.rsaBitsMax;
  return isSized && isOdd && publicExponent > 2n && publicExponent <= exponentMax;
};

/** The public key of a JWK, whatever it is called. */
export const publicKeyOf = (jwk: JsonObject): PublicKey | undefined => {
  const kind = kindOf(jwk);
  const members = kind === undefined ? undefined : publicMembers(jwk, kind);
  if (kind === undefined || members === undefined || !isForVerifying(jwk)) return undefined;
  const algorithms = algorithmsOf(jwk, kind);
  if (algorithms.length === 0) return undefined;
  try {
    const key = createPublicKey({ key: members, format: "jwk" });
    return isSound(key) ? { algorithms, key } : undefined;
  } catch {
    // A point that is not on the curve, numbers that are none.
    return undefined;
  }
};

/** base64url of the SHA-256 of what makes the key: what `jkt` names (RFC 7638, RFC 9449 section 6.1). */
export const thumbprintOf = (jwk: JsonObject): string | undefined => {
  const kind = kindOf(jwk);
  const members = kind === undefined ? undefined : publicMembers(jwk, kind);
  return members === undefined ? undefined : createHash("sha256").update(JSON.stringify(members)).digest("base64url");
};

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys by their id, compared exactly. */
export class KeyRing {
  readonly #keys = new Map<string, readonly TokenKey[]>();

  constructor(keys: readonly TokenKey[]) {
    for (const key of keys) this.#keys.set(key.kid, [...(this.#keys.get(key.kid) ?? []), key]);
  }

  /** None, one, or several of different kinds (RFC 7517 section 4.5). */
  find(kid: string): readonly TokenKey[] {
    return this.#keys.get(kid) ?? [];
  }

  get size(): number {
    return this.#keys.size;
  }
}

/** The keys of a JWK set that can verify and have an id; the others are passed over (RFC 7517 section 5). Undefined when it is no set or too large. */
export const keyRingOf = (set: unknown): KeyRing | undefined => {
  const jwks = isObject(set) ? set["keys"] : undefined;
  if (!Array.isArray(jwks) || jwks.length > keyLimits.keysMax) return undefined;
  const keys: TokenKey[] = [];
  for (const jwk of jwks as readonly unknown[]) {
    if (!isObject(jwk)) continue;
    const { kid } = jwk;
    if (typeof kid !== "string" || kid === "" || kid.length > tokenLimits.nameLengthMax) continue;
    const key = publicKeyOf(jwk);
    if (key !== undefined) keys.push({ kid, ...key });
  }
  return new KeyRing(keys);
};
