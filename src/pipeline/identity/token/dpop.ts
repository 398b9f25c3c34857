/**
 * DPoP proofs at the resource server (RFC 9449 sections 4.3 and 7): a JWS by the caller's own key, made for one request.
 *
 *   check("eyJ…", { method: "POST", url: "https://api.example.com/bank/v2/transfers", token, jkt })  →  undefined, or why it does not count
 *
 * `typ` is `dpop+jwt`; the algorithm is asymmetric; `jwk` is public, and its thumbprint the token's; `htm` and `htu` are the request's; `iat` is within
 * `proofSeconds`; `ath` is the token's; `jti` counts once, on all nodes, by way of the nonce store. The nonce is spent last: a proof that is wrong in
 * another way spends none.
 */
import { createHash } from "node:crypto";
import type { MaybePromise } from "../../../store/store.ts";
import { isSignedBy, isTokenAlgorithm } from "./algorithm.ts";
import type { TokenFault } from "./fault.ts";
import { type JsonObject, type Jws, parseJws } from "./jws.ts";
import { hasSecretMember, publicKeyOf, thumbprintOf } from "./key.ts";
import { tokenLimits } from "./limits.ts";

/** Remembers what may be used once. */
export interface NonceStore {
  /**
   * True for the first use of the nonce in its scope, on every node and after a restart; of two uses at the same moment exactly one is the first.
   * It may be forgotten at `expiresAtMs`.
   */
  use(scope: string, nonce: string, expiresAtMs: number): MaybePromise<boolean>;
}

export interface ProofContext {
  readonly method: string;
  /** The request's address as clients write it: with the public origin, whatever `Host` says. Query and fragment do not count. */
  readonly url: string;
  /** The access token the proof comes with. */
  readonly token: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt: string;
}

const windowMs = tokenLimits.proofSeconds * 1000;

/** Characters that need no escape (RFC 3986 section 2.3). */
const unreserved = /^[A-Za-z0-9._~-]$/;

/** `%7e` → `~`, `%2f` → `%2F`: the same path in one spelling (RFC 3986 section 6.2.2). */
const normalPath = (path: string): string =>
  path.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return unreserved.test(character) ? character : escape.toUpperCase();
  });

/** An http address without query and fragment, normalized (RFC 9449 section 4.3, check 9); undefined when it is none. */
export const normalTarget = (text: string): string | undefined => {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, pathname, username, password } = new URL(text);
  if ((protocol !== "https:" && protocol !== "http:") || username !== "" || password !== "") return undefined;
  return `${protocol}//${host}${normalPath(pathname)}`;
};

/** What `ath` says of a token (RFC 9449 section 4.2). */
export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("base64url");

/** The key a proof brings along, when it is fit to bring one. */
const proofKeyOf = ({ jwk }: JsonObject) => {
  if (typeof jwk !== "object" || jwk === null || Array.isArray(jwk) || hasSecretMember(jwk as JsonObject)) return undefined;
  const [key, thumbprint] = [publicKeyOf(jwk as JsonObject), thumbprintOf(jwk as JsonObject)];
  return key === undefined || thumbprint === undefined ? undefined : { ...key, thumbprint };
};

/** Whether a key the proof brings has made it, and is the one the token is bound to. */
const faultOfKey = (jws: Jws, jkt: string): TokenFault | undefined => {
  const { alg, typ } = jws.header;
  if (typeof typ !== "string" || typ.toLowerCase().replace(/^application\//, "") !== "dpop+jwt") return "proof";
  const key = proofKeyOf(jws.header);
  if (!isTokenAlgorithm(alg) || key === undefined || !key.algorithms.includes(alg)) return "proof";
  if (key.thumbprint !== jkt) return "proof_token";
  return isSignedBy(alg, key.key, jws) ? undefined : "proof";
};

export class DpopVerifier {
  readonly #nonces: NonceStore;
  readonly #clock: () => number;

  constructor(options: { readonly nonces: NonceStore; readonly clock?: () => number }) {
    this.#nonces = options.nonces;
    this.#clock = options.clock ?? Date.now;
  }

  /** Why the proof does not count; undefined when it does, and then its `jti` is spent. */
  check(proof: string, context: ProofContext): MaybePromise<TokenFault | undefined> {
    const parsed = parseJws(proof);
    if (!parsed.ok) return "proof";
    const { jws } = parsed;
    const { htm, htu, iat, jti, ath } = jws.claims;
    if (typeof jti !== "string" || jti === "" || jti.length > tokenLimits.nameLengthMax) return "proof";
    if (typeof iat !== "number" || typeof htu !== "string") return "proof";
    const target = normalTarget(context.url);
    if (htm !== context.method || target === undefined || normalTarget(htu) !== target) return "proof_target";
    const issuedMs = iat * 1000;
    if (!(Math.abs(this.#clock() - issuedMs) <= windowMs)) return "proof_stale";
    if (ath !== tokenHash(context.token)) return "proof_token";
    const fault = faultOfKey(jws, context.jkt);
    if (fault !== undefined) return fault;
    const isFirst = this.#nonces.use(`dpop:${context.jkt}`, jti, issuedMs + windowMs + 1);
    return isFirst instanceof Promise ? isFirst.then(faultOfUse) : faultOfUse(isFirst);
  }
}

const faultOfUse = (isFirst: boolean): TokenFault | undefined => (isFirst ? undefined : "proof_replayed");
