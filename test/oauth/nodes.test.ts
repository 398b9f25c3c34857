/** Two nodes of one installation on one Postgres; what is stored there; what is removed again; and many requests at once. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { OidcState } from "../../src/oauth/state.ts";
import { forEachEngine } from "../core/harness.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import { type Authority, basic, clientSecret, Directory, dumpOf, openAuthority } from "./authority.ts";
import { password } from "./browser.ts";
import { claimsOf, codeFor, isActive, redeem, refreshed, tokensFor, tokensOf } from "./flow.ts";

const minute = 60_000;
const keep = { drop: async (): Promise<void> => undefined };

describe("two nodes on one Postgres", () => {
  let database: TestDatabase;
  let [one, two]: Authority[] = [];
  const nodes = (): readonly [Authority, Authority] => {
    if (one === undefined || two === undefined) throw new Error("the nodes did not start");
    return [one, two];
  };
  beforeAll(async () => {
    const [, postgres] = testDatabases();
    if (postgres === undefined) throw new Error("no Postgres");
    database = await postgres.create();
    const directory = new Directory();
    // Behind one name, as nodes are.
    const options = { issuer: "https://api.example", directory, refreshMs: 100 };
    one = await openAuthority({ url: database.url, ...keep }, options);
    two = await openAuthority({ url: database.url, ...keep }, { ...options, isSecond: true });
  }, minute);
  afterAll(async () => {
    await one?.[Symbol.asyncDispose]();
    await two?.[Symbol.asyncDispose]();
    await database.drop();
  });

  test("what one gives out is good on the other", async () => {
    const [a, b] = nodes();
    const coded = await codeFor(a);
    const tokens = tokensOf(await redeem(b, coded));
    expect([await isActive(a, tokens.access), await isActive(b, tokens.access)]).toEqual([true, true]);
    const again = tokensOf(await refreshed(a, tokens.refresh));
    expect(await isActive(b, again.access)).toBe(true);
    expect(b.oauth.publicKeys()).toEqual(a.oauth.publicKeys());
  });

  test("cookies of https are for https alone", async () => {
    const [a] = nodes();
    const browser = a.browser();
    await codeFor(a, { browser });
    const session = browser.cookies.find(({ name }) => name === "__Secure-pons-oauth-session");
    expect(session?.attributes).toMatch(/path=\/oauth; .*samesite=lax; secure; httponly/i);
  });

  test("a person goes on at the other node", async () => {
    const [a, b] = nodes();
    const browser = a.browser();
    await codeFor(a, { browser });
    const other = b.browser();
    other.cookies = browser.cookies;
    expect((await codeFor(b, { browser: other, email: "nobody@example.com" })).code).toBeString();
  });

  test("SECURITY 9: a code used at both at once: one gets tokens at most, and in the end nothing is good", async () => {
    for (let round = 0; round < 10; round++) {
      const coded = await codeFor(nodes()[0]);
      const answers = await Promise.all(nodes().map((node) => redeem(node, coded)));
      const good = answers.filter(({ status }) => status === 200).map((answer) => tokensOf(answer));
      expect(good.length).toBeLessThanOrEqual(1);
      for (const { access, refresh } of good)
        for (const node of nodes()) {
          expect(await isActive(node, access)).toBe(false);
          expect((await refreshed(node, refresh)).status).toBe(400);
        }
    }
  });

  test("SECURITY 5: a revocation is known to the other within a second", async () => {
    const [a, b] = nodes();
    const { access } = await tokensFor(a);
    const gid = claimsOf(access)["gid"] as string;
    expect(await b.oauth.isRevoked(gid)).toBe(false);
    await a.post("/oauth/revoke", { token: access });
    const began = performance.now();
    while (!(await b.oauth.isRevoked(gid))) {
      // A second, and what a busy machine needs to look.
      if (performance.now() - began > 2_500) throw new Error("not known after a second");
      await Bun.sleep(20);
    }
    expect(await isActive(b, access)).toBe(false);
  });

  test("new keys are known to the other before they are used", async () => {
    const [a, b] = nodes();
    await a.oauth.rotateKeys();
    await Bun.sleep(300);
    expect(b.oauth.publicKeys()).toEqual(a.oauth.publicKeys());
    expect(b.oauth.publicKeys()).toHaveLength(4);
  });

  test("no error of ours", () => expect(nodes().flatMap(({ errors }) => errors)).toEqual([]));
});

forEachEngine((engine) => {
  let authority: Authority;
  beforeAll(async () => (authority = await openAuthority(await engine.create())), minute);
  afterAll(() => authority[Symbol.asyncDispose]());

  const dump = async (): Promise<string> => dumpOf(await authority.store.admin.query("SELECT * FROM pons_oidc"));

  test("SECURITY 1: nothing in the database can be used: no code, no token, no cookie, no secret, no password", async () => {
    const browser = authority.browser();
    const pending = await codeFor(authority, { browser });
    const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser })));
    const pushed = await authority.post("/oauth/par", {
      client_id: "backend",
      response_type: "code",
      redirect_uri: "https://app.example/callback",
      code_challenge: "x".repeat(43),
      code_challenge_method: "S256",
    });
    // One that is under way, with its own cookies.
    await browser.open(
      `/oauth/authorize?client_id=backend&response_type=code&redirect_uri=https://app.example/callback&prompt=login&scope=openid&code_challenge=${"x".repeat(43)}&code_challenge_method=S256`,
    );
    const text = await dump();
    expect(text).toContain("acc_ada");
    const requestUri = pushed.body["request_uri"] as string;
    const cookies = browser.cookies.filter(({ name }) => !name.endsWith(".sig")).map(({ value }) => value);
    expect(cookies.length).toBeGreaterThan(2);
    const secrets = [
      pending.code,
      tokens.access,
      tokens.refresh,
      tokens.id,
      requestUri.split(":").at(-1) ?? "",
      clientSecret,
      password,
    ];
    for (const value of [...secrets, ...cookies]) expect([value, text.includes(value)]).toEqual([value, false]);
  });

  test("what has expired is removed, a bounded number of rows at a time; what has not stays", async () => {
    const tokens = await tokensFor(authority);
    let nowMs = Date.now() - 3_600_000;
    const past = new OidcState(authority.store, { clock: () => nowMs, tokenMsMax: 1_000 });
    for (let n = 0; n < 620; n++) await past.saveOnce("ReplayDetection", `old-${n}`, nowMs + 1_000);
    expect(await past.purgeStep()).toBe(0);
    nowMs = Date.now();
    expect(await past.purgeStep()).toBe(500);
    expect(await authority.oauth.purge()).toBeGreaterThanOrEqual(120);
    expect(await authority.oauth.purge()).toBe(0);
    expect((await refreshed(authority, tokens.refresh)).status).toBe(200);
  });

  test("an id that was used up is good again once nobody could use it any more", async () => {
    let nowMs = Date.now();
    const state = new OidcState(authority.store, { clock: () => nowMs, tokenMsMax: 1_000 });
    expect(await state.saveOnce("ReplayDetection", "proof", nowMs + 1_000)).toBe(true);
    expect(await state.saveOnce("ReplayDetection", "proof", nowMs + 1_000)).toBe(false);
    nowMs += 1_001;
    expect(await state.saveOnce("ReplayDetection", "proof", nowMs + 1_000)).toBe(true);
  });

  test("a grant that was revoked does not come back by being saved", async () => {
    const state = new OidcState(authority.store, { tokenMsMax: minute });
    await state.save("Grant", "grant-1", { accountId: "acc_ada", clientId: "backend" }, 60);
    await state.revoke("grant-1");
    await state.revoke("grant-1");
    expect(state.save("Grant", "grant-1", { accountId: "acc_ada", clientId: "backend" }, 60)).rejects.toThrow("revoked");
    expect(await state.find("Grant", "grant-1")).toBeUndefined();
  });

  test("a hundred ask at once, many times over: all are answered, each with its own", async () => {
    const ask = async (n: number): Promise<string> => {
      const scope = n % 2 === 0 ? "accounts:read" : "transfers:write";
      const { status, body } = await authority.post("/oauth/token", { grant_type: "client_credentials", scope });
      expect([status, body["scope"]]).toEqual([200, scope]);
      return claimsOf(body["access_token"] as string)["jti"] as string;
    };
    const ids = new Set<string>();
    for (let round = 0; round < 5; round++)
      for (const id of await Promise.all(Array.from({ length: 100 }, (_, n) => ask(n)))) ids.add(id);
    expect(ids.size).toBe(500);
  });

  test("fifty people log in at once", async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokensFor(authority)));
    expect(new Set(tokens.map(({ access }) => claimsOf(access)["gid"])).size).toBe(50);
  });

  const direct = (): Promise<Response> => {
    const headers = { authorization: basic("backend"), "content-type": "application/x-www-form-urlencoded" };
    const request = new Request(`${authority.issuer}/oauth/token`, {
      method: "POST",
      headers,
      body: "grant_type=client_credentials",
    });
    return authority.oauth.handle(request, { address: "192.0.2.1" }) ?? Promise.reject(new Error("not its address"));
  };

  test("SECURITY 58: more than can wait are told to come back, and the others are answered", async () => {
    const answers = await Promise.all(Array.from({ length: 900 }, direct));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect(count(503)).toBeGreaterThan(0);
    expect(count(200)).toBeGreaterThanOrEqual(64 + 512);
    expect(count(200) + count(503)).toBe(900);
    expect(answers.find(({ status }) => status === 503)?.headers.get("retry-after")).toBe("1");
    expect((await direct()).status).toBe(200);
  });

  test("servers elsewhere that hang keep nobody from getting a token", async () => {
    const hanging = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Promise<Response>(() => undefined) });
    const aborter = new AbortController();
    const { signal } = aborter;
    // As many as the process makes at one time, and some that wait for those.
    const calls = Array.from({ length: 300 }, () => fetch(hanging.url, { signal }).catch(() => undefined));
    await Bun.sleep(200);
    const answer = await Promise.race([direct(), Bun.sleep(3_000)]);
    aborter.abort();
    await Promise.all(calls);
    await hanging.stop(true);
    expect(answer?.status).toBe(200);
  });

  test("no error of ours", () => expect(authority.errors).toEqual([]));
});
