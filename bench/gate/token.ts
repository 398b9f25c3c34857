/**
 * What an access token costs, beside the bare signature check that no verifier can do without: the same bytes, the same key, the same process, in turns.
 *
 *   bun bench/gate/token.ts
 *
 *   remembered / verify   a token that was seen before       target ≤ 0.1
 *   cold / verify         a token that was not               target ≤ 1.5
 *   proof                 a DPoP proof, without the nonce store
 */
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { AccessTokens, DpopVerifier, keysAtHand, TokenVerifier } from "../../src/pipeline/identity/token/index.ts";
import { summarize } from "../harness/statistics.ts";

export interface TokenFigures {
  /** Microseconds of one: a median over the rounds. */
  readonly verifyUs: number;
  readonly rememberedUs: number;
  readonly coldUs: number;
  readonly proofUs: number;
  readonly rememberedToVerify: number;
  readonly coldToVerify: number;
  readonly proofToVerify: number;
}

export const tokenTargets = { rememberedToVerify: 0.1, coldToVerify: 1.5 } as const;

const audience = "https://api.example.com";
const median = (values: readonly number[]): number => summarize(values).median;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Signed {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

const signedOf = (token: string): Signed => {
  const end = token.lastIndexOf(".");
  return { bytes: Buffer.from(token.slice(0, end)), signature: Buffer.from(token.slice(end + 1), "base64url") };
};

const elapsedUs = (times: number, work: (at: number) => void): number => {
  const started = performance.now();
  for (let at = 0; at < times; at++) work(at);
  return ((performance.now() - started) / times) * 1000;
};

/** Throws when a token or proof is not taken: then there is nothing to measure. */
export const measureTokens = ({ rounds = 15, perRound = 400 } = {}): TokenFigures => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = publicKey.export({ format: "jwk" });
  const set = { keys: [{ ...jwk, kid: "bench", alg: "EdDSA", use: "sig" }] };
  const seconds = Math.floor(Date.now() / 1000);
  const signed = (header: object, claims: object): string => {
    const input = `${part(header)}.${part(claims)}`;
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
  };
  const token = (at: number): string =>
    signed(
      { alg: "EdDSA", typ: "at+jwt", kid: "bench" },
      {
        iss: audience,
        aud: audience,
        iat: seconds,
        exp: seconds + 600,
        jti: `tok_${at}`,
        sub: "usr_01JGFJJZ00EPW8EDEWZ21H2WGE",
        client_id: "app_01JGFJJZ00EPW8EDEWZ21H2WGE",
        tenant: "acme",
        environment: "live",
        roles: ["staff", "approver"],
        scope: "accounts:read transfers:write",
        gid: "gra_01JGFJJZ00EPW8EDEWZ21H2WGE",
      },
    );
  const verifier = new TokenVerifier({
    own: { issuer: audience, keys: keysAtHand(() => set.keys), isAudience: (one) => one === audience },
    fetch: () => Promise.reject(new Error("nothing is fetched here")),
  });
  const known = token(-1);
  const take = (text: string): void => {
    const checked = verifier.verify(text);
    if (checked instanceof Promise || !checked.ok) throw new Error("a good token was refused");
  };
  const bare = ({ bytes, signature }: Signed): void => {
    if (!verify(null, bytes, publicKey, signature)) throw new Error("a good signature was refused");
  };

  const { proofs, check } = proofsOf(signed, jwk, seconds, perRound);
  const samples = Array.from({ length: rounds + 1 }, (_, round) => {
    const fresh = Array.from({ length: perRound }, (_, at) => token(round * perRound + at));
    const signedBytes = fresh.map(signedOf);
    return {
      verify: elapsedUs(perRound, (at) => bare(signedBytes[at] ?? signedOf(known))),
      cold: elapsedUs(perRound, (at) => take(fresh[at] ?? "")),
      remembered: elapsedUs(perRound * 10, () => take(known)),
      proof: elapsedUs(perRound, (at) => check(proofs[at] ?? "")),
    };
    // The first round warms up.
  }).slice(1);
  const of = (name: "verify" | "cold" | "remembered" | "proof"): number => median(samples.map((sample) => sample[name]));
  const ratio = (name: "cold" | "remembered" | "proof"): number => median(samples.map((one) => one[name] / one.verify));
  return {
    verifyUs: of("verify"),
    rememberedUs: of("remembered"),
    coldUs: of("cold"),
    proofUs: of("proof"),
    rememberedToVerify: ratio("remembered"),
    coldToVerify: ratio("cold"),
    proofToVerify: ratio("proof"),
  };
};

/** Proofs for a remembered token, and what checks one of them together with it. */
const proofsOf = (
  signed: (header: object, claims: object) => string,
  jwk: object,
  seconds: number,
  count: number,
): { readonly proofs: readonly string[]; readonly check: (proof: string) => void } => {
  const set = { keys: [{ ...jwk, kid: "bench" }] };
  const bound = signed(
    { alg: "EdDSA", typ: "at+jwt", kid: "bench" },
    {
      iss: audience,
      aud: audience,
      iat: seconds,
      exp: seconds + 600,
      sub: "usr_1",
      client_id: "app_1",
      tenant: "acme",
      environment: "live",
      gid: "gra_1",
      cnf: { jkt: thumbprint(jwk) },
    },
  );
  const url = `${audience}/bank/v2/transfers`;
  const ath = new Bun.CryptoHasher("sha256").update(bound).digest("base64url");
  const tokens = new AccessTokens({
    verifier: new TokenVerifier({
      own: { issuer: audience, keys: keysAtHand(() => set.keys), isAudience: () => true },
      fetch: () => Promise.reject(new Error("nothing is fetched here")),
    }),
    dpop: new DpopVerifier({ nonces: { use: () => true } }),
  });
  return {
    proofs: Array.from({ length: count }, (_, at) =>
      signed({ typ: "dpop+jwt", alg: "EdDSA", jwk }, { jti: `jti-${at}`, htm: "POST", htu: url, iat: seconds, ath }),
    ),
    check(proof) {
      const checked = tokens.check({ token: bound, scheme: "DPoP", proof: { jwt: proof, method: "POST", url } });
      if (checked instanceof Promise || !checked.ok) throw new Error("a good proof was refused");
    },
  };
};

const thumbprint = (jwk: object): string => {
  const { crv, kty, x } = jwk as Readonly<Record<string, string>>;
  return new Bun.CryptoHasher("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
};

if (import.meta.main) process.stdout.write(`${JSON.stringify(measureTokens(), undefined, 2)}\n`);
