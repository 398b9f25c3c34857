/**
 * Verifies access tokens (RFC 9068, RFC 8725): of this installation and of issuers that tenants have registered.
 *
 *   verify("eyJ…")  →  { ok: true, tenant: "acme", subject: "usr_1", … }  or  { ok: false, fault: "expired" }
 *
 *   form      three parts, bounded, no JWE, no `crit`
 *   issuer    `iss` is exactly one that is trusted; `typ` says access token; `aud` names us
 *   key       `kid` is exactly one of the issuer's keys, and `alg` one of this key's algorithms
 *   signature
 *   time      `exp`, `nbf`, `iat`, with `leewaySeconds`
 *   claims    become an identity
 *
 * What a token says about keys (`jku`, `jwk`, `x5u`, `x5c`) is not read. A verified token is remembered by its SHA-256 until it expires, for
 * `rememberedMsMax` at most, and only for as long as its issuer stays registered as it is and has the key. Whether its grant was revoked is not known
 * here.
 *
 * Answers at once for keys that are at hand.
 */
import type { MaybePromise } from "../../../store/store.ts";
import { Lru } from "../../../store/lru.ts";
import { isSignedBy, isTokenAlgorithm } from "./algorithm.ts";
import { audiencesOf, momentAt, WrongClaim } from "./claims.ts";
import { refused, type TokenRefused } from "./fault.ts";
import { type Jws, parseJws } from "./jws.ts";
import type { FoundKeys, IssuerKeys } from "./keys.ts";
import { keyLimits, tokenLimits } from "./limits.ts";
import { externalIdentity, ownIdentity } from "./mapping.ts";
import { type FetchDocument, RemoteKeys, type RemoteKeysOptions } from "./remote-keys.ts";
import type { ExternalIssuer, OwnIssuer, TokenIdentity } from "./trust.ts";

export interface TokenVerifierOptions {
  /** Absent: this installation issues no tokens. */
  readonly own?: OwnIssuer;
  /**
   * Registrations of an issuer, the same objects for as long as they do not change. Of several with the same audience the first counts: an audience
   * belongs to whoever has registered it first.
   */
  readonly issuersOf?: (issuer: string) => MaybePromise<readonly ExternalIssuer[]>;
  /** Fetches keys of other issuers. */
  readonly fetch: FetchDocument;
  readonly clock?: () => number;
  readonly onKeysFailed?: RemoteKeysOptions["onError"];
  readonly rememberedMax?: number;
}

/** An issuer that a token may be of, with what follows from it. */
interface Trust {
  readonly types: readonly string[];
  readonly keys: IssuerKeys;
  readonly registration: ExternalIssuer | undefined;
  readonly identify: (jws: Jws) => TokenIdentity | TokenRefused;
}

interface Remembered {
  readonly identity: TokenIdentity;
  readonly trust: Trust;
  readonly kid: string;
  readonly untilMs: number;
}

const leewayMs = tokenLimits.leewaySeconds * 1000;
const accessTokenTypes = ["at+jwt"] as const;
const none: readonly ExternalIssuer[] = [];

/** `typ` is a media type; `application/` may be left out, and case does not count (RFC 7515 section 4.1.9). */
const hasType = ({ header: { typ } }: Jws, types: readonly string[]): boolean => {
  if (typeof typ !== "string") return false;
  const type = typ.toLowerCase().replace(/^application\//, "");
  return types.some((allowed) => allowed.toLowerCase() === type);
};

/** Why the token does not count at a moment; undefined when it does. */
const faultOfTime = ({ claims }: Jws, now: number): "expired" | "not_yet_valid" | undefined => {
  const [expiresMs, notBeforeMs, issuedMs] = [momentAt(claims, "exp"), momentAt(claims, "nbf"), momentAt(claims, "iat")];
  if (expiresMs === undefined) throw new WrongClaim("exp");
  if (now >= expiresMs + leewayMs) return "expired";
  const isEarly = [notBeforeMs, issuedMs].some((moment) => moment !== undefined && moment > now + leewayMs);
  return isEarly ? "not_yet_valid" : undefined;
};

export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #clock: () => number;
  readonly #remembered: Lru<Remembered>;
  /** By issuer and address: tenants that name different addresses for one issuer do not share keys. */
  readonly #remoteKeys = new Lru<RemoteKeys>(keyLimits.issuersMax);

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#remembered = new Lru(options.rememberedMax ?? tokenLimits.rememberedMax);
  }

  /** Tokens remembered now. */
  get remembered(): number {
    return this.#remembered.size;
  }

  verify(token: string): MaybePromise<TokenIdentity | TokenRefused> {
    if (token.length > tokenLimits.tokenBytesMax) return refused("too_large");
    const hash = Bun.SHA256.hash(token, "base64");
    const known = this.#remembered.get(hash);
    if (known !== undefined && this.#clock() < known.untilMs && this.#isStillTrusted(known)) {
      this.#remembered.touch(hash, known);
      return known.identity;
    }
    const parsed = parseJws(token);
    if (!parsed.ok) return refused(parsed.fault);
    try {
      return this.#verifyParsed(hash, parsed.jws);
    } catch (error) {
      return wrongClaim(error);
    }
  }

  /** Whether the issuer is still registered, and still has the key. Where that cannot be said at once the token is verified again. */
  #isStillTrusted({ identity, trust: { registration, keys }, kid }: Remembered): boolean {
    if (registration !== undefined) {
      const registrations = this.#registrations(identity.issuer);
      if (registrations instanceof Promise || !registrations.includes(registration)) return false;
    }
    const found = keys.find(kid);
    return Array.isArray(found) && found.length > 0;
  }

  #registrations(issuer: string): MaybePromise<readonly ExternalIssuer[]> {
    return this.#options.issuersOf?.(issuer) ?? none;
  }

  #verifyParsed(hash: string, jws: Jws): MaybePromise<TokenIdentity | TokenRefused> {
    if (!isTokenAlgorithm(jws.header["alg"])) return refused("algorithm");
    const trust = this.#trustOf(jws);
    if (trust instanceof Promise) return trust.then((one) => this.#verifyTrusted(hash, jws, one)).catch(wrongClaim);
    return this.#verifyTrusted(hash, jws, trust);
  }

  #verifyTrusted(hash: string, jws: Jws, trust: Trust | TokenRefused): MaybePromise<TokenIdentity | TokenRefused> {
    const { kid } = jws.header;
    if (!("keys" in trust)) return trust;
    if (!hasType(jws, trust.types)) return refused("type");
    const fault = faultOfTime(jws, this.#clock());
    if (fault !== undefined) return refused(fault);
    if (typeof kid !== "string") return refused("unknown_key");
    const keys = trust.keys.find(kid);
    if (keys instanceof Promise) return keys.then((found) => this.#judge(hash, jws, trust, found)).catch(wrongClaim);
    return this.#judge(hash, jws, trust, keys);
  }

  #judge(hash: string, jws: Jws, trust: Trust, keys: FoundKeys): TokenIdentity | TokenRefused {
    if (keys === "unavailable") return refused("keys_unavailable");
    if (keys.length === 0) return refused("unknown_key");
    const { alg } = jws.header;
    const key = isTokenAlgorithm(alg) ? keys.find(({ algorithms }) => algorithms.includes(alg)) : undefined;
    if (!isTokenAlgorithm(alg) || key === undefined) return refused("algorithm");
    if (!isSignedBy(alg, key.key, jws)) return refused("signature");
    const identity = trust.identify(jws);
    if (identity.ok) {
      const untilMs = Math.min(identity.expiresMs + leewayMs, this.#clock() + tokenLimits.rememberedMsMax);
      this.#remembered.set(hash, { identity, trust, kid: key.kid, untilMs });
    }
    return identity;
  }

  /** Who is said to have issued the token, if it is for us. */
  #trustOf({ claims }: Jws): MaybePromise<Trust | TokenRefused> {
    const { iss } = claims;
    if (typeof iss !== "string") return refused("issuer");
    const { own } = this.#options;
    const audiences = audiencesOf(claims);
    if (own !== undefined && iss === own.issuer) return ownTrust(own, audiences);
    const registrations = this.#registrations(iss);
    if (registrations instanceof Promise) return registrations.then((found) => this.#externalTrust(found, audiences));
    return this.#externalTrust(registrations, audiences);
  }

  #externalTrust(registrations: readonly ExternalIssuer[], audiences: readonly string[]): Trust | TokenRefused {
    if (registrations.length === 0) return refused("issuer");
    const registration = registrations.find(({ audience }) => audiences.includes(audience));
    if (registration === undefined) return refused("audience");
    return {
      types: registration.types ?? accessTokenTypes,
      keys: this.#keysOf(registration),
      registration,
      identify: (jws) => externalIdentity(jws.claims, registration),
    };
  }

  #keysOf({ issuer, jwksUri }: ExternalIssuer): IssuerKeys {
    const { fetch, clock, onKeysFailed: onError } = this.#options;
    const name = JSON.stringify([issuer, jwksUri]);
    const known = this.#remoteKeys.get(name);
    if (known !== undefined) {
      this.#remoteKeys.touch(name, known);
      return known;
    }
    const keys = new RemoteKeys({
      issuer,
      fetch,
      ...(jwksUri === undefined ? {} : { jwksUri }),
      ...(clock === undefined ? {} : { clock }),
      ...(onError === undefined ? {} : { onError }),
    });
    this.#remoteKeys.set(name, keys);
    return keys;
  }
}

const ownTrust = (own: OwnIssuer, audiences: readonly string[]): Trust => ({
  types: accessTokenTypes,
  keys: own.keys,
  registration: undefined,
  identify: ({ claims }) => {
    const identity = ownIdentity(claims, own.issuer);
    if (!identity.ok || audiences.some((audience) => own.isAudience(audience, identity))) return identity;
    const part = audiences.find((audience) => audience.startsWith(`${own.issuer}/`));
    return part === undefined ? refused("audience") : { ...identity, resource: part.slice(own.issuer.length) };
  },
});

/** A claim of a wrong form is the token's fault; any other error is ours. */
const wrongClaim = (error: unknown): TokenRefused => {
  if (error instanceof WrongClaim) return refused("claims");
  throw error;
};
