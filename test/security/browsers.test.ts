/**
 * Pages in a browser: none of another site makes a change with a session's cookie, and none of another origin reads an answer unless a policy of the
 * tenant names it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { loadServices } from "../../src/host/load-services.ts";
import { createManaged } from "../../src/host/managed.ts";
import { MemoryLimiter } from "../../src/limits/index.ts";
import { hashOfKey } from "../../src/pipeline/identity/api-key.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { csrfOf, newSessionToken } from "../../src/pipeline/identity/session.ts";
import { dataOf, forEachEngine, idOf } from "../core/harness.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";

type Headers = Readonly<Record<string, string>>;

const allowed = "https://app.example";
const far = "2999-01-01T00:00:00.000Z";
const json = { "content-type": "application/json" };

forEachEngine((engine) => {
  describe("browsers", () => {
    let nodes: Nodes;
    let token: string;
    let key: string;
    beforeAll(async () => {
      const platform = (await loadServices([])).flatMap(({ definition }) => (definition.name === "platform" ? [definition] : []));
      nodes = await openNodes(await engine.create(), {
        services: [...platform, registry, archive],
        managed: (parts) => createManaged(parts, { limiter: new MemoryLimiter() }),
      });
      const user = `usr_${newIdentifier()}`;
      const person = { email: "ann@example.com", name: "Ann", status: "active", subject: null, sessionsAfter: null };
      await nodes.publish("user", user, { ...person, roles: ["archive:keeper"] });
      token = newSessionToken();
      const now = new Date(Date.now() - 1_000).toISOString();
      const times = { createdAt: now, seenAt: now, expiresAt: far, idleSeconds: 3_600, verifiedAt: now };
      const session = { id: `ses_${newIdentifier()}`, user, environment: "sandbox", ...times, isLimited: false };
      await nodes.publish("session", hashOfKey(token), session);
      key = await nodes.grant({ roles: ["archive:keeper"] });
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const ask = (path: string, init: BunFetchRequestInit = {}) => nodes.at(0).ask(`/archive/v1${path}`, init);
    const cookie = (more: Headers = {}): Headers => ({ cookie: `theme=dark; __Host-pons=${token}`, ...more });
    const create = async (headers: Headers, body = '{"title":"forged"}'): Promise<string> => {
      const answer = await ask("/papers", { method: "POST", headers, body });
      const { error } = (await answer.json()) as { error?: { type: string } };
      return error === undefined ? String(answer.status) : `${answer.status} ${error.type}`;
    };
    const forged = async (): Promise<number> => {
      const found = dataOf(await nodes.running.call("papers.list", { query: { perPage: 100 } }));
      return (found as unknown as { title: string }[]).filter(({ title }) => title === "forged").length;
    };

    describe("SECURITY 61: changes with a cookie", () => {
      const right = () => ({ ...json, "x-csrf-token": csrfOf(token) });
      const refused: readonly (readonly [string, () => Headers])[] = [
        ["without the token", () => json],
        ["with an empty token", () => ({ ...json, "x-csrf-token": "" })],
        ["with the session itself as token", () => ({ ...json, "x-csrf-token": token })],
        ["with the token of another session", () => ({ ...json, "x-csrf-token": csrfOf(newSessionToken()) })],
        ["with the token in a cookie", () => ({ ...json, cookie: `__Host-pons=${token}; X-CSRF-Token=${csrfOf(token)}` })],
        ["from a page of another site", () => ({ ...right(), "sec-fetch-site": "cross-site" })],
        ["from a page of another host of the site", () => ({ ...right(), "sec-fetch-site": "same-site" })],
      ];
      test.each(refused)("SECURITY 61: %s are refused", async (_, headers) => {
        expect(await create(cookie(headers()))).toBe("403 csrf_required");
        expect(await forged()).toBe(0);
      });

      const forms = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"];
      test.each(forms)("SECURITY 61: what a form of any page can send, %s, is refused", async (type) => {
        for (const headers of [{}, { "sec-fetch-site": "cross-site" }, { "x-csrf-token": csrfOf(token) }])
          expect(await create(cookie({ ...headers, "content-type": type }))).toMatch(
            /^(?:403 csrf_required|415 unsupported_media_type)$/,
          );
        expect(await forged()).toBe(0);
      });

      test("SECURITY 61: every method that changes asks for it, also in a batch, and whatever method is claimed", async () => {
        const id = idOf(await nodes.running.call("papers.create", { body: { title: "own" } }));
        const tries: readonly (readonly [string, string, string, Headers])[] = [
          ["PATCH", `/papers/${id}`, '{"title":"forged"}', {}],
          ["PUT", `/papers/${id}`, '{"title":"forged"}', {}],
          ["PUT", `/papers/${id}/title`, '["forged"]', {}],
          ["DELETE", `/papers/${id}`, "", {}],
          ["POST", `/papers/${id}/stamp`, "{}", {}],
          ["POST", "/batch", `{"calls":[{"method":"PATCH","path":"/papers/${id}","body":{"title":"forged"}}]}`, {}],
          ["POST", "/papers", '{"title":"forged"}', { "x-http-method-override": "GET" }],
          ["POST", "/papers?_method=GET", '{"title":"forged"}', {}],
        ];
        for (const [method, path, body, more] of tries) {
          const init = { method, headers: cookie({ ...json, ...more }), ...(body === "" ? {} : { body }) };
          const { status } = await ask(path, init);
          expect([method, path, [403, 422].includes(status)]).toEqual([method, path, true]);
        }
        expect(await forged()).toBe(0);
        expect(dataOf(await nodes.running.call("papers.get", { id }))).toMatchObject({ title: "own" });
      });

      test("SECURITY 61: with the token, from the own page, they are made; and a read tells the token", async () => {
        expect(await create(cookie(right()), '{"title":"right"}')).toBe("201");
        expect(await create(cookie({ ...right(), "sec-fetch-site": "same-origin" }), '{"title":"right"}')).toBe("201");
        const read = await ask("/papers?perPage=1", { headers: cookie() });
        expect([read.status, read.headers.get("x-csrf-token")]).toEqual([200, csrfOf(token)]);
      });

      test("SECURITY 61: no read changes anything", async () => {
        for (const method of ["GET", "HEAD", "OPTIONS"])
          expect((await ask("/papers", { method, headers: cookie({ "sec-fetch-site": "cross-site" }) })).status).toBeLessThan(
            300,
          );
        const before = (await nodes.running.journal()).length;
        for (const path of ["/papers", "/papers/count"]) await ask(path, { headers: cookie() });
        expect((await nodes.running.journal()).length).toBe(before);
      });

      test("SECURITY 61: a key in a header needs no token: no browser sends it by itself", async () => {
        expect(await create({ ...json, authorization: `Bearer ${key}`, "sec-fetch-site": "cross-site" }, '{"title":"app"}')).toBe(
          "201",
        );
      });
    });

    describe("SECURITY 61: pages of other origins", () => {
      const origins = [
        allowed,
        "null",
        "https://evil.example",
        "https://app.example.evil.example",
        "https://evilapp.example",
        "http://app.example",
        "https://app.example:8443",
        "https://APP.example",
        "https://app.example/",
        "https://app.example, https://evil.example",
        "https://app.example%60.evil.example",
        "",
        "*",
      ];
      const preflight = (origin: string) =>
        ask("/papers", { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
      const read = (origin: string, headers: Headers = { authorization: `Bearer ${key}` }) =>
        ask("/papers?perPage=1", { headers: { ...headers, origin } });
      const corsOf = (answer: Response): Record<string, string> =>
        Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith("access-control-")));
      const policy = async (settings: object, more: object = {}): Promise<void> => {
        const as = await nodes.ofTenant("admin");
        const body = { name: `cors-${newIdentifier().slice(-6).toLowerCase()}`, kind: "cors", settings, ...more };
        const caller = { ...as, user: "usr_00000000000000000000000001" };
        dataOf(await nodes.running.call("policies.create", { as: caller, body }));
        // Preflights hear of it a moment later.
        await Bun.sleep(300);
      };

      test("SECURITY 61: without a policy nothing is told to any of them", async () => {
        for (const origin of origins)
          for (const answer of [await preflight(origin), await read(origin), await read(origin, cookie())])
            expect([origin, corsOf(answer)]).toEqual([origin, {}]);
      });

      test("SECURITY 61: with one exactly the origin that it names may read, with credentials where it says so", async () => {
        await policy({ origins: [allowed], allowCredentials: true, maxAgeSeconds: 600 });
        for (const origin of origins) {
          const answers = [await preflight(origin), await read(origin), await read(origin, cookie())];
          for (const answer of answers) {
            const told = corsOf(answer);
            const expected = origin === allowed ? [allowed, "true"] : [undefined, undefined];
            expect([origin, told["access-control-allow-origin"], told["access-control-allow-credentials"]]).toEqual([
              origin,
              ...expected,
            ]);
          }
        }
        const answer = await preflight(allowed);
        expect(Number(answer.headers.get("access-control-max-age"))).toBeLessThanOrEqual(7_200);
        const sent = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(", ");
        expect(sent).not.toContain("*");
        // What the clients of every channel send: event streams that come again, agents, traces.
        for (const name of [
          "authorization",
          "content-type",
          "last-event-id",
          "mcp-protocol-version",
          "mcp-method",
          "mcp-name",
          "traceparent",
        ])
          expect(sent).toContain(name);
        expect((await read(allowed)).headers.get("vary")).toMatch(/\bOrigin\b/);
      });

      test("SECURITY 61: every channel tells caches that an answer depends on the origin, whichever one asked", async () => {
        const head = { ...json, authorization: `Bearer ${key}` };
        const ways: readonly (readonly [string, BunFetchRequestInit])[] = [
          ["/archive/v1/papers", { headers: head }],
          ["/archive/v1/graphql", { method: "POST", headers: head, body: '{"query":"{ papers { nodes { id } } }"}' }],
          ["/archive/v1/soap?wsdl", { headers: head }],
          ["/archive.v1.ArchiveService/ListPapers", { method: "POST", headers: head, body: "{}" }],
          ["/archive/v1/papers", { method: "POST", headers: json, body: "{}" }],
          ["/archive/v1/graphql", { method: "POST", headers: json, body: "{" }],
        ];
        for (const [path, init] of ways) {
          for (const origin of [allowed, undefined]) {
            const headers = { ...(init.headers as Headers), ...(origin === undefined ? {} : { origin }) };
            const answer = await nodes.at(0).ask(path, { ...init, headers });
            await answer.arrayBuffer();
            expect([path, origin, answer.headers.get("vary")]).toEqual([path, origin, expect.stringMatching(/\bOrigin\b/)]);
            // Refusals of wrong credentials too: a page learns that it has to log in again.
            const expected = origin ?? null;
            if (path !== "/archive/v1/soap?wsdl")
              expect([path, answer.headers.get("access-control-allow-origin")]).toEqual([path, expected]);
          }
        }
      });

      test("SECURITY 61: a policy of one tenant opens no answer of another", async () => {
        const foreign = await nodes.grant({ tenant: "elsewhere", roles: ["archive:keeper"] });
        const as = { authorization: `Bearer ${foreign}` };
        expect(corsOf(await read(allowed, as))).toEqual({});
        const refused = await ask("/papers?nothing=1", { headers: { ...as, origin: allowed } });
        expect([refused.status, corsOf(refused)]).toEqual([422, {}]);
      });

      test("SECURITY 61: a page that may call may read why it was refused before anybody knew whose call it was", async () => {
        const ways: readonly (readonly [number, string, BunFetchRequestInit])[] = [
          [401, "/archive/v1/papers", { headers: { authorization: `Bearer ${key.slice(0, -1)}x` } }],
          [404, "/archive/v1/nothing", {}],
          [405, "/archive/v1/mcp", {}],
          [
            400,
            "/archive/v1/graphql",
            { method: "POST", headers: { ...json, authorization: `Bearer ${key}` }, body: '{"query":"{"}' },
          ],
        ];
        for (const [status, path, init] of ways)
          for (const origin of [allowed, "https://evil.example", "null"]) {
            const answer = await nodes.at(0).ask(path, { ...init, headers: { ...(init.headers as Headers), origin } });
            const told = answer.headers.get("access-control-allow-origin");
            expect([path, answer.status, origin, told]).toEqual([path, status, origin, origin === allowed ? allowed : null]);
          }
      });

      test("SECURITY 61: an agent in a page of an allowed origin speaks to us, of no other one", async () => {
        const speaks = { ...json, accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25" };
        const say = async (method: string, origin: string, params: object = {}): Promise<[number, string | null]> => {
          const headers = { ...speaks, authorization: `Bearer ${key}`, origin };
          const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
          const answer = await nodes.at(0).ask("/archive/v1/mcp", { method: "POST", headers, body });
          await answer.arrayBuffer();
          return [answer.status, answer.headers.get("access-control-allow-origin")];
        };
        const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "page", version: "1" } };
        for (const [method, params] of [["initialize", hello], ["ping"], ["tools/list"], ["prompts/list"]] as const) {
          expect([method, ...(await say(method, allowed, params))]).toEqual([method, 200, allowed]);
          expect([method, ...(await say(method, "https://evil.example", params))]).toEqual([method, 403, null]);
        }
        const foreign = await nodes.grant({ tenant: "elsewhere", roles: ["archive:keeper"] });
        const answer = await nodes.at(0).ask("/archive/v1/mcp", {
          method: "POST",
          headers: { ...speaks, authorization: `Bearer ${foreign}`, origin: allowed },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
        });
        expect([answer.status, corsOf(answer)]).toEqual([200, {}]);
      });

      test("SECURITY 61: any origin is never let in with credentials", async () => {
        await policy({ origins: ["*"], allowCredentials: false, maxAgeSeconds: 60 }, { order: 5 });
        for (const origin of ["https://evil.example", "http://app.example"])
          for (const answer of [await preflight(origin), await read(origin)]) {
            const told = corsOf(answer);
            expect([origin, told["access-control-allow-origin"]]).toEqual([origin, "*"]);
            expect([origin, told["access-control-allow-credentials"]]).toEqual([origin, undefined]);
          }
        expect(corsOf(await read("null"))).toEqual({});
        expect(corsOf(await preflight("null"))).toEqual({});
      });
    });

    test("no error of ours", () => expect(nodes.errors).toEqual([]));
  });
});
