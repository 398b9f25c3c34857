/**
 * What checks tokens in these tests: an installation with keys of every kind, and one issuer of a tenant's own beside it.
 *
 *   const check = new TokenCheck();
 *   await check.verdict(good({ exp: 0 }))  →  "expired"
 */
import { expect } from "bun:test";
import {
  AccessTokens,
  challengeOf,
  DpopVerifier,
  type ExternalIssuer,
  keysAtHand,
  refusalOf,
  type ShownToken,
  type TokenIdentity,
  type TokenRefused,
  TokenVerifier,
} from "../../src/pipeline/identity/token/index.ts";
import { type Json, TestIssuer, TestKey } from "./token-maker.ts";

export const origin = "https://api.example.com";
export const audience = origin;
export const keys = {
  EdDSA: new TestKey("EdDSA"),
  ES256: new TestKey("ES256"),
  RS256: new TestKey("RS256"),
  PS256: new TestKey("PS256"),
} as const;
export const own = new TestIssuer(origin, Object.values(keys));
export const login = new TestIssuer("https://login.example.org/", [new TestKey("RS256", "login-1")]);
export const place = { aud: audience, tenant: "acme", environment: "live", gid: "gra_1" };
export const registered: ExternalIssuer = {
  issuer: login.issuer,
  jwksUri: "https://login.example.org/keys",
  audience,
  tenant: "globex",
  environment: "sandbox",
  types: ["JWT", "at+jwt"],
  claims: { roles: ["realm", "roles"], app: "azp", scopes: "scp" },
  roleMap: { Admin: ["owner", "staff"], Clerk: "staff" },
};

export const now = (): number => Math.floor(Date.now() / 1000);

/** A token of the installation that is good, unless claims or header say otherwise. */
export const good = (claims: Json = {}, header: Json = {}, key?: TestKey): string =>
  own.token({ ...place, ...claims }, header, key);

/** Remembers in memory what was used: the store that lasts is tested where it is. */
class Used {
  readonly #used = new Set<string>();

  use(scope: string, nonce: string): boolean {
    const name = JSON.stringify([scope, nonce]);
    if (this.#used.has(name)) return false;
    this.#used.add(name);
    return true;
  }
}

export class TokenCheck {
  /** Addresses of which keys were fetched. */
  readonly fetched: string[] = [];
  registrations: readonly ExternalIssuer[] = [registered];
  ownKeys: readonly Json[] = own.jwks.keys;
  /** Milliseconds by which the clock is ahead. */
  aheadMs = 0;
  readonly #tokens: AccessTokens;

  constructor() {
    const clock = (): number => Date.now() + this.aheadMs;
    const verifier = new TokenVerifier({
      own: { issuer: own.issuer, keys: keysAtHand(() => this.ownKeys, clock), isAudience: (one) => one === audience },
      issuersOf: (issuer) => this.registrations.filter((one) => one.issuer === issuer),
      fetch: (url) => {
        this.fetched.push(url);
        return Promise.resolve(Response.json(login.jwks));
      },
      clock,
    });
    this.#tokens = new AccessTokens({ verifier, dpop: new DpopVerifier({ nonces: new Used(), clock }) });
  }

  /** Whom the token stands for, shown as Bearer unless `more` says otherwise. */
  async identity(token: string, more: Partial<ShownToken> = {}): Promise<TokenIdentity | TokenRefused> {
    return this.#tokens.check({ token, scheme: "Bearer", ...more });
  }

  /** `good`, or the fault; every fault of what was shown is 401 with a challenge. */
  async verdict(token: string, more: Partial<ShownToken> = {}): Promise<string> {
    const checked = await this.identity(token, more);
    if (checked.ok) return "good";
    expect(refusalOf(checked)).toMatchObject({ status: 401, type: "invalid_credentials" });
    expect(challengeOf(checked)).toMatch(
      /^(?:Bearer error="invalid_token"|DPoP error="invalid_(?:token|dpop_proof)"), error_description="/,
    );
    return checked.fault;
  }
}
