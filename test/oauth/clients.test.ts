/** Client libraries that others wrote go through their flows: openid-client, certified by the OpenID Foundation, and simple-oauth2. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as openid from "openid-client";
import { AuthorizationCode, ClientCredentials } from "simple-oauth2";
import { forEachEngine } from "../core/harness.ts";
import { type Authority, clientSecret, openAuthority, redirectUri } from "./authority.ts";

const insecure = { execute: [openid.allowInsecureRequests] };

forEachEngine((engine) => {
  let authority: Authority;
  beforeAll(async () => (authority = await openAuthority(await engine.create())), 60_000);
  afterAll(() => authority[Symbol.asyncDispose]());

  const discover = (clientId: string, auth: openid.ClientAuth) =>
    openid.discovery(new URL(authority.issuer), clientId, {}, auth, insecure);

  describe("openid-client", () => {
    test("authorization code with PKCE, nonce and iss; userinfo; refresh; introspection; revocation", async () => {
      const config = await discover("backend", openid.ClientSecretBasic(clientSecret));
      const verifier = openid.randomPKCECodeVerifier();
      const [state, nonce] = [openid.randomState(), openid.randomNonce()];
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: "openid profile email accounts:read",
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state,
        nonce,
      });
      const answer = await authority.browser().allow(url, "ada@example.com");
      expect(answer.searchParams.get("iss")).toBe(authority.issuer);
      const tokens = await openid.authorizationCodeGrant(config, answer, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      expect(tokens.claims()).toMatchObject({ sub: "acc_ada", aud: "backend", iss: authority.issuer });
      const info = await openid.fetchUserInfo(config, tokens.access_token, "acc_ada");
      expect(info).toMatchObject({ sub: "acc_ada", name: "Ada Lovelace", email: "ada@example.com", email_verified: true });

      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? "");
      expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
      const seen = await openid.tokenIntrospection(config, refreshed.access_token);
      expect(seen).toMatchObject({
        active: true,
        sub: "acc_ada",
        client_id: "backend",
        tenant: "acme",
        environment: "live",
        roles: ["customer"],
        subject: "cus_1",
        aud: authority.issuer,
        token_type: "Bearer",
      });
      await openid.tokenRevocation(config, refreshed.refresh_token ?? "");
      expect(Object.entries(await openid.tokenIntrospection(config, refreshed.access_token))).toEqual([["active", false]]);
    });

    test("a pushed request, DPoP and a private key", async () => {
      const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
      const jwk = await crypto.subtle.exportKey("jwk", keys.publicKey);
      authority.directory.clients.set("keyed", {
        ...authority.directory.client("backend"),
        id: "keyed",
        publicKeys: [{ ...jwk, kid: "one", alg: "ES256", use: "sig" }],
        requiresPushedRequests: true,
        requiresDpop: true,
      });
      const config = await discover("keyed", openid.PrivateKeyJwt({ key: keys.privateKey, kid: "one" }));
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair("ES256"));
      const verifier = openid.randomPKCECodeVerifier();
      const url = await openid.buildAuthorizationUrlWithPAR(
        config,
        {
          redirect_uri: redirectUri,
          scope: "openid accounts:read",
          code_challenge: await openid.calculatePKCECodeChallenge(verifier),
          code_challenge_method: "S256",
        },
        { DPoP },
      );
      expect([...url.searchParams.keys()].toSorted()).toEqual(["client_id", "request_uri"]);
      const answer = await authority.browser().allow(url, "ada@example.com");
      const tokens = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier }, undefined, { DPoP });
      expect(tokens.token_type.toLowerCase()).toBe("dpop");
      expect((await openid.tokenIntrospection(config, tokens.access_token))["cnf"]).toEqual({ jkt: expect.any(String) });
      expect(await openid.fetchUserInfo(config, tokens.access_token, "acc_ada", { DPoP })).toHaveProperty("sub", "acc_ada");
      const again = await openid.refreshTokenGrant(config, tokens.refresh_token ?? "", undefined, { DPoP });
      expect(again.token_type.toLowerCase()).toBe("dpop");
    });

    test("client credentials with a secret in the body", async () => {
      const config = await discover("backend", openid.ClientSecretPost(clientSecret));
      const tokens = await openid.clientCredentialsGrant(config, { scope: "accounts:read" });
      expect(tokens).toMatchObject({ scope: "accounts:read", expires_in: 600 });
      expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({
        active: true,
        client_id: "backend",
        tenant: "acme",
        roles: ["clerk"],
        scope: "accounts:read",
      });
    });

    test("a public client, and logging out", async () => {
      const config = await discover("browser", openid.None());
      const verifier = openid.randomPKCECodeVerifier();
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: "openid accounts:read",
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      const browser = authority.browser();
      const answer = await browser.allow(url, "bob@example.com");
      const tokens = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier });
      const out = openid.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token ?? "",
        post_logout_redirect_uri: "https://app.example/bye",
      });
      const page = await browser.open(out);
      expect(page.html).toContain("Log out?");
      expect((await browser.submit(page, { logout: "yes" })).leaves?.href).toStartWith("https://app.example/bye");
      expect(authority.revoked).toContain(JSON.parse(atob(tokens.access_token.split(".")[1] ?? "")).gid);
      const refusal = openid.refreshTokenGrant(config, tokens.refresh_token ?? "");
      expect(refusal).rejects.toMatchObject({ error: "invalid_grant" });
    });
  });

  describe("simple-oauth2", () => {
    const client = { id: "backend", secret: clientSecret };
    const auth = () => ({ tokenHost: authority.issuer, tokenPath: "/oauth/token", revokePath: "/oauth/revoke" });

    test("authorization code, refresh, revocation", async () => {
      const app = new AuthorizationCode({ client, auth: { ...auth(), authorizePath: "/oauth/authorize" } });
      const verifier = openid.randomPKCECodeVerifier();
      const challenge = await openid.calculatePKCECodeChallenge(verifier);
      const asked = { redirect_uri: redirectUri, scope: "accounts:read", state: "x" };
      const url = new URL(app.authorizeURL(asked));
      url.searchParams.set("code_challenge", challenge);
      url.searchParams.set("code_challenge_method", "S256");
      const answer = await authority.browser().allow(url, "ada@example.com");
      const code = answer.searchParams.get("code") ?? "";
      const first = await app.getToken({ code, redirect_uri: redirectUri, code_verifier: verifier });
      const second = await first.refresh();
      expect(second.token["access_token"]).not.toBe(first.token["access_token"]);
      await second.revokeAll();
      expect(second.refresh()).rejects.toThrow();
    });

    test("client credentials", async () => {
      const { token } = await new ClientCredentials({ client, auth: auth() }).getToken({ scope: "transfers:write" });
      expect(token).toMatchObject({ token_type: "Bearer", scope: "transfers:write" });
    });
  });

  test("no error of ours", () => expect(authority.errors).toEqual([]));
});
