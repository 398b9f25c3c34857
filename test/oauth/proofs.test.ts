/** SECURITY 10, as far as the authorization server is concerned: proofs of possession (RFC 9449), and client assertions (RFC 7523). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, generateKeyPairSync } from "node:crypto";
import { forEachEngine } from "../core/harness.ts";
import { type Authority, openAuthority } from "./authority.ts";
import { claimsOf, codeFor, isActive, ProofKey, redeem, refreshed, signed, tokensOf } from "./flow.ts";

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
const athOf = (token: string): string => createHash("sha256").update(token).digest("base64url");

forEachEngine((engine) => {
  let authority: Authority;
  beforeAll(async () => (authority = await openAuthority(await engine.create())), 60_000);
  afterAll(() => authority[Symbol.asyncDispose]());

  const endpoint = () => `${authority.issuer}/oauth/token`;
  const proper = () => ({ htm: "POST", htu: endpoint() });
  const ask = (proof: string) =>
    authority.post("/oauth/token", { grant_type: "client_credentials", scope: "accounts:read" }, { headers: { dpop: proof } });

  describe("SECURITY 10: at the token endpoint", () => {
    test("a proper proof binds the token to its key", async () => {
      const { status, body } = await ask(new ProofKey().proof(proper()));
      expect([status, body["token_type"]]).toEqual([200, "DPoP"]);
      expect(claimsOf(body["access_token"] as string)["cnf"]).toEqual({ jkt: expect.stringMatching(/^[\w-]{43}$/) });
    });

    const key = new ProofKey();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const wrong: Readonly<Record<string, () => string>> = {
      "wrong htm": () => key.proof({ ...proper(), htm: "GET" }),
      "wrong htu": () => key.proof({ ...proper(), htu: `${authority.issuer}/oauth/par` }),
      "htu of another host": () => key.proof({ ...proper(), htu: "https://evil.example/oauth/token" }),
      "no htu": () => key.proof({ htm: "POST" }),
      "stale iat": () => key.proof({ ...proper(), iat: nowSeconds() - 600 }),
      "iat in the future": () => key.proof({ ...proper(), iat: nowSeconds() + 600 }),
      "no iat": () => key.proof({ ...proper(), iat: undefined }),
      "no jti": () => key.proof({ ...proper(), jti: undefined }),
      "wrong typ": () => key.proof(proper(), { typ: "JWT" }),
      "alg none": () => key.proof(proper(), { alg: "none" }),
      "a secret for a key": () => key.proof(proper(), { alg: "HS256", jwk: { kty: "oct", k: "c2VjcmV0" } }),
      "another key's signature": () => key.proof(proper(), { jwk: privateKey.export({ format: "jwk" }) }),
      "a nonce that is not ours": () => key.proof({ ...proper(), nonce: "made-up" }),
      "no JWT": () => "proof",
    };
    for (const [name, proof] of Object.entries(wrong))
      test(`${name} is refused`, async () => {
        const { status, body } = await ask(proof());
        expect(status).toBe(400);
        expect(["invalid_dpop_proof", "use_dpop_nonce"]).toContain(body["error"] as string);
      });

    test("a jti is good for one time, also when twenty come at once", async () => {
      const proof = new ProofKey().proof(proper());
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(proof)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
      expect((await ask(proof)).status).toBe(400);
    });

    test("a stale proof is answered with a nonce, with which it is good", async () => {
      const stale = new ProofKey();
      const refused = await ask(stale.proof({ ...proper(), iat: nowSeconds() - 600 }));
      const nonce = refused.headers.get("dpop-nonce") ?? "";
      expect((await ask(stale.proof({ ...proper(), iat: nowSeconds() - 600, nonce }))).status).toBe(200);
    });

    test("a public client's refresh token needs the proof of the same key", async () => {
      const coded = await codeFor(authority, { client: "browser" });
      const mine = new ProofKey();
      const as = (proof: string | undefined) => ({ as: null, headers: proof === undefined ? {} : { dpop: proof } });
      const form = { client_id: "browser" };
      const tokens = tokensOf(await redeem(authority, coded, { ...as(mine.proof(proper())), form }));
      const again = (proof: string | undefined) =>
        authority.post("/oauth/token", { grant_type: "refresh_token", refresh_token: tokens.refresh, ...form }, as(proof));
      expect((await again(undefined)).body["error"]).toBe("invalid_grant");
      expect((await again(new ProofKey().proof(proper()))).body["error"]).toBe("invalid_grant");
      expect((await again(mine.proof(proper()))).status).toBe(200);
    });

    test("a code that was asked for with a key's thumbprint needs its proof", async () => {
      const mine = new ProofKey();
      const coded = await codeFor(authority, { parameters: { dpop_jkt: mine.thumbprint } });
      expect((await redeem(authority, coded, { headers: { dpop: new ProofKey().proof(proper()) } })).status).toBe(400);
    });

    test("a client that has to prove its key gets nothing without", async () => {
      const bound = { ...authority.directory.client("gateway"), id: "bound", requiresDpop: true };
      authority.directory.clients.set("bound", bound);
      const answer = await authority.post("/oauth/token", { grant_type: "client_credentials" }, { as: "bound" });
      expect(answer).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    });
  });

  describe("SECURITY 10: at the userinfo endpoint", () => {
    const key = new ProofKey();
    let token = "";
    beforeAll(async () => {
      const coded = await codeFor(authority);
      token = tokensOf(await redeem(authority, coded, { headers: { dpop: key.proof(proper()) } })).access;
    });
    const show = (scheme: string, proof?: string) =>
      fetch(`${authority.issuer}/oauth/userinfo`, {
        headers: { authorization: `${scheme} ${token}`, ...(proof === undefined ? {} : { dpop: proof }) },
      });
    const good = () => ({ htm: "GET", htu: `${authority.issuer}/oauth/userinfo`, ath: athOf(token) });

    test("good with its proof", async () => expect((await show("DPoP", key.proof(good()))).status).toBe(200));

    for (const [name, scheme, proof] of [
      ["as Bearer", "Bearer", () => undefined],
      ["as Bearer, with the proof", "Bearer", () => key.proof(good())],
      ["without a proof", "DPoP", () => undefined],
      ["wrong htm", "DPoP", () => key.proof({ ...good(), htm: "POST" })],
      ["wrong htu", "DPoP", () => key.proof({ ...good(), htu: `${authority.issuer}/oauth/token` })],
      ["wrong ath", "DPoP", () => key.proof({ ...good(), ath: athOf("another token") })],
      ["no ath", "DPoP", () => key.proof({ ...good(), ath: undefined })],
      ["another key", "DPoP", () => new ProofKey().proof(good())],
      ["stale iat", "DPoP", () => key.proof({ ...good(), iat: nowSeconds() - 600 })],
    ] as const)
      test(`${name} is refused`, async () => expect([400, 401]).toContain((await show(scheme, proof())).status));

    test("a proof is good for one time", async () => {
      const proof = key.proof(good());
      expect((await show("DPoP", proof)).status).toBe(200);
      expect((await show("DPoP", proof)).status).toBe(401);
    });
  });

  describe("client assertions", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    beforeAll(() => {
      const publicKeys = [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "ES256", use: "sig" }];
      authority.directory.clients.set("keyed", { ...authority.directory.client("backend"), id: "keyed", publicKeys });
    });
    const claims = () => ({
      iss: "keyed",
      sub: "keyed",
      aud: authority.issuer,
      jti: crypto.randomUUID(),
      iat: nowSeconds(),
      exp: nowSeconds() + 60,
    });
    const show = (assertion: string) =>
      authority.post(
        "/oauth/token",
        {
          grant_type: "client_credentials",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: assertion,
        },
        { as: null },
      );
    const header = { alg: "ES256", kid: "one" };

    test("a proper one is good for one time", async () => {
      const assertion = signed(header, claims(), privateKey);
      const answers = await Promise.all(Array.from({ length: 10 }, () => show(assertion)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(9);
    });

    for (const [name, assertion] of [
      ["of another key", () => signed(header, claims(), other)],
      ["for another audience", () => signed(header, { ...claims(), aud: "https://evil.example" }, privateKey)],
      ["of another issuer", () => signed(header, { ...claims(), iss: "backend" }, privateKey)],
      ["expired", () => signed(header, { ...claims(), exp: nowSeconds() - 120 }, privateKey)],
      ["good for a year", () => signed(header, { ...claims(), exp: nowSeconds() + 31_536_000 }, privateKey)],
      ["without expiry", () => signed(header, { ...claims(), exp: undefined }, privateKey)],
      ["without jti", () => signed(header, { ...claims(), jti: undefined }, privateKey)],
      ["alg none", () => signed({ ...header, alg: "none" }, claims(), privateKey)],
      ["alg HS256", () => signed({ ...header, alg: "HS256" }, claims(), privateKey)],
    ] as const)
      test(`SECURITY 8: one ${name} is refused`, async () => {
        expect(await show(assertion())).toMatchObject({ status: 401, body: { error: "invalid_client" } });
      });

    test("its secret is of no use to a client that has keys", async () => {
      const answer = await authority.post("/oauth/token", { grant_type: "client_credentials" }, { as: "keyed" });
      expect(answer).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    });
  });

  test("no error of ours", async () => {
    expect(authority.errors).toEqual([]);
    expect(await isActive(authority, "nothing")).toBe(false);
    expect((await refreshed(authority, "nothing")).status).toBe(400);
  });
});
