/** Access tokens of our own authorization server and of issuers that tenants have registered, as the identity step asks for them. */
import { createGuardedFetch } from "../outbound/index.ts";
import type { Directory } from "../pipeline/identity/directory.ts";
import type { NonceStore, TokenAuthority } from "../pipeline/identity/identity.ts";
import { AccessTokens, DpopVerifier, keysAtHand, registeredIssuers, TokenVerifier } from "../pipeline/identity/token/index.ts";
import type { MaybePromise } from "../store/index.ts";
import type { OAuth } from "../oauth/index.ts";

export interface TokensOptions {
  readonly directory: Directory;
  readonly placeOf: (realm: number) => MaybePromise<{ readonly tenant: string } | undefined>;
  readonly nonces: NonceStore;
  /** Origins that may be fetched from although they are not public https ones. */
  readonly outboundAllow: readonly string[];
  readonly onError: (error: unknown) => void;
}

/** What is known only once the server listens: its origin, and its authorization server. */
export interface Authority {
  issuer: string;
  oauth: OAuth | undefined;
}

const keysBytesMax = 65_536;
const keysMsMax = 5_000;

/** Verifies tokens; those of our own authorization server once there is one. */
export const createTokens = (authority: Authority, options: TokensOptions): TokenAuthority => {
  const { directory, placeOf, nonces, outboundAllow, onError } = options;
  const guarded = createGuardedFetch({ allow: outboundAllow });
  const verifier = new TokenVerifier({
    own: {
      get issuer() {
        return authority.issuer;
      },
      keys: keysAtHand(() => authority.oauth?.publicKeys() ?? []),
      isAudience: (audience) => audience === authority.issuer,
    },
    issuersOf: registeredIssuers({ directory, placeOf }),
    fetch: (url) => guarded(url, { bytesMax: keysBytesMax, timeoutMs: keysMsMax }),
    onKeysFailed: onError,
  });
  return new AccessTokens({ verifier, dpop: new DpopVerifier({ nonces }) });
};
