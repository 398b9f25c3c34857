/**
 * The keys of another issuer, fetched from its JWKS (RFC 7517) and kept.
 *
 *   held and fresh          the key, at once; a key id that is not among them: fetched again, once per `refetchMsMin`
 *   fresh for little more   the key, at once, and they are fetched again meanwhile
 *   too old                 fetched first; whoever asks meanwhile waits for the same fetch
 *   too old, issuer silent  the last keys for `staleMsMax` more, asked again every `retryMsMin`; after that `unavailable`
 *
 * There is one fetch at a time. What it brings is bounded, must be a JWK set, and where it is follows from the registration or from the issuer's own
 * discovery document (OpenID Connect Discovery 1.0 section 4), whose `issuer` must be the issuer. No token says where keys are.
 */
import type { MaybePromise } from "../../../store/store.ts";
import type { JsonObject } from "./jws.ts";
import { type KeyRing, keyRingOf } from "./key.ts";
import type { FoundKeys, IssuerKeys } from "./keys.ts";
import { keyLimits } from "./limits.ts";

/** Fetches a document: guarded, without redirects, with limits of time and size. Rejects when nothing is answered. */
export type FetchDocument = (url: string) => Promise<Response>;

export interface RemoteKeysOptions {
  readonly issuer: string;
  readonly jwksUri?: string;
  readonly fetch: FetchDocument;
  readonly clock?: () => number;
  /** Told when a fetch fails; who waits for it gets `unavailable` or the last keys. */
  readonly onError?: (failure: { readonly issuer: string; readonly error: unknown }) => void;
}

interface Held {
  readonly ring: KeyRing;
  /** From when on they are fetched again beside the answers. */
  readonly renewMs: number;
  readonly freshUntilMs: number;
}

/** Of the time keys are fresh, the part after which they are renewed. */
const renewedAfter = 0.8;

const maxAgeForm = /(?:^|[\s,])max-age="?(\d{1,10})"?(?=$|[\s,])/i;

/** How long an answer is fresh: its `max-age` (RFC 9111 section 5.2.2.1) within our bounds. */
const freshMsOf = (response: Response): number => {
  const seconds = maxAgeForm.exec(response.headers.get("cache-control") ?? "")?.[1];
  const wanted = seconds === undefined ? keyLimits.freshMsDefault : Number(seconds) * 1000;
  return Math.min(Math.max(wanted, keyLimits.freshMsMin), keyLimits.freshMsMax);
};

const documentOf = async (response: Response, url: string): Promise<JsonObject> => {
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
  const text = await response.text();
  if (text.length > keyLimits.documentBytesMax) throw new Error(`${url} is larger than ${keyLimits.documentBytesMax} bytes`);
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${url} is no object of JSON`);
  return value as JsonObject;
};

/** Where the discovery document of an issuer is: under its address, without a slash at its end. */
export const discoveryUrl = (issuer: string): string => `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;

export class RemoteKeys implements IssuerKeys {
  readonly #options: RemoteKeysOptions;
  readonly #clock: () => number;
  #held: Held | undefined;
  #flight: Promise<void> | undefined;
  /** When the last fetch began. */
  #triedMs = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  find(kid: string): MaybePromise<FoundKeys> {
    const now = this.#clock();
    const held = this.#held;
    if (held === undefined || now >= held.freshUntilMs) return this.#findAgain(kid, now);
    const keys = held.ring.find(kid);
    if (keys.length === 0) {
      const mayFetch = this.#flight !== undefined || now - this.#triedMs >= keyLimits.refetchMsMin;
      return mayFetch ? this.#fetched(kid) : keys;
    }
    if (now >= held.renewMs) this.#renew(now);
    return keys;
  }

  /** Nothing is held, or it is too old. */
  #findAgain(kid: string, now: number): MaybePromise<FoundKeys> {
    const isUsable = this.#isUsable(now);
    if (isUsable && this.#hasFailed) {
      this.#renew(now);
      return this.#held?.ring.find(kid) ?? "unavailable";
    }
    const mayFetch = this.#flight !== undefined || !this.#hasFailed || now - this.#triedMs >= keyLimits.retryMsMin;
    return mayFetch ? this.#fetched(kid) : "unavailable";
  }

  #isUsable(now: number): boolean {
    return this.#held !== undefined && now < this.#held.freshUntilMs + keyLimits.staleMsMax;
  }

  async #fetched(kid: string): Promise<FoundKeys> {
    await this.#refresh();
    return this.#held !== undefined && this.#isUsable(this.#clock()) ? this.#held.ring.find(kid) : "unavailable";
  }

  /** Fetches beside the answers, when the last attempt is long enough ago. */
  #renew(now: number): void {
    if (this.#flight === undefined && now - this.#triedMs >= keyLimits.retryMsMin) void this.#refresh();
  }

  /** Never rejects. */
  #refresh(): Promise<void> {
    this.#flight ??= this.#fetch().finally(() => (this.#flight = undefined));
    return this.#flight;
  }

  async #fetch(): Promise<void> {
    const { issuer, fetch, onError } = this.#options;
    this.#triedMs = this.#clock();
    try {
      const url = this.#options.jwksUri ?? (await this.#discover());
      const response = await fetch(url);
      const freshMs = freshMsOf(response);
      const ring = keyRingOf(await documentOf(response, url));
      if (ring === undefined) throw new Error(`${url} is no set of at most ${keyLimits.keysMax} keys`);
      const now = this.#clock();
      this.#held = { ring, renewMs: now + freshMs * renewedAfter, freshUntilMs: now + freshMs };
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      onError?.({ issuer, error });
    }
  }

  async #discover(): Promise<string> {
    const { issuer, fetch } = this.#options;
    const url = discoveryUrl(issuer);
    const { issuer: named, jwks_uri: jwksUri } = await documentOf(await fetch(url), url);
    if (named !== issuer) throw new Error(`${url} names another issuer`);
    if (typeof jwksUri !== "string") throw new Error(`${url} names no jwks_uri`);
    return jwksUri;
  }
}
