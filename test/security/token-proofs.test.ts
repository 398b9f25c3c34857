/** Tokens that are bound to a key or a certificate, and proofs with anything wrong: each is refused by its name, and is 401. */
import { beforeEach, describe, expect, test } from "bun:test";
import { challengeOf, type ShownToken } from "../../src/pipeline/identity/token/index.ts";
import { good, now, origin, TokenCheck } from "./token-check.ts";
import { type Alg, base64url, type Json, signedByMac, TestKey } from "./token-maker.ts";

let check: TokenCheck;
beforeEach(() => {
  check = new TokenCheck();
});
const verdict = (token: string, more?: Partial<ShownToken>): Promise<string> => check.verdict(token, more);

describe("SECURITY 10: proofs of possession", () => {
  const key = new TestKey("ES256", "client");
  const boundToken = (more: Json = {}): string => good({ cnf: { jkt: key.thumbprint }, ...more });
  const url = `${origin}/bank/v2/transfers`;
  const header = (more: Json = {}): Json => ({ typ: "dpop+jwt", alg: key.alg, jwk: key.bare, ...more });
  const claims = (token: string, more: Json = {}): Json => ({
    jti: crypto.randomUUID(),
    htm: "POST",
    htu: url,
    iat: now(),
    ath: hashOf(token),
    ...more,
  });
  const call = (token: string, proof: string | undefined, more: Partial<ShownToken> & { url?: string } = {}): Promise<string> => {
    const { url: address = url, ...others } = more;
    const shown = proof === undefined ? {} : { proof: { jwt: proof, method: "POST", url: address } };
    return verdict(token, { scheme: "DPoP", ...shown, ...others });
  };
  const proofOf = (token: string, more: Json = {}, inHeader: Json = {}, by = key): string =>
    by.sign(header(inHeader), claims(token, more));

  test("a bound token with a proof counts", async () => {
    const token = boundToken();
    expect(await call(token, proofOf(token))).toBe("good");
  });

  test.each<Alg>(["EdDSA", "RS256", "PS256"])("also by a key for %s", async (alg) => {
    const other = new TestKey(alg);
    const token = good({ cnf: { jkt: other.thumbprint } });
    expect(await call(token, proofOf(token, {}, { alg, jwk: other.bare }, other))).toBe("good");
  });

  test("a bound token as Bearer, with or without a proof", async () => {
    const token = boundToken();
    expect(await call(token, undefined, { scheme: "Bearer" })).toBe("bound");
    expect(await call(token, proofOf(token), { scheme: "Bearer" })).toBe("bound");
  });

  test("an unbound token with the scheme DPoP", async () => {
    const token = good();
    expect(await call(token, proofOf(token))).toBe("not_bound");
  });

  test("no proof", async () => {
    expect(await call(boundToken(), undefined)).toBe("proof_missing");
  });

  test.each<[string, unknown]>([
    ["another method", "GET"],
    ["other letters", "post"],
    ["none", undefined],
    ["a list", ["POST"]],
  ])("htm: %s", async (_, htm) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, { htm }))).toBe("proof_target");
  });

  test.each<[string, unknown, string]>([
    ["another path", `${url}/x`, "proof_target"],
    ["a shorter path", origin, "proof_target"],
    ["a slash more", `${url}/`, "proof_target"],
    ["other letters in the path", url.replace("bank", "Bank"), "proof_target"],
    ["another host", url.replace("api.", "evil."), "proof_target"],
    ["another port", url.replace(".com", ".com:8443"), "proof_target"],
    ["http", url.replace("https", "http"), "proof_target"],
    ["a path only", "/bank/v2/transfers", "proof_target"],
    ["a user", url.replace("://", "://user@"), "proof_target"],
    ["another scheme", url.replace("https", "ftp"), "proof_target"],
    ["an escaped slash", url.replace("/v2", "%2Fv2"), "proof_target"],
    ["none", undefined, "proof"],
    ["a list", [url], "proof"],
  ])("htu: %s", async (_, htu, fault) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, { htu }))).toBe(fault);
  });

  test.each([
    ["the port of the scheme", `${origin}:443/bank/v2/transfers`],
    ["letters of scheme and host", "HTTPS://API.example.COM/bank/v2/transfers"],
    ["escapes of what needs none", `${origin}/%62ank/v2/transfers`],
    ["a query and a fragment", `${url}?a=1#b`],
    ["dots", `${origin}/x/../bank/v2/./transfers`],
  ])("htu: the same address with %s", async (_, htu) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, { htu }))).toBe("good");
  });

  test("htu without the request's query", async () => {
    const token = boundToken();
    expect(await call(token, proofOf(token), { url: `${url}?page=2` })).toBe("good");
  });

  test.each<[string, unknown, string]>([
    ["too old", -61, "proof_stale"],
    ["from the future", 62, "proof_stale"],
    ["just old enough", -58, "good"],
    ["just young enough", 58, "good"],
  ])("iat: %s", async (_, seconds, fault) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, { iat: now() + Number(seconds) }))).toBe(fault);
  });

  test("iat that is none", async () => {
    const token = boundToken();
    for (const iat of [undefined, "now", String(now()), null, [now()]])
      expect(await call(token, proofOf(token, { iat }))).toBe("proof");
    for (const iat of [1e300, -1e300]) expect(await call(token, proofOf(token, { iat }))).toBe("proof_stale");
  });

  test.each<[string, unknown]>([
    ["of another token", hashOf("other")],
    ["none", undefined],
    ["the token itself", "token"],
    ["a list", []],
  ])("ath: %s", async (_, ath) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, { ath }))).toBe("proof_token");
  });

  test("jti replayed, also at the same moment; of two exactly one counts", async () => {
    const token = boundToken();
    const proof = proofOf(token);
    const both = await Promise.all([call(token, proof), call(token, proof)]);
    expect(both.toSorted()).toEqual(["good", "proof_replayed"]);
    expect(await call(token, proof)).toBe("proof_replayed");
  });

  test("jti replayed under a fresh signature and another iat", async () => {
    const token = boundToken();
    const jti = crypto.randomUUID();
    expect(await call(token, proofOf(token, { jti }))).toBe("good");
    expect(await call(token, proofOf(token, { jti, iat: now() - 1 }))).toBe("proof_replayed");
  });

  test("another client's jti is another", async () => {
    const other = new TestKey("EdDSA");
    const [token, theirs] = [boundToken(), good({ cnf: { jkt: other.thumbprint } })];
    const jti = crypto.randomUUID();
    expect(await call(token, proofOf(token, { jti }))).toBe("good");
    expect(await call(theirs, proofOf(theirs, { jti }, { alg: other.alg, jwk: other.bare }, other))).toBe("good");
  });

  test("a proof that is wrong in another way spends no jti", async () => {
    const token = boundToken();
    const jti = crypto.randomUUID();
    expect(await call(token, proofOf(token, { jti, htm: "GET" }))).toBe("proof_target");
    const [head = "", body = ""] = proofOf(token, { jti }).split(".");
    expect(await call(token, `${head}.${body}.${base64url(new Uint8Array(64))}`)).toBe("proof");
    expect(await call(token, proofOf(token, { jti }))).toBe("good");
  });

  test.each<[string, unknown]>([
    ["none", undefined],
    ["empty", ""],
    ["a number", 1],
    ["too long", "j".repeat(256)],
  ])("jti: %s", async (_, jti) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, { jti }))).toBe("proof");
  });

  test("a proof by another key", async () => {
    const token = boundToken();
    const other = new TestKey("ES256");
    expect(await call(token, proofOf(token, {}, { jwk: other.bare }, other))).toBe("proof_token");
    expect(await call(token, proofOf(token, {}, {}, other))).toBe("proof");
  });

  test("a proof for one client's token with another's", async () => {
    const [token, other] = [boundToken(), boundToken({ sub: "usr_2" })];
    expect(await call(other, proofOf(token))).toBe("proof_token");
  });

  const privateJwk = key.privateKey.export({ format: "jwk" });

  test.each<[string, Json]>([
    ["typ JWT", { typ: "JWT" }],
    ["typ of an access token", { typ: "at+jwt" }],
    ["no typ", { typ: undefined }],
    ["alg none", { alg: "none" }],
    ["alg HS256", { alg: "HS256" }],
    ["an algorithm of another kind", { alg: "EdDSA" }],
    ["no jwk", { jwk: undefined }],
    ["a jwk with its private part", { jwk: privateJwk }],
    ["a symmetric jwk", { jwk: { kty: "oct", k: "c2VjcmV0" } }],
    ["a jwk that is a text", { jwk: "key" }],
    ["a jwk that is a list", { jwk: [key.bare] }],
    ["a point that is not on the curve", { jwk: { ...key.bare, y: key.bare["x"] } }],
    ["a jwk for encryption", { jwk: { ...key.bare, use: "enc" } }],
    ["critical extensions", { crit: ["x"] }],
  ])("header: %s", async (_, more) => {
    const token = boundToken();
    expect(await call(token, proofOf(token, {}, more))).toMatch(/^proof(?:_token)?$/);
    expect(await call(token, proofOf(token))).toBe("good");
  });

  test("MAC with the public key", async () => {
    const token = boundToken();
    const secret = JSON.stringify(key.bare);
    expect(await call(token, signedByMac(header({ alg: "HS256" }), claims(token), secret))).toBe("proof");
  });

  test("two proofs in one header, and what is no proof", async () => {
    const token = boundToken();
    for (const proof of [`${proofOf(token)}, ${proofOf(token)}`, "", "x", `${proofOf(token)} `, "a".repeat(9_000)])
      expect(await call(token, proof)).toBe("proof");
  });

  test("challenges name what is wanted", async () => {
    const token = boundToken();
    const bearer = await check.identity(token);
    expect(bearer.ok || challengeOf(bearer, { metadata: `${origin}/.well-known/oauth-protected-resource` })).toBe(
      'DPoP error="invalid_token", error_description="The token is bound to a key: it needs the DPoP scheme and a proof.", ' +
        'algs="EdDSA Ed25519 ES256 PS256 RS256", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"',
    );
  });
});

describe("SECURITY 11: tokens bound to certificates", () => {
  const certificate = hashOf("certificate");
  const bound = (): string => good({ cnf: { "x5t#S256": certificate } });

  test("with the certificate", async () => {
    expect(await verdict(bound(), { certificate })).toBe("good");
  });

  test("x5t#S256 mismatch", async () => {
    expect(await verdict(bound(), { certificate: hashOf("another") })).toBe("certificate");
  });

  test("without a certificate", async () => {
    expect(await verdict(bound())).toBe("certificate_missing");
  });

  test("a certificate and a key: both are needed", async () => {
    const key = new TestKey("EdDSA");
    const token = good({ cnf: { jkt: key.thumbprint, "x5t#S256": certificate } });
    const noProof = { jwt: "x", method: "GET", url: origin };
    expect(await verdict(token, { certificate })).toBe("bound");
    expect(await verdict(token, { scheme: "DPoP", proof: noProof })).toBe("certificate_missing");
    expect(await verdict(token, { scheme: "DPoP", proof: noProof, certificate })).toBe("proof");
  });
});

function hashOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("base64url");
}
