/** SECURITY 9, as far as the authorization server is concerned: codes, redirects, pushed requests and refresh tokens in the wrong hands. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { type Authority, openAuthority, redirectUri } from "./authority.ts";
import {
  addressOf,
  claimsOf,
  codeFor,
  isActive,
  newVerifier,
  redeem,
  refreshed,
  requestOf,
  tokensFor,
  tokensOf,
} from "./flow.ts";

/** Answers to types that would carry tokens come in the fragment. */
const errorOf = (url: URL | undefined): string | null | undefined =>
  url?.searchParams.get("error") ?? new URLSearchParams(url?.hash.slice(1)).get("error");

forEachEngine((engine) => {
  let authority: Authority;
  beforeAll(async () => (authority = await openAuthority(await engine.create())), 60_000);
  afterAll(() => authority[Symbol.asyncDispose]());

  const open = (changes: Readonly<Record<string, string | undefined>>, client = "backend") =>
    authority.browser().open(addressOf(authority, requestOf(client, newVerifier(), changes)));
  const gidOf = (token: string): string => claimsOf(token)["gid"] as string;

  describe("SECURITY 9: PKCE", () => {
    for (const client of ["backend", "browser"])
      for (const [name, changes] of Object.entries({
        missing: { code_challenge: undefined, code_challenge_method: undefined },
        plain: { code_challenge_method: "plain" },
        "without a method, which means plain": { code_challenge_method: undefined },
        "a method without a challenge": { code_challenge: undefined },
        "too short": { code_challenge: "abc" },
      }))
        test(`${client}: ${name} is refused before anybody is asked`, async () => {
          const { leaves } = await open(changes, client);
          expect([leaves?.origin, errorOf(leaves)]).toEqual(["https://app.example", "invalid_request"]);
        });

    test("a code is of no use without its verifier, or with another one", async () => {
      const { code, verifier } = await codeFor(authority);
      expect((await redeem(authority, { code })).body["error"]).toBe("invalid_grant");
      expect((await redeem(authority, { code, verifier: newVerifier() })).body["error"]).toBe("invalid_grant");
      // Whoever has the code alone cannot use it up either.
      expect((await redeem(authority, { code, verifier })).status).toBe(200);
    });
  });

  describe("SECURITY 9: codes", () => {
    test("a code used twice: refused, and what it gave out is revoked", async () => {
      const coded = await codeFor(authority);
      const tokens = tokensOf(await redeem(authority, coded));
      expect(await isActive(authority, tokens.access)).toBe(true);
      expect((await redeem(authority, coded)).body).toMatchObject({ error: "invalid_grant" });
      expect(await isActive(authority, tokens.access)).toBe(false);
      expect(await isActive(authority, tokens.refresh)).toBe(false);
      expect(await refreshed(authority, tokens.refresh)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
      expect(authority.revoked).toContain(gidOf(tokens.access));
      expect(await authority.oauth.isRevoked(gidOf(tokens.access))).toBe(true);
    });

    test("twenty at once use one code: one of them gets tokens at most, and in the end nothing is good", async () => {
      const coded = await codeFor(authority);
      const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(authority, coded)));
      const good = answers.filter(({ status }) => status === 200);
      expect(good.length).toBeLessThanOrEqual(1);
      expect(answers.filter(({ status }) => status !== 200 && status !== 400)).toEqual([]);
      for (const answer of good) {
        expect(await isActive(authority, tokensOf(answer).access)).toBe(false);
        expect((await refreshed(authority, tokensOf(answer).refresh)).status).toBe(400);
      }
    });

    test("a code is good for its client and its redirect URI only", async () => {
      const coded = await codeFor(authority);
      const phone = { as: null, form: { client_id: "browser" } } as const;
      expect((await redeem(authority, coded, phone)).body["error"]).toBe("invalid_grant");
      const elsewhere = { form: { redirect_uri: `${redirectUri}/` } };
      expect((await redeem(authority, coded, elsewhere)).body["error"]).toBe("invalid_grant");
      expect((await redeem(authority, coded)).status).toBe(200);
    });
  });

  describe("SECURITY 9: redirect URIs are compared character by character", () => {
    for (const uri of [
      `${redirectUri}/`,
      `${redirectUri}/more`,
      `${redirectUri}?next=1`,
      `${redirectUri}#part`,
      "https://app.example/call",
      "https://app.example/CALLBACK",
      "https://app.example/x/../callback",
      "https://app.example/%63allback",
      "https://app.example:443/callback",
      "https://app.example.evil.example/callback",
      "https://app.example@evil.example/callback",
      "https://evil.example/callback",
      "http://app.example/callback",
      "javascript:alert(1)",
    ])
      test(uri, async () => {
        const page = await open({ redirect_uri: uri });
        expect(page).toMatchObject({ status: 400 });
        expect(page.leaves).toBeUndefined();
        expect(page.html).toContain("invalid_redirect_uri");
      });

    test("none at all", async () => expect(await open({ redirect_uri: undefined })).toMatchObject({ status: 400 }));
  });

  test("SECURITY 9: every answer tells its issuer, errors too (RFC 9207)", async () => {
    const { answer } = await codeFor(authority);
    expect(answer.searchParams.get("iss")).toBe(authority.issuer);
    expect(answer.searchParams.get("state")).toBe("state-1");
    const { leaves } = await open({ prompt: "none" });
    expect([errorOf(leaves), leaves?.searchParams.get("iss")]).toEqual(["login_required", authority.issuer]);
    const discovery = await fetch(`${authority.issuer}/.well-known/oauth-authorization-server`);
    expect(await discovery.json()).toMatchObject({
      issuer: authority.issuer,
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ["S256"],
      response_types_supported: ["code"],
      grant_types_supported: expect.not.arrayContaining(["implicit", "password"]),
    });
  });

  describe("SECURITY 9: pushed requests", () => {
    const push = async (client = "backend") => {
      const verifier = newVerifier();
      const { status, body } = await authority.post("/oauth/par", requestOf(client, verifier), { as: client });
      expect([status, Number(body["expires_in"]) < 600]).toEqual([201, true]);
      const url = (as: string) => addressOf(authority, { client_id: as, request_uri: body["request_uri"] as string });
      return { url, verifier };
    };

    test("one is used once", async () => {
      const { url, verifier } = await push();
      const browser = authority.browser();
      const answer = await browser.allow(url("backend"), "ada@example.com");
      expect((await redeem(authority, { code: answer.searchParams.get("code") ?? "", verifier })).status).toBe(200);
      const again = await browser.open(url("backend"));
      expect(again.leaves?.searchParams.get("code") ?? null).toBeNull();
      expect(again.html + (again.leaves?.href ?? "")).toContain("invalid_request_uri");
    });

    test("one that twenty use at once leads to one code", async () => {
      const { url } = await push();
      const browser = authority.browser();
      // Logged in, and the app is allowed: each would be answered with a code.
      await codeFor(authority, { browser });
      const pages = await Promise.all(Array.from({ length: 20 }, () => browser.open(url("backend"))));
      expect(pages.filter(({ leaves }) => leaves?.searchParams.has("code") === true)).toHaveLength(1);
    });

    test("another client cannot use it", async () => {
      const { url } = await push();
      const page = await authority.browser().open(url("browser"));
      expect(page.leaves?.searchParams.get("code") ?? null).toBeNull();
      expect(page.html + (page.leaves?.href ?? "")).toMatch(/invalid_request/);
    });

    test("who pushes is asked who it is; a client that has to push is refused without", async () => {
      const wrong = await authority.post("/oauth/par", requestOf("backend", newVerifier()), { as: ["backend", "wrong"] });
      expect(wrong).toMatchObject({ status: 401, body: { error: "invalid_client" } });
      authority.directory.clients.set("pushing", {
        ...authority.directory.client("backend"),
        id: "pushing",
        requiresPushedRequests: true,
      });
      expect(errorOf((await open({}, "pushing")).leaves)).toBe("invalid_request");
    });
  });

  describe("SECURITY 9: refresh tokens", () => {
    for (const client of ["backend", "browser"])
      test(`${client}: an old one used again ends the family`, async () => {
        const options = client === "browser" ? { as: null } : {};
        const more: Record<string, string> = client === "browser" ? { client_id: client } : {};
        const refresh = (token: string) =>
          authority.post("/oauth/token", { grant_type: "refresh_token", refresh_token: token, ...more }, options);
        const first = await tokensFor(authority, { client });
        const second = tokensOf(await refresh(first.refresh));
        expect(second.refresh).not.toBe(first.refresh);
        const third = tokensOf(await refresh(second.refresh));
        expect(await refresh(first.refresh)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
        for (const token of [second.access, third.access, third.refresh]) expect(await isActive(authority, token)).toBe(false);
        expect((await refresh(third.refresh)).status).toBe(400);
        expect(authority.revoked).toContain(gidOf(first.access));
      });

    test("twenty use one at once: one of them gets tokens at most, and the family ends", async () => {
      const { refresh } = await tokensFor(authority);
      const answers = await Promise.all(Array.from({ length: 20 }, () => refreshed(authority, refresh)));
      const good = answers.filter(({ status }) => status === 200);
      expect(good.length).toBeLessThanOrEqual(1);
      for (const answer of good) expect((await refreshed(authority, tokensOf(answer).refresh)).status).toBe(400);
    });

    test("another client cannot use it, nor look at it, nor revoke it", async () => {
      const { refresh } = await tokensFor(authority);
      const form = { grant_type: "refresh_token", refresh_token: refresh, client_id: "browser" };
      expect((await authority.post("/oauth/token", form, { as: null })).body["error"]).toBe("invalid_grant");
      expect(await isActive(authority, refresh, { as: "foreign" })).toBe(false);
      await authority.post("/oauth/revoke", { token: refresh }, { as: "foreign" });
      expect((await refreshed(authority, refresh)).status).toBe(200);
    });

    test("it cannot ask for more than was granted", async () => {
      const { refresh } = await tokensFor(authority);
      const form = { grant_type: "refresh_token", refresh_token: refresh, scope: "transfers:write" };
      expect((await authority.post("/oauth/token", form)).body["error"]).toBe("invalid_scope");
    });
  });

  for (const type of ["token", "id_token", "code id_token", "code token", "none"])
    test(`SECURITY 9: response_type ${type} is not served`, async () => {
      const { leaves, status } = await open({ response_type: type, nonce: "n" });
      expect(status).toBe(303);
      expect(["unsupported_response_type", "invalid_request"]).toContain(errorOf(leaves) ?? "");
      expect(leaves?.href).not.toMatch(/code=|token=/);
    });

  for (const type of ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "urn:made-up"])
    test(`SECURITY 9: grant_type ${type} is not served`, async () => {
      const answer = await authority.post("/oauth/token", { grant_type: type, username: "ada@example.com", password: "x" });
      expect(answer).toMatchObject({ status: 400, body: { error: "unsupported_grant_type" } });
    });

  test("no error of ours", () => expect(authority.errors).toEqual([]));
});
