/** What people meet: the pages to log in, to consent and to log out. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { forEachEngine } from "../core/harness.ts";
import { address, type Authority, openAuthority } from "./authority.ts";
import { actionOf, type Browser, fieldsOf, type Page, password, titleOf } from "./browser.ts";
import { addressOf, codeFor, isActive, newVerifier, redeem, refreshed, requestOf, tokensOf } from "./flow.ts";

/** What differs from page to page. */
const steady = (html: string): string =>
  html
    .replaceAll(/nonce="[^"]*"/g, "")
    .replaceAll(/interaction\/[\w-]+/g, "")
    .replaceAll(/name="token" value="[^"]*"/g, "");

forEachEngine((engine) => {
  let authority: Authority;
  beforeAll(async () => (authority = await openAuthority(await engine.create())), 60_000);
  afterAll(() => authority[Symbol.asyncDispose]());

  const open = (browser: Browser, changes = {}, client = "backend"): Promise<Page> =>
    browser.open(addressOf(authority, requestOf(client, newVerifier(), changes)));

  describe("logging in", () => {
    test("asks for address, password and code; then for consent; then goes back to the app", async () => {
      const browser = authority.browser();
      const page = await open(browser, { login_hint: "ada@example.com" });
      expect([page.status, titleOf(page.html)]).toEqual([200, "Log in to Acme Books"]);
      expect(fieldsOf(page.html)).toMatchObject({ email: "ada@example.com", password: "", code: "" });
      const consent = await browser.submit(page, { email: "ada@example.com", password, code: "123 456", decision: "go" });
      expect(titleOf(consent.html)).toBe("Allow Acme Books to act for you?");
      expect(consent.html).toContain("ada@example.com");
      expect(consent.html).toContain("<li>know who you are</li><li>accounts:read</li>");
      expect(consent.html).toContain("app.example");
      const { leaves } = await browser.submit(consent, { decision: "go" });
      expect(leaves?.href).toStartWith("https://app.example/callback?code=");
      expect(authority.directory.attempts.at(-1)).toEqual({ email: "ada@example.com", address, totp: "123456" });
    });

    test("SECURITY 13: a wrong password and an address that nobody has are answered alike", async () => {
      const browser = authority.browser();
      const page = await open(browser);
      const wrong = await browser.logIn(page, "ada@example.com", "wrong");
      const unknown = await browser.logIn(page, "nob@example.com", "wrong");
      const foreign = await browser.logIn(page, "eve@globex.example");
      expect([wrong.status, unknown.status, foreign.status]).toEqual([403, 403, 403]);
      const bare = ({ html }: Page, email: string) => steady(html).replace(email, "");
      expect(bare(unknown, "nob@example.com")).toBe(bare(wrong, "ada@example.com"));
      expect(bare(foreign, "eve@globex.example")).toBe(bare(wrong, "ada@example.com"));
      expect(wrong.html).not.toContain('value="wrong"');
      // The page that refused can be used again.
      expect(titleOf((await browser.logIn(wrong, "ada@example.com")).html)).toStartWith("Allow");
    });

    test("too many attempts: told when to try again", async () => {
      const browser = authority.browser();
      const page = await open(browser);
      authority.directory.isThrottled = true;
      const refused = await browser.logIn(page, "ada@example.com");
      authority.directory.isThrottled = false;
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "30"]);
    });

    test("may be given up", async () => {
      const browser = authority.browser();
      const { leaves } = await browser.submit(await open(browser), { decision: "cancel" });
      expect(Object.fromEntries(leaves?.searchParams ?? [])).toMatchObject({ error: "access_denied", iss: authority.issuer });
    });

    test("who is logged in to us already need not do so again, unless the app insists", async () => {
      const browser = authority.browser();
      browser.cookies.push({ name: "portal", value: "1", path: "/", attributes: "" });
      authority.directory.portal = "acc_ada";
      expect(titleOf((await open(browser)).html)).toStartWith("Allow");
      expect(titleOf((await open(browser, { prompt: "login" })).html)).toStartWith("Log in");
      authority.directory.portal = "acc_eve";
      const other = authority.browser();
      other.cookies.push({ name: "portal", value: "1", path: "/", attributes: "" });
      expect(titleOf((await open(other)).html)).toStartWith("Log in");
      authority.directory.portal = undefined;
    });

    test("somebody else logs in in the same browser: the first one's session and grants end", async () => {
      const browser = authority.browser();
      const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser })));
      const page = await open(browser, { prompt: "login" });
      const consent = await browser.logIn(page, "bob@example.com");
      expect(consent.html).toContain("bob@example.com");
      expect((await browser.submit(consent, { decision: "go" })).leaves?.searchParams.has("code")).toBe(true);
      expect(await isActive(authority, tokens.access)).toBe(false);
      expect((await refreshed(authority, tokens.refresh)).status).toBe(400);
    });

    test("an account that was disabled has to log in again, and cannot", async () => {
      const browser = authority.browser();
      await codeFor(authority, { browser });
      const account = authority.directory.accounts.get("acc_ada");
      authority.directory.accounts.set("acc_ada", { ...(account ?? never()), isActive: false });
      expect(titleOf((await open(browser)).html)).toStartWith("Log in");
      authority.directory.accounts.set("acc_ada", account ?? never());
    });

    test("SECURITY 14: a session id planted before is not the one after logging in", async () => {
      const browser = authority.browser();
      const planted = { name: "pons-oauth-session", value: "planted", path: "/oauth", attributes: "" };
      browser.cookies.push(planted);
      await codeFor(authority, { browser });
      const session = browser.cookies.find(({ name }) => name === planted.name);
      expect(session?.value).not.toBe("planted");
      expect(session?.attributes.toLowerCase()).toContain("httponly");
      const later = authority.browser();
      later.cookies.push(planted);
      expect(titleOf((await open(later)).html)).toStartWith("Log in");
    });
  });

  test("SECURITY 14: a cookie without our signature is none", async () => {
    const browser = authority.browser();
    await codeFor(authority, { browser });
    expect((await open(browser)).leaves?.searchParams.has("code")).toBe(true);
    const [session, ...rest] = browser.cookies.filter(({ name }) => name.startsWith("pons-oauth-session"));
    browser.cookies = [session ?? never()];
    expect(titleOf((await open(browser)).html)).toStartWith("Log in");
    browser.cookies = [session ?? never(), ...rest.map((cookie) => ({ ...cookie, value: cookie.value.replace(/^./, "!") }))];
    expect(titleOf((await open(browser)).html)).toStartWith("Log in");
  });

  describe("consenting", () => {
    test("is asked for once, and again for more", async () => {
      const browser = authority.browser();
      await codeFor(authority, { browser });
      expect((await open(browser)).leaves?.searchParams.has("code")).toBe(true);
      const more = await open(browser, { scope: "openid accounts:read transfers:write" });
      expect(more.html).toContain("<li>transfers:write</li>");
      expect(more.html).not.toContain("<li>accounts:read</li>");
    });

    test("may be refused", async () => {
      const browser = authority.browser();
      const consent = await browser.logIn(await open(browser), "ada@example.com");
      const { leaves } = await browser.submit(consent, { decision: "cancel" });
      expect(leaves?.searchParams.get("error")).toBe("access_denied");
    });

    test("an app on a phone asks each time", async () => {
      const browser = authority.browser();
      const asked = { redirect_uri: "com.example.acme:/done" };
      const first = await browser.allow(addressOf(authority, requestOf("phone", newVerifier(), asked)), "ada@example.com");
      expect(first.href).toStartWith("com.example.acme:/done?code=");
      const page = await open(browser, asked, "phone");
      expect(titleOf(page.html)).toStartWith("Allow");
      expect(page.headers.get("content-security-policy")).toContain("form-action 'self' com.example.acme:;");
    });
  });

  describe("SECURITY 61: forms", () => {
    const pageOf = async () => {
      const browser = authority.browser();
      return { browser, page: await open(browser) };
    };
    const entered = { email: "ada@example.com", password, decision: "go" };

    test("without the page's token, with another page's, or from another site: refused", async () => {
      const { browser, page } = await pageOf();
      const other = (await pageOf()).page;
      const attempts = authority.directory.attempts.length;
      for (const [fields, headers] of [
        [{ ...entered, token: "" }, {}],
        [{ ...entered, token: fieldsOf(other.html)["token"] ?? "" }, {}],
        [entered, { origin: "https://evil.example" }],
        [entered, { origin: "null" }],
        [entered, { "sec-fetch-site": "cross-site" }],
      ] as const)
        expect((await browser.submit(page, fields, headers)).status).toBe(403);
      expect(authority.directory.attempts).toHaveLength(attempts);
    });

    test("a consent page's form needs its own token, not that of the page before", async () => {
      const { browser, page } = await pageOf();
      const consent = await browser.submit(page, entered);
      const token = fieldsOf(page.html)["token"] ?? "";
      expect((await browser.submit(consent, { decision: "go", token })).status).toBe(400 + 3);
    });

    test("in another browser, without the cookie: too old", async () => {
      const { page } = await pageOf();
      const stranger = authority.browser();
      expect((await stranger.submit(page, entered)).status).toBe(400);
      expect((await stranger.open(actionOf(page.html))).status).toBe(400);
    });

    test("what is no form, or too long, is not read", async () => {
      const { browser, page } = await pageOf();
      const cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
      const post = (body: string, type: string) =>
        fetch(`${authority.issuer}${actionOf(page.html)}`, { method: "POST", body, headers: { cookie, "content-type": type } });
      expect((await post("{}", "application/json")).status).toBe(403);
      expect((await post(`a=${"x".repeat(20_000)}`, "application/x-www-form-urlencoded")).status).toBe(403);
      expect((await post(`a=${"x".repeat(70_000)}`, "application/x-www-form-urlencoded")).status).toBe(413);
    });
  });

  describe("SECURITY 62: pages", () => {
    test("run no script, load nothing, are framed by nobody, and lead to the app only", async () => {
      const browser = authority.browser();
      const login = await open(browser);
      const consent = await browser.logIn(login, "ada@example.com");
      for (const page of [login, consent]) {
        const policy = page.headers.get("content-security-policy") ?? "";
        const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
        expect(policy).toBe(
          `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self' https://app.example; base-uri 'none'; frame-ancestors 'none'`,
        );
        expect(page.html).toContain(`<style nonce="${nonce}">`);
        expect(page.html).not.toMatch(/<script|\son\w+=|style="/i);
        expect(page.headers.get("cache-control")).toBe("no-store");
        expect(page.headers.get("x-content-type-options")).toBe("nosniff");
        expect(page.headers.get("referrer-policy")).toBe("same-origin");
      }
      expect(login.headers.get("content-security-policy")).not.toBe(consent.headers.get("content-security-policy"));
    });

    test("show names as text", async () => {
      const page = await open(authority.browser(), {}, "browser");
      expect(page.html).toContain("Log in to Acme &lt;b&gt;Web&lt;/b&gt;");
      const hint = await open(authority.browser(), { login_hint: `"><script>alert(1)</script>` });
      expect(hint.html).not.toContain("<script");
    });

    test("can be used without seeing them: labels, alerts, a language", async () => {
      const browser = authority.browser();
      const page = await browser.logIn(await open(browser), "ada@example.com", "wrong");
      for (const id of ["email", "password", "code"])
        expect(page.html).toMatch(new RegExp(`<label for="${id}">.+?<input id="${id}"`));
      expect(page.html).toContain('role="alert"');
      expect(page.html).toStartWith('<!doctype html><html lang="en">');
    });

    test("tell of mistakes as text too", async () => {
      const page = await open(authority.browser(), {}, "<script>alert(1)</script>");
      expect([page.status, titleOf(page.html)]).toEqual([400, "This did not work"]);
      expect(page.html).toContain("invalid_client");
      expect(page.html).not.toContain("<script");
    });
  });

  describe("logging out", () => {
    test("asks, ends the session and what it gave out, tells so", async () => {
      const browser = authority.browser();
      const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser })));
      const page = await browser.open("/oauth/logout");
      expect(titleOf(page.html)).toBe("Log out?");
      const done = await browser.submit(page, { logout: "yes" });
      expect(titleOf(done.html)).toBe("Logged out");
      expect(await isActive(authority, tokens.access)).toBe(false);
      expect(titleOf((await open(browser)).html)).toStartWith("Log in");
    });

    test("staying logged in is one too", async () => {
      const browser = authority.browser();
      const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser })));
      await browser.submit(await browser.open("/oauth/logout"), {});
      expect(await isActive(authority, tokens.access)).toBe(true);
    });

    test("a form from elsewhere does not log out", async () => {
      const browser = authority.browser();
      const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser })));
      const page = await browser.open("/oauth/logout");
      expect((await browser.submit(page, { logout: "yes", xsrf: "made up" })).status).toBe(400);
      expect(await isActive(authority, tokens.access)).toBe(true);
    });

    test("a redirect after it has to be the app's", async () => {
      const to = (uri: string) =>
        authority.browser().open(`/oauth/logout?client_id=backend&post_logout_redirect_uri=${encodeURIComponent(uri)}`);
      expect((await to("https://evil.example/")).status).toBe(400);
      expect((await to("https://app.example/bye/more")).status).toBe(400);
    });

    test("what was asked for to act when logged out as well goes on", async () => {
      const browser = authority.browser();
      const parameters = { scope: "openid offline_access accounts:read", prompt: "consent" };
      const tokens = tokensOf(await redeem(authority, await codeFor(authority, { browser, parameters })));
      await browser.submit(await browser.open("/oauth/logout"), { logout: "yes" });
      expect((await refreshed(authority, tokens.refresh)).status).toBe(200);
    });
  });

  test("no error of ours", () => expect(authority.errors).toEqual([]));
});

const never = (): never => {
  throw new Error("there is no such account");
};
