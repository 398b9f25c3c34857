/** Whose a connection is: credentials with the request or with the first message, and what becomes of it when they end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { hashOfKey } from "../../src/pipeline/identity/api-key.ts";
import { csrfOf, newSessionToken } from "../../src/pipeline/identity/session.ts";
import { forEachEngine } from "../core/harness.ts";
import type { Told } from "./client.ts";
import { type Office, openOffice } from "./office.ts";
import { Raw } from "./raw.ts";

type Headers = Readonly<Record<string, string>>;

const outcomeOf = ({ status, error }: Told): string => (error === undefined ? String(status) : `${status} ${error.type}`);
const path = "/post/v2/stream";
const ringing = { operation: "ring" };
const foreign = "https://app.example";

forEachEngine((engine) => {
  describe("credentials of connections", () => {
    let office: Office;
    let key: string;
    let token: string;
    let sessionUser: string;
    beforeAll(async () => {
      office = await openOffice(await engine.create(), {
        limits: { authenticateMs: 400, tickMs: 50 },
        allowsOrigin: (origin) => origin === foreign,
      });
      key = await office.grant("clerk");
      const user = `usr_${newIdentifier()}`;
      sessionUser = user;
      const person = { email: "ann@example.com", name: "Ann", status: "active", subject: null, sessionsAfter: null };
      await office.publish("user", user, { ...person, roles: ["post:clerk"] });
      token = newSessionToken();
      const now = new Date(Date.now() - 1_000).toISOString();
      const times = { createdAt: now, seenAt: now, expiresAt: "2999-01-01T00:00:00.000Z", idleSeconds: 3_600, verifiedAt: now };
      await office.publish("session", hashOfKey(token), {
        id: `ses_${newIdentifier()}`,
        user,
        environment: "sandbox",
        ...times,
        isLimited: false,
      });
    });
    afterAll(async () => {
      expect(office.errors).toEqual([]);
      await office[Symbol.asyncDispose]();
    });

    const handshake = async (headers: Headers): Promise<string> => {
      const raw = await Raw.open(office.at(0).port, path, headers);
      raw.destroy();
      return raw.status === 101 ? "101" : `${raw.status} ${raw.refusal}`;
    };
    const bearer = (secret: string): Headers => ({ Authorization: `Bearer ${secret}` });
    const own = (): string => "http://a";

    test("wrong credentials of the request are refused before the connection is taken over", async () => {
      expect(await handshake(bearer(key))).toBe("101");
      expect(await handshake(bearer(`${key.slice(0, -3)}aaa`))).toBe("401 invalid_credentials");
      expect(await handshake({ Authorization: "Digest abc" })).toBe("401 invalid_credentials");
      expect(await handshake({ ...bearer(key), "X-Api-Key": "pons_other" })).toBe("400 invalid_header");
      expect(await handshake({ ...bearer(key), "Pons-Tenant": "-" })).toBe("400 invalid_header");
      expect((await Raw.open(office.at(0).port, `${path}?access_token=${key}`)).status).toBe(400);
    });

    test("what is no handshake is refused", async () => {
      expect(await handshake({ ...bearer(key), "Sec-WebSocket-Protocol": "graphql-transport-ws" })).toBe("400 invalid_header");
      expect(await handshake({ ...bearer(key), "Sec-WebSocket-Protocol": "other, pons.v1" })).toBe("101");
      expect(await handshake({ ...bearer(key), "Sec-WebSocket-Version": "8" })).toMatch(/^4\d\d/);
      expect(await handshake({ ...bearer(key), "Sec-WebSocket-Key": "" })).toMatch(/^400/);
      const none = await Raw.open(office.at(0).port, path, bearer(key));
      expect(none.head).not.toContain("Sec-WebSocket-Protocol");
      none.destroy();
    });

    test("a key may come with the first message", async () => {
      const socket = await office.connect();
      expect(outcomeOf(await socket.ask(ringing))).toBe("401 unauthenticated");
      expect((await socket.ask({ operation: "hello" })).data).toEqual({ text: "hello" });
      // What follows at once waits for it.
      socket.send({ id: "auth", authenticate: { authorization: `Bearer ${key}` } });
      socket.send({ id: "next", ...ringing });
      expect(await socket.next()).toEqual({ id: "auth", success: true, status: 200, authenticated: true });
      expect(outcomeOf(await socket.next())).toBe("204");
      await Bun.sleep(600);
      expect(outcomeOf(await socket.ask(ringing))).toBe("204");
      socket.close();
      const header = await office.connect();
      expect(await header.ask({ authenticate: { apiKey: key } })).toMatchObject({ authenticated: true });
      header.close();
    });

    test("who shows nothing in time is closed, whatever else he sends", async () => {
      const socket = await office.connect();
      const asking = setInterval(() => socket.send({ ping: 1 }), 50);
      expect(await socket.ends()).toBe("4401 authentication_timeout");
      clearInterval(asking);
    });

    const wrong: readonly (readonly [string, object, string])[] = [
      [
        "a key that nobody has",
        { authorization: "Bearer pons_sandbox_00000000000000000000000000000000000000" },
        "invalid_credentials",
      ],
      ["a scheme that is none", { authorization: "Digest abc" }, "invalid_credentials"],
      ["two keys", { authorization: "Bearer abc", apiKey: "def" }, "invalid_header"],
      ["a tenant that is none", { authorization: "Bearer abc", tenant: "-" }, "invalid_header"],
      ["nothing", {}, "unauthenticated"],
      ["a token of a session that there is not", { csrfToken: "abc" }, "unauthenticated"],
    ];
    test.each(wrong)("a first message with %s is refused, and ends the connection", async (_, authenticate, type) => {
      const socket = await office.connect();
      socket.send({ id: "a", authenticate });
      expect((await socket.next()).error?.type).toBe(type);
      expect(await socket.ends()).toBe(`4401 ${type}`);
    });

    test("a message whose form is wrong is refused, and may be sent again", async () => {
      const socket = await office.connect();
      for (const authenticate of [
        5,
        { nope: 1 },
        { authorization: 5 },
        { authorization: "a\nb" },
        { actFor: 5 },
        { actFor: { nope: "a" } },
      ])
        expect(outcomeOf(await socket.ask({ authenticate }))).toBe("422 validation_failed");
      expect(await socket.ask({ authenticate: { authorization: `Bearer ${key}` } })).toMatchObject({ authenticated: true });
      socket.close();
    });

    test("SECURITY 5: a key that is revoked ends its connections within a second: quiet ones, subscribed ones, event streams", async () => {
      const doomed = await office.grant("clerk");
      const other = await office.grant("clerk");
      const idle = await office.connect({ key: doomed });
      const subscribed = await office.connect({ key: doomed });
      await subscribed.ask({ id: "s", subscribe: {} });
      const late = await office.connect();
      await late.ask({ authenticate: { authorization: `Bearer ${doomed}` } });
      const stream = await office.events("", { key: doomed });
      const healthy = await office.connect({ key: other });
      await office.revoke(doomed);
      const start = performance.now();
      for (const socket of [idle, subscribed, late]) expect(await socket.ends()).toBe("4401 invalid_credentials");
      expect(await stream.last()).toMatchObject({
        reason: "invalid_credentials",
        error: { code: 401, type: "invalid_credentials" },
      });
      expect(performance.now() - start).toBeLessThan(2_000);
      const again = await office.events("", { key: doomed, headers: { "last-event-id": stream.lastEventId } });
      expect(again.status).toBe(401);
      expect(await handshake(bearer(doomed))).toBe("401 invalid_credentials");
      expect(outcomeOf(await healthy.ask(ringing))).toBe("204");
      healthy.close();
    });

    test("SECURITY 54: a key that expires ends its connections", async () => {
      const expiresAt = new Date(Date.now() + 700).toISOString();
      const short = await office.grant("clerk", { expiresAt });
      const socket = await office.connect({ key: short });
      const stream = await office.events("", { key: short });
      expect(outcomeOf(await socket.ask(ringing))).toBe("204");
      expect(await socket.ends()).toBe("4401 invalid_credentials");
      expect((await stream.last())["reason"]).toBe("invalid_credentials");
      expect(Date.now()).toBeLessThan(Date.parse(expiresAt) + 1_500);
    });

    test("SECURITY 28: a role that is taken away ends what it allowed, and no more", async () => {
      const changed = await office.grant("clerk");
      const socket = await office.connect({ key: changed });
      await socket.ask({ id: "s", subscribe: {} });
      await office.regrant(changed, ["guest"]);
      expect(await socket.next(({ ended }) => ended === true)).toMatchObject({
        id: "s",
        success: false,
        error: { type: "forbidden" },
      });
      expect(outcomeOf(await socket.ask(ringing))).toBe("403 forbidden");
      expect(outcomeOf(await socket.ask({ operation: "wait", input: { body: { ms: 0 } } }))).toBe("200");
      socket.close();
    });

    test("credentials may be renewed before they end: calls go on, and what was subscribed with the old ones ends with them", async () => {
      const first = await office.grant("clerk");
      const socket = await office.connect({ key: first });
      await socket.ask({ id: "old", subscribe: {} });
      expect(await socket.ask({ authenticate: { authorization: `Bearer ${key}` } })).toMatchObject({ authenticated: true });
      await socket.ask({ id: "new", subscribe: {} });
      await office.revoke(first);
      expect(await socket.next(({ ended }) => ended === true)).toMatchObject({
        id: "old",
        error: { type: "invalid_credentials" },
      });
      expect(outcomeOf(await socket.ask({ operation: "alarms.create", input: { body: { text: "on" } } }))).toBe("201");
      expect((await socket.events(1, "new"))[0]?.data["text"]).toBe("on");
      socket.close();
    });

    const session = (more: Headers = {}): Headers => ({ Cookie: `theme=dark; __Host-pons=${token}`, ...more });
    const pages: readonly (readonly [string, Headers, string])[] = [
      ["our own page", { Origin: "http://a" }, "101"],
      ["our own page, by what its browser says", { Origin: "http://a", "Sec-Fetch-Site": "same-origin" }, "101"],
      ["no page at all", {}, "403 csrf_required"],
      ["a page of another origin", { Origin: "https://evil.example" }, "403 csrf_required"],
      ["a page that a tenant lets call", { Origin: foreign }, "403 csrf_required"],
      ["another port", { Origin: "http://a:81" }, "403 csrf_required"],
      ["another scheme", { Origin: "https://a" }, "403 csrf_required"],
      ["a longer host", { Origin: "http://a.evil.example" }, "403 csrf_required"],
      ["no origin", { Origin: "null" }, "403 csrf_required"],
      ["what is none", { Origin: "http://a/b" }, "403 csrf_required"],
      ["another site that says it is ours", { Origin: "http://a", "Sec-Fetch-Site": "cross-site" }, "403 csrf_required"],
      ["another host of the site", { Origin: "http://a", "Sec-Fetch-Site": "same-site" }, "403 csrf_required"],
    ];
    test.each(pages)("SECURITY 61: a session's cookie from %s", async (_, headers, outcome) => {
      expect(await handshake(session(headers))).toBe(outcome);
    });

    test("SECURITY 61: with a session's cookie a change needs the token that other sites do not know", async () => {
      const origin = office.at(0).origin;
      const socket = await office.connect({ headers: session({ Origin: origin }) });
      expect(outcomeOf(await socket.ask({ operation: "alarms.list", input: {} }))).toBe("200");
      expect(outcomeOf(await socket.ask(ringing))).toBe("403 csrf_required");
      expect(outcomeOf(await socket.ask({ calls: [ringing] }))).toBe("422 batch_failed");
      await socket.ask({ authenticate: { csrfToken: token } });
      expect(outcomeOf(await socket.ask(ringing))).toBe("403 csrf_required");
      expect(await socket.ask({ authenticate: { csrfToken: csrfOf(token) } })).toMatchObject({ authenticated: true });
      expect(outcomeOf(await socket.ask(ringing))).toBe("204");
      socket.close();
    });

    test("SECURITY 14: a session that becomes idle ends its connections, although they are open", async () => {
      const idle = newSessionToken();
      const now = new Date().toISOString();
      const times = { createdAt: now, seenAt: now, expiresAt: "2999-01-01T00:00:00.000Z", idleSeconds: 1, verifiedAt: now };
      await office.publish("session", hashOfKey(idle), {
        id: `ses_${newIdentifier()}`,
        user: sessionUser,
        environment: "sandbox",
        ...times,
        isLimited: false,
      });
      const socket = await office.connect({ headers: { Cookie: `__Host-pons=${idle}`, Origin: office.at(0).origin } });
      expect(await socket.ends()).toBe("4401 invalid_credentials");
      expect(Date.now()).toBeLessThan(Date.parse(now) + 2_500);
    });

    test("SECURITY 61: a page of another origin may come with a key of its own where a policy lets it", async () => {
      expect(await handshake({ Origin: "https://evil.example", ...bearer(key) })).toBe("403 forbidden");
      expect(await handshake({ Origin: "https://evil.example" })).toBe("403 forbidden");
      expect(await handshake({ Origin: foreign, ...bearer(key) })).toBe("101");
      expect(await handshake({ Origin: own() })).toBe("101");
      // Somebody's policy does, but not that of the caller's own tenant: the page hears nothing of the answer.
      const socket = await office.connect({ key, headers: { Origin: foreign } });
      socket.send({ id: "1", operation: "parcels.list", input: {} });
      expect(await socket.ends()).toBe("4403 origin_not_allowed");
      expect(socket.told).toEqual([]);
    });
  });

  describe("guessing", () => {
    test("SECURITY 7: first messages with wrong keys are slowed down, and who has the right one is let in", async () => {
      await using office = await openOffice(await engine.create());
      const key = await office.grant("clerk");
      const types: (string | undefined)[] = [];
      for (let count = 0; count < 34; count++) {
        const socket = await office.connect();
        const guess = `pons_sandbox_${String(count).padStart(38, "0")}`;
        types.push((await socket.ask({ authenticate: { authorization: `Bearer ${guess}` } })).error?.type);
        await socket.ends();
      }
      expect(types.slice(0, 30).every((type) => type === "invalid_credentials")).toBe(true);
      expect(types.slice(30)).toEqual(Array.from({ length: 4 }, () => "too_many_attempts"));
      const socket = await office.connect();
      expect(await socket.ask({ authenticate: { authorization: `Bearer ${key}` } })).toMatchObject({ authenticated: true });
      socket.close();
    });
  });
});
