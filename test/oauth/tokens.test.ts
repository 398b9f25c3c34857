/** What tokens say, who gets them, who is told about them, and when they end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import type { JsonWebKey } from "../../src/oauth/client.ts";
import { isRedirectUri } from "../../src/oauth/index.ts";
import { keysAtHand, TokenVerifier } from "../../src/pipeline/identity/token/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { address, type Authority, openAuthority, type PostOptions } from "./authority.ts";
import {
  addressOf,
  claimsOf,
  codeFor,
  headerOf,
  isActive,
  newVerifier,
  redeem,
  refreshed,
  requestOf,
  tokensFor,
  tokensOf,
} from "./flow.ts";

const resource = "https://api.example/mcp";

test("redirect URIs that an app may have", () => {
  const uris = {
    "https://app.example/callback": true,
    "https://app.example:8443/callback?x=1": true,
    "http://127.0.0.1:3000/done": true,
    "http://localhost/done": true,
    "http://[::1]/done": true,
    "com.example.app:/done": true,
    "http://app.example/done": false,
    "https://app.example/*": false,
    "https://app.example/#done": false,
    "https://me:secret@app.example/": false,
    "app:/done": false,
    "javascript:alert(1)": false,
    "data:text/html,x": false,
    "/callback": false,
    "": false,
  };
  expect(Object.fromEntries(Object.keys(uris).map((uri) => [uri, isRedirectUri(uri)]))).toEqual(uris);
});

forEachEngine((engine) => {
  let authority: Authority;
  beforeAll(async () => (authority = await openAuthority(await engine.create(), { resources: [resource] })), 60_000);
  afterAll(() => authority[Symbol.asyncDispose]());

  const ask = (form: Readonly<Record<string, string>> = {}, options: PostOptions = {}) =>
    authority.post("/oauth/token", { grant_type: "client_credentials", ...form }, options);
  const accessOf = async (form: Readonly<Record<string, string>> = {}, options: PostOptions = {}) =>
    tokensOf(await ask(form, options)).access;

  describe("what they say (RFC 9068)", () => {
    test("an app's own token", async () => {
      const { status, headers, body } = await ask({ scope: "accounts:read" });
      expect(status).toBe(200);
      expect(headers.get("cache-control")).toBe("no-store");
      expect(body).toMatchObject({ token_type: "Bearer", expires_in: 600, scope: "accounts:read" });
      const token = body["access_token"] as string;
      expect(headerOf(token)).toEqual({ typ: "at+jwt", alg: "EdDSA", kid: expect.any(String) });
      const claims = claimsOf(token);
      expect(claims).toEqual({
        iss: authority.issuer,
        aud: authority.issuer,
        sub: "backend",
        client_id: "backend",
        scope: "accounts:read",
        tenant: "acme",
        environment: "live",
        roles: ["clerk"],
        gid: claims["jti"],
        jti: expect.stringMatching(/^[\w-]{43}$/),
        iat: expect.any(Number),
        exp: Number(claims["iat"]) + 600,
      });
    });

    test("a person's token, and the ID token beside it", async () => {
      const tokens = await tokensFor(authority, { parameters: { scope: "openid email accounts:read" } });
      const claims = claimsOf(tokens.access);
      expect(claims).toMatchObject({
        sub: "acc_ada",
        client_id: "backend",
        scope: "openid email accounts:read",
        tenant: "acme",
        environment: "live",
        roles: ["customer"],
        subject: "cus_1",
      });
      expect(claims["gid"]).not.toBe(claims["jti"]);
      expect(claims).not.toHaveProperty("email");
      expect(headerOf(tokens.id)["alg"]).toBe("ES256");
      expect(claimsOf(tokens.id)).toMatchObject({ iss: authority.issuer, aud: "backend", sub: "acc_ada" });
      expect(claimsOf(tokensOf(await refreshed(authority, tokens.refresh)).access)["gid"]).toBe(claims["gid"]);
    });

    test("all are signed with published keys", async () => {
      const answer = await fetch(`${authority.issuer}/oauth/jwks`);
      const { keys } = (await answer.json()) as { readonly keys: readonly JsonWebKey[] };
      expect(answer.headers.get("cache-control")).toBe("public, max-age=900");
      expect(keys.map(({ kid }) => kid ?? "").toSorted()).toEqual(
        authority.oauth
          .publicKeys()
          .map(({ kid }) => kid ?? "")
          .toSorted(),
      );
      for (const key of keys) expect(key).not.toHaveProperty("d");
      const tokens = await tokensFor(authority);
      for (const token of [tokens.access, tokens.id]) {
        const jwk = keys.find(({ kid }) => kid === headerOf(token)["kid"]);
        const [head, body, signature = ""] = token.split(".");
        const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
        const options = jwk?.kty === "EC" ? { key, dsaEncoding: "ieee-p1363" as const } : key;
        const hash = jwk?.kty === "EC" ? "sha256" : null;
        expect(verify(hash, Buffer.from(`${head}.${body}`), options, Buffer.from(signature, "base64url"))).toBe(true);
      }
    });
  });

  test("the nodes that take them read the same in them", async () => {
    const verifier = new TokenVerifier({
      own: {
        issuer: authority.issuer,
        keys: keysAtHand(() => authority.oauth.publicKeys()),
        isAudience: (audience) => audience === authority.issuer,
      },
      fetch: () => Promise.reject(new Error("nothing is fetched")),
    });
    const tokens = await tokensFor(authority);
    expect(await verifier.verify(tokens.access)).toMatchObject({
      ok: true,
      kind: "own",
      user: "acc_ada",
      subject: "cus_1",
      app: "backend",
      tenant: "acme",
      environment: "live",
      roles: ["customer"],
      scopes: ["openid", "accounts:read"],
      grant: claimsOf(tokens.access)["gid"],
    });
    expect(await verifier.verify(await accessOf())).toMatchObject({ user: null, app: "backend", roles: ["clerk"] });
    // An ID token is signed with a key of ours too, and is no access token.
    expect(await verifier.verify(tokens.id)).toMatchObject({ ok: false });
    expect(await verifier.verify(await accessOf({ resource }))).toMatchObject({ ok: false });
  });

  test("SECURITY 64: what happens is told of, with who and from where", async () => {
    const { events } = authority;
    events.length = 0;
    const browser = authority.browser();
    const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser })));
    const grantId = claimsOf(tokens.access)["gid"] as string;
    const who = { address, clientId: "backend", accountId: "acc_ada" };
    expect(events).toEqual([
      { kind: "authorized", ...who, grantId },
      { kind: "issued", ...who, grantType: "authorization_code", grantId },
    ]);
    events.length = 0;
    const own = claimsOf(await accessOf());
    await ask({}, { as: ["backend", "wrong"] });
    await ask({}, { as: ["nobody", "wrong"] });
    await browser.submit(await browser.open("/oauth/logout"), { logout: "yes" });
    const refused = {
      kind: "refused",
      endpoint: "/oauth/token",
      error: "invalid_client",
      address,
      accountId: undefined,
    } as const;
    expect(events).toEqual([
      {
        kind: "issued",
        address,
        clientId: "backend",
        accountId: undefined,
        grantType: "client_credentials",
        grantId: own["gid"] as string,
      },
      { ...refused, clientId: "backend" },
      { ...refused, clientId: undefined },
      { kind: "logged_out", address, clientId: undefined, accountId: "acc_ada" },
    ]);
    expect(JSON.stringify(events)).not.toContain("wrong");
  });

  describe("scopes and resources", () => {
    test("without any, an app gets what it may have", async () =>
      expect((await ask()).body["scope"]).toBe("accounts:read transfers:write"));
    test("one that it may not have is refused", async () =>
      expect(await ask({ scope: "accounts:read accounts:delete" })).toMatchObject({
        status: 400,
        body: { error: "invalid_scope" },
      }));
    test("one with a quote in it as well", async () =>
      expect(await ask({ scope: 'accounts:read"' })).toMatchObject({ status: 400, body: { error: "invalid_scope" } }));
    test("a known resource is the audience", async () => expect(claimsOf(await accessOf({ resource }))["aud"]).toBe(resource));
    test("another one is refused", async () =>
      expect(await ask({ resource: "https://evil.example/" })).toMatchObject({ status: 400, body: { error: "invalid_target" } }));
    test("in the code flow too; the token says so after a refresh", async () => {
      const coded = await codeFor(authority, { parameters: { resource } });
      const tokens = tokensOf(await redeem(authority, coded));
      expect(claimsOf(tokens.access)["aud"]).toBe(resource);
      expect(claimsOf(tokensOf(await refreshed(authority, tokens.refresh)).access)["aud"]).toBe(resource);
      const info = await fetch(`${authority.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${tokens.access}` } });
      expect(info.status).toBe(401);
    });
  });

  describe("who is a client", () => {
    const invalid = { status: 401, body: { error: "invalid_client" } };

    test("a wrong secret, an unknown client", async () => {
      expect(await ask({}, { as: ["backend", "wrong"] })).toMatchObject(invalid);
      expect(await ask({}, { as: ["nobody", "wrong"] })).toMatchObject(invalid);
      expect((await ask({}, { as: ["backend", "wrong"] })).headers.get("www-authenticate")).toStartWith("Basic ");
    });

    test("no secret at all", async () => {
      expect(await ask({ client_id: "backend" }, { as: null })).toMatchObject(invalid);
      expect((await ask({ client_id: "backend", client_secret: "" }, { as: null })).status).toBe(401);
    });

    test("two ways at once", async () =>
      expect((await ask({ client_id: "backend", client_secret: "x" })).body["error"]).toBe("invalid_request"));

    test("a public client cannot act for itself", async () => {
      const browser = authority.directory.client("browser");
      authority.directory.clients.set("greedy", { ...browser, id: "greedy", grantTypes: ["client_credentials"] });
      expect(await ask({ client_id: "greedy" }, { as: null })).toMatchObject({ status: 400 });
    });

    test("SECURITY 5: one that is switched off is refused at once", async () => {
      const tokens = await tokensFor(authority);
      authority.directory.client("backend").isActive = false;
      expect(await ask()).toMatchObject(invalid);
      expect(await refreshed(authority, tokens.refresh)).toMatchObject(invalid);
      authority.directory.client("backend").isActive = true;
      expect((await ask()).status).toBe(200);
    });

    test("SECURITY 6: a secret or a token in the address is not looked at", async () => {
      const secret = await authority.post(
        "/oauth/token?client_id=backend&client_secret=x",
        { grant_type: "client_credentials" },
        { as: null },
      );
      expect(secret.status).toBe(400);
      const { access } = await tokensFor(authority);
      expect((await fetch(`${authority.issuer}/oauth/userinfo?access_token=${access}`)).status).toBe(400);
    });
  });

  describe("who is told about them (RFC 7662)", () => {
    test("their client; a client of the same tenant that proves who it is; nobody else", async () => {
      const { access } = await tokensFor(authority, { client: "browser" });
      const by = (as: string) => isActive(authority, access, { as });
      expect([await by("backend"), await by("gateway"), await by("foreign")]).toEqual([true, true, false]);
      const own = { client_id: "browser", token: access };
      expect((await authority.post("/oauth/introspect", own, { as: null })).body["active"]).toBe(true);
      const others = { client_id: "browser", token: await accessOf() };
      expect((await authority.post("/oauth/introspect", others, { as: null })).body["active"]).toBe(false);
      expect((await authority.post("/oauth/introspect", { token: access }, { as: null })).status).toBe(400);
    });

    test("SECURITY 8: what is not ours is not active: changed, unsigned, of another key, made of nothing", async () => {
      const token = await accessOf();
      const [head = "", body = "", signature = ""] = token.split(".");
      const other = Buffer.from(JSON.stringify({ ...claimsOf(token), roles: ["owner"] })).toString("base64url");
      const none = Buffer.from(JSON.stringify({ ...headerOf(token), alg: "none" })).toString("base64url");
      const typ = Buffer.from(JSON.stringify({ ...headerOf(token), typ: "JWT" })).toString("base64url");
      const id = (await tokensFor(authority)).id;
      for (const wrong of [
        `${head}.${other}.${signature}`,
        `${none}.${body}.`,
        `${none}.${body}.${signature}`,
        `${typ}.${body}.${signature}`,
        `${head}.${body}.${signature.slice(0, -4)}AAAA`,
        `${head}.${body}.`,
        id,
        "a.b.c",
        "..",
        "nothing",
        "x".repeat(40_000),
      ])
        expect([wrong.slice(0, 40), await isActive(authority, wrong)]).toEqual([wrong.slice(0, 40), false]);
      expect(await isActive(authority, token)).toBe(true);
    });
  });

  describe("when they end (RFC 7009)", () => {
    test("an app's own token ends alone", async () => {
      const [one, two] = [await accessOf(), await accessOf()];
      expect(await authority.post("/oauth/revoke", { token: one })).toMatchObject({ status: 200, body: {} });
      expect([await isActive(authority, one), await isActive(authority, two)]).toEqual([false, true]);
      expect(await authority.oauth.isRevoked(claimsOf(one)["gid"] as string)).toBe(true);
      expect(authority.revoked).toContain(claimsOf(one)["gid"] as string);
    });

    test("with an access token ends its grant", async () => {
      const tokens = await tokensFor(authority);
      await authority.post("/oauth/revoke", { token: tokens.access, token_type_hint: "access_token" });
      expect(await isActive(authority, tokens.access)).toBe(false);
      expect((await refreshed(authority, tokens.refresh)).status).toBe(400);
      const info = await fetch(`${authority.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${tokens.access}` } });
      expect(info.status).toBe(401);
    });

    test("what is unknown is revoked as well as it can be", async () => {
      for (const token of ["nothing", "a.b.c"]) expect((await authority.post("/oauth/revoke", { token })).status).toBe(200);
    });

    test("by call: a grant, all of an account, all of a client", async () => {
      const { oauth } = authority;
      const one = await tokensFor(authority);
      await oauth.revoke(claimsOf(one.access)["gid"] as string);
      expect((await refreshed(authority, one.refresh)).status).toBe(400);

      const browser = authority.browser();
      const [two, three] = [
        tokensOf(await redeem(authority, await codeFor(authority, { browser }))),
        await tokensFor(authority, { email: "bob@example.com" }),
      ];
      await oauth.revokeAll({ accountId: "acc_ada" });
      expect([await isActive(authority, two.access), await isActive(authority, three.access)]).toEqual([false, true]);
      // Logged out everywhere.
      expect((await browser.open(addressOf(authority, requestOf("backend", newVerifier())))).html).toContain('name="password"');
      await oauth.revokeAll({ clientId: "backend" });
      expect((await refreshed(authority, three.refresh)).status).toBe(400);
    });

    test("SECURITY 5: with its account: no refresh for one that is disabled", async () => {
      const tokens = await tokensFor(authority, { email: "bob@example.com" });
      const bob = authority.directory.accounts.get("acc_bob");
      if (bob === undefined) throw new Error("no bob");
      bob.isActive = false;
      expect(await refreshed(authority, tokens.refresh)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
      bob.isActive = true;
    });
  });

  describe("the door", () => {
    test("SECURITY 22: what a proxy may say is not believed from outside", async () => {
      const answer = await fetch(`${authority.issuer}/.well-known/openid-configuration`, {
        headers: {
          "x-forwarded-host": "evil.example",
          "x-forwarded-proto": "https",
          forwarded: "host=evil.example",
          "x-pons-request": "x",
        },
      });
      const text = await answer.text();
      expect(text).not.toContain("evil.example");
      expect(text).toContain(`"token_endpoint":"${authority.issuer}/oauth/token"`);
    });

    test("SECURITY 51: a long body is refused, with a length or without", async () => {
      const post = (body: string | ReadableStream) =>
        fetch(`${authority.issuer}/oauth/token`, {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body,
        });
      expect((await post(`a=${"x".repeat(100_000)}`)).status).toBe(413);
      const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(8_192).fill(97)) });
      expect((await post(endless)).status).toBe(413);
    });

    test("other methods and other addresses", async () => {
      const status = async (path: string, method: string) => (await fetch(authority.issuer + path, { method })).status;
      expect(await status("/oauth/token", "DELETE")).toBe(405);
      expect([404, 405]).toContain(await status("/oauth/token", "GET"));
      expect(await status("/oauth/nothing", "GET")).toBe(404);
      expect(await status("/oauth2/token", "POST")).toBe(404);
      expect(await (await fetch(`${authority.issuer}/elsewhere`)).text()).toBe("not here");
    });

    test("who asks while the server ends has an answer, and nobody after that is let in", async () => {
      await using ending = await openAuthority(await engine.create());
      const ask = () => ending.oauth.handle(new Request(`${ending.issuer}/.well-known/openid-configuration`), { address });
      // The first request is what opens the door.
      const asked = ask();
      await ending.oauth.close();
      expect([200, 503]).toContain((await asked)?.status ?? 0);
      expect((await ask())?.status).toBe(503);
    });

    test("errors are JSON to programs, whatever they accept", async () => {
      const answer = await fetch(`${authority.issuer}/oauth/token`, {
        method: "POST",
        headers: { accept: "text/html", "content-type": "application/x-www-form-urlencoded" },
        body: "grant_type=client_credentials",
      });
      expect(answer.headers.get("content-type")).toStartWith("application/json");
      expect(await answer.json()).toMatchObject({ error: "invalid_request" });
    });

    test("SECURITY 61: scripts of other origins read the answers of public clients only, from their own origin", async () => {
      const { refresh } = await tokensFor(authority, { client: "browser" });
      const form = { grant_type: "refresh_token", refresh_token: refresh, client_id: "browser" };
      const from = (origin: string) => authority.post("/oauth/token", form, { as: null, headers: { origin } });
      const evil = await from("https://evil.example");
      expect([evil.status, evil.headers.get("access-control-allow-origin")]).toEqual([400, null]);
      expect((await from("https://app.example")).headers.get("access-control-allow-origin")).toBe("https://app.example");
      const secret = await ask({}, { headers: { origin: "https://app.example" } });
      expect([secret.status, secret.headers.get("access-control-allow-origin")]).toEqual([400, null]);
    });
  });

  test("no error of ours", () => expect(authority.errors).toEqual([]));
});
