/** Credentials where they do not belong: in an address or a body they are refused or not looked at, and nothing of them is kept anywhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { testDatabases } from "../postgres/index.ts";

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2VjcmV0LXNpZ25hdHVyZS1vZi1ub2JvZHk";

for (const { engine, create } of testDatabases()) {
  describe(`SECURITY 6: ${engine}`, () => {
    const data = mkdtempSync(join(tmpdir(), "pons-places-"));
    let server: TestServer;
    let database: Awaited<ReturnType<typeof create>>;
    const sent: string[] = [];
    beforeAll(async () => {
      database = await create();
      server = await startServer({ data, environment: { PONS_DATABASE_URL: database.url, PONS_LOG: "debug" } });
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await database.drop();
      rmSync(data, { recursive: true });
    });

    const valid = (): string => server.facts.demo?.keys.sandbox ?? "";
    const anonymous = (path: string, init: BunFetchRequestInit = {}): Promise<Response> =>
      fetch(`${server.facts.baseUrl}${path}`, { redirect: "manual", ...init });

    test("SECURITY 6: in an address they are refused, also a good one, with or without another in a header", async () => {
      const unknown = newApiKey("sandbox");
      sent.push(unknown, jwt, "hunter2-of-an-app");
      const places = [
        `/bank/v2/accounts?api_key=${unknown}`,
        `/bank/v2/accounts?apikey=${unknown}`,
        `/bank/v2/accounts?API_KEY=${unknown}`,
        `/bank/v2/accounts?perPage=1&access_token=${jwt}`,
        `/bank/v2/accounts?x-api-key=${unknown}`,
        `/bank/v2/accounts?authorization=Bearer%20${jwt}`,
        `/bank/v2/accounts?client_secret=hunter2-of-an-app`,
        `/bank/v2/accounts?name=${unknown}`,
        `/bank/v2/accounts?filters=x(a:${unknown})`,
        `/bank/v2/accounts/${unknown}`,
        `/bank/v2/accounts?access%5Ftoken=${jwt}`,
        `/bank/v2/accounts?api%5fkey=${unknown}`,
        `/bank/v2/accounts?api_key[]=${unknown}`,
        `/bank/v2/accounts?api_key[eq]=${unknown}`,
      ];
      for (const path of places) {
        for (const headers of [{}, { authorization: `Bearer ${valid()}` }]) {
          const answer = await anonymous(path, { headers });
          const text = await answer.text();
          expect([path, answer.status, (JSON.parse(text) as { error: { type: string } }).error.type]).toEqual([
            path,
            400,
            "credential_in_address",
          ]);
          for (const secret of sent) expect([path, text.includes(secret)]).toEqual([path, false]);
          expect([path, JSON.stringify([...answer.headers]).includes(unknown)]).toEqual([path, false]);
        }
      }
    });

    test("SECURITY 6: as a body, a cookie of another name or a user of the address they open nothing", async () => {
      const json = { "content-type": "application/json" };
      const body = JSON.stringify({ api_key: valid(), access_token: valid() });
      const form = new URLSearchParams({ access_token: valid() }).toString();
      const tries: readonly BunFetchRequestInit[] = [
        { method: "POST", headers: json, body },
        { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: form },
        { method: "POST", headers: { ...json, cookie: `api_key=${valid()}; Authorization=Bearer ${valid()}` }, body: "{}" },
        { method: "POST", headers: { ...json, "proxy-authorization": `Bearer ${valid()}` }, body: "{}" },
        { method: "POST", headers: { ...json, referer: `https://a.example/?access_token=${valid()}` }, body: "{}" },
      ];
      for (const init of tries) expect((await anonymous("/bank/v2/customers", init)).status).not.toBeLessThan(400);
      const { host } = new URL(server.facts.baseUrl);
      const asUser = await fetch(`http://${valid()}:x@${host}/bank/v2/accounts?perPage=1`).catch(() => undefined);
      expect(asUser?.status ?? 401).toBe(401);
    });

    test("SECURITY 6: nothing of them is in the log, nor in any file of the installation, nor in its database", async () => {
      await server.fetch("/bank/v2/accounts?perPage=1");
      // What is refused is written a moment later.
      await Bun.sleep(1_500);
      const { log } = server;
      // The log is on: it tells of calls.
      expect(log).toContain("accounts.list");
      const files = readdirSync(data).flatMap((name) => (name === "demo.json" ? [] : [readFileSync(join(data, name), "latin1")]));
      expect(files.length).toBeGreaterThan(0);
      const tables = ["pons_journal", "pons_refusals", "pons_idempotency"];
      const contents: string[] = [];
      if (engine === "postgres") {
        const sql = new Bun.SQL(database.url, { max: 1, connection: { "pons.all_realms": "on" } });
        for (const table of tables) contents.push(JSON.stringify(await sql.unsafe(`SELECT t::text FROM ${table} t`)));
        await sql.close();
        expect(contents.join("").length).toBeGreaterThan(10);
      }
      for (const secret of [...sent, valid()])
        expect([log, ...files, ...contents].some((text) => text.includes(secret))).toBe(false);
    });
  });
}
