/** Limits of the server as it is started: what was used is remembered when its process ends, and the owner of an app is told of what is used up. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { forEachEngine } from "../core/harness.ts";
import { openDirect } from "../faults/direct.ts";
import { root, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import type { TestDatabase } from "../postgres/index.ts";
import type { Data } from "./plane.ts";

const services = [join(root, "services", "platform"), join(root, "test", "manage", "market.ts")];
const waitMsMax = 10_000;
const testMsMax = 60_000;

/** Waits for what is there a moment later. */
const eventually = async <T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> => {
  for (const until = performance.now() + waitMsMax; performance.now() < until; await Bun.sleep(20)) {
    const found = await find();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} did not come`);
};

forEachEngine((engine) => {
  describe("limits of the server", () => {
    const folder = new TemporaryFolder();
    const data = folder.at("data");
    let database: TestDatabase;
    let server: TestServer;
    const start = async (): Promise<TestServer> =>
      startServer({ data, services, environment: { PONS_DATABASE_URL: database.url.replace("sqlite://", "sqlite:") } });
    beforeAll(async () => {
      database = await engine.create();
      server = await start();
    }, testMsMax);
    afterAll(async () => {
      expect(await server.stop()).toBe(0);
      await database.drop();
      folder[Symbol.dispose]();
    });

    const admin = (method: string, path: string, body?: object): Promise<Data> =>
      server.data(`/platform/v1${path}`, {
        method,
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    let names = 0;
    const newApp = async (plan: Data, owner?: string): Promise<{ readonly id: string; readonly key: string }> => {
      const name = `market-${++names}`;
      const offer = { name, title: "Market", services: [{ service: "market", roles: ["seller"] }], visibility: "public" };
      const product = await admin("POST", "/products", offer);
      const terms = await admin("POST", "/plans", { name, title: "Plan", ...plan });
      const app = await admin("POST", "/apps", { name: `App ${names}`, ...(owner === undefined ? {} : { owner }) });
      const id = String(app["id"]);
      await admin("POST", "/subscriptions", { app: id, product: product["id"], plan: terms["id"] });
      const { secret } = await admin("POST", `/apps/${id}/createKey`, { name: "Key", environment: "sandbox" });
      return { id, key: String(secret) };
    };
    /** A command that costs two units. */
    const haggle = async (key: string): Promise<string> => {
      const answer = await server.post("/market/v1/haggle", {}, { authorization: `Bearer ${key}` });
      const type = /"type":"(\w+)"/.exec(await answer.text())?.[1];
      return type === undefined ? String(answer.status) : `${answer.status} ${type}`;
    };

    test(
      "SECURITY 57: a quota and a cap on spending outlive the process, whether it is stopped or killed",
      async () => {
        const quota = await newApp({ limits: [{ name: "daily", kind: "quota", limit: 12, period: "day" }] });
        const capped = await newApp({ unitPrice: 5, spendCap: 60 });
        for (const signal of ["SIGTERM", "SIGKILL"] as const) {
          for (const { key } of [quota, capped])
            expect([signal, await haggle(key), await haggle(key)]).toEqual([signal, "204", "204"]);
          await server.stop(signal);
          server = await start();
        }
        expect([await haggle(quota.key), await haggle(quota.key), await haggle(quota.key)]).toEqual([
          "204",
          "204",
          "429 quota_exceeded",
        ]);
        expect([await haggle(capped.key), await haggle(capped.key), await haggle(capped.key)]).toEqual([
          "204",
          "204",
          "402 spend_cap_reached",
        ]);
      },
      testMsMax,
    );

    test(
      "the owner of an app is told when 80 % are used, and when all is: by a notification and a mail each, once",
      async () => {
        const email = "ada@example.com";
        const post = (path: string, body: object) =>
          fetch(`${server.facts.baseUrl}/platform/v1${path}`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          });
        const asked = await post("/signUp", { email, name: "Ada", password: "correct horse battery staple" });
        expect(asked.status).toBe(202);
        const { signUp } = ((await asked.json()) as { data: { signUp: string } }).data;
        const outbox = join(data, "outbox");
        const mailsTo = (): readonly string[] =>
          (existsSync(outbox) ? readdirSync(outbox) : [])
            .filter((name) => name.endsWith(".eml"))
            .map((name) => readFileSync(join(outbox, name), "utf8"))
            .filter((text) => text.includes(email));
        const code = await eventually("the code", () => mailsTo().flatMap((text) => /^.*\b(\d{8})\b/m.exec(text)?.[1] ?? [])[0]);
        expect((await post("/verifyEmail", { signUp, code })).status).toBe(201);
        await using direct = openDirect(database.url);
        const [user] = await direct.query("SELECT id FROM platform_users WHERE email = $1", [email]);
        const { id, key } = await newApp(
          { limits: [{ name: "daily", kind: "quota", limit: 10, period: "day" }] },
          String(user?.["id"]),
        );
        const noticed = async (): Promise<readonly string[]> =>
          (await direct.query("SELECT kind, text FROM platform_notifications WHERE app = $1 ORDER BY created_at, id", [id]))
            .map(({ kind, text }) => `${String(kind)}: ${String(text)}`)
            .filter((line) => line.startsWith("limit"));
        for (let at = 0; at < 3; at++) expect(await haggle(key)).toBe("204");
        expect(await noticed()).toEqual([]);
        expect(await haggle(key)).toBe("204");
        const near = await eventually("the first notice", async () => (await noticed())[0]);
        expect(near).toStartWith('limitNear: 80 % of the limit "daily" is used: 8 of 10.');
        expect(await haggle(key)).toBe("204");
        expect(await eventually("the second notice", async () => (await noticed())[1])).toStartWith(
          'limitReached: All of the limit "daily" is used: 10 of 10.',
        );
        for (let at = 0; at < 3; at++) expect(await haggle(key)).toBe("429 quota_exceeded");
        await Bun.sleep(300);
        expect((await noticed()).map((line) => line.split(":")[0])).toEqual(["limitNear", "limitReached"]);
        const mailed = await direct.query(`SELECT "to" FROM platform_mails WHERE kind = 'notification' AND "to" = $1`, [email]);
        expect(mailed.length).toBeGreaterThanOrEqual(2);
        const written = await eventually("the mails", () => {
          const found = mailsTo().filter((text) => text.includes("of the limit"));
          return found.length === 2 ? found : undefined;
        });
        expect(written.join()).toContain("80 %");
      },
      testMsMax,
    );
  });
});
