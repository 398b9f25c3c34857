/** Usage and analytics as the platform answers them: sums of what was called, for whom it is theirs, as an answer and as a file. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { apps } from "../../services/platform/identity/app-fields.ts";
import { users } from "../../services/platform/identity/user-fields.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { newIdentifier } from "../../src/pipeline/identifier.ts";
import { realmOf } from "../../src/store/index.ts";
import { dataOf, forEachEngine, outcomeOf, refusalOf, type Running } from "../core/harness.ts";
import { openShop, type Shop } from "./shop.ts";

forEachEngine((engine) => {
  describe("usage and analytics", () => {
    let shop: Shop;
    let running: Running;
    let now = Date.UTC(2026, 10, 14, 23, 30);
    let tenantRealm = 0;
    let developer = "";
    const own: string[] = [];
    const month = { from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00Z", environment: "sandbox" };

    const member = (role: string, user: string | null = null) =>
      running.caller(role, { realm: tenantRealm, environment: "live", app: null, user });
    const ask = (operation: string, body: object, as = member("admin")) =>
      running.call(operation, { as, body: { ...month, ...body } });
    const rowsOf = async (operation: string, body: object, as = member("admin")) =>
      dataOf(await ask(operation, body, as))["rows"];

    const sell = (app: string, what: string, more = {}) =>
      running.call("sales.create", { as: running.caller("clerk", { app, user: null, ...more }), body: { what } });
    const look = (app: string, more = {}) =>
      running.call("look", { as: running.caller("clerk", { app, user: null, ...more }), body: {} });

    beforeAll(async () => {
      shop = await openShop(await engine.create(), { clock: () => now });
      ({ running } = shop);
      tenantRealm = await realmOf(running.store, "demo", "tenant");
      const contract = running.app.contracts.get("platform");
      if (contract === undefined) throw new Error("no platform");
      const seeder = createSeeder(running.app, contract, running.caller("admin", { realm: tenantRealm }));
      const moment = new Date(now).toISOString();
      const stamps = { tenant: "demo", createdAt: moment, updatedAt: moment };
      developer = `usr_${newIdentifier()}`;
      await seeder.insert(users, [{ ...stamps, id: developer, email: "dev@example.com", name: "Dev", passwordHash: "none" }]);
      for (const owner of [developer, developer, null]) {
        const id = `app_${newIdentifier()}`;
        own.push(id);
        await seeder.insert(apps, [{ ...stamps, id, name: id, owner }]);
      }
      const [first = "", second = "", other = ""] = own;
      await sell(first, "a");
      await sell(first, "last");
      now = Date.UTC(2026, 10, 15, 0, 30);
      await look(first);
      await look(second);
      for (let times = 0; times < 3; times++) await look(other);
      await look(other, { environment: "live", realm: await realmOf(running.store, "demo", "live") });
      // Of the platform itself: its rows are the tenant's, the call is of an environment.
      await running.call("usage", { as: running.caller("admin", { realm: tenantRealm, app: second, user: null }), body: month });
      await shop.managed.usage.flush();
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    test("by day, with the sum", async () => {
      const { total, rows } = dataOf(await ask("usage", {}));
      expect(total).toEqual({ calls: 8, errors: 1, units: 17 });
      expect(rows).toEqual([
        { day: "2026-11-14", calls: 2, errors: 1, units: 6 },
        { day: "2026-11-15", calls: 6, errors: 0, units: 11 },
      ]);
    });

    test("by operation and outcome; of the other environment; of no time", async () => {
      expect(await rowsOf("usage", { group: ["operation", "outcome"] })).toEqual([
        { operation: "platform.usage", outcome: "2xx", calls: 1, errors: 0, units: 1 },
        { operation: "shop.look", outcome: "2xx", calls: 5, errors: 0, units: 10 },
        { operation: "shop.sales.create", outcome: "2xx", calls: 1, errors: 0, units: 3 },
        { operation: "shop.sales.create", outcome: "4xx", calls: 1, errors: 1, units: 3 },
      ]);
      expect(await rowsOf("usage", { group: ["app"], environment: "live" })).toEqual([
        { app: own[2], calls: 1, errors: 0, units: 2 },
      ]);
      expect(dataOf(await ask("usage", { from: "2026-10-01T00:00:00Z", to: "2026-11-01T00:00:00Z" }))).toMatchObject({
        total: { calls: 0, errors: 0, units: 0 },
        rows: [],
      });
    });

    test("developers see that of their own apps, and no trace of others", async () => {
      const [first = "", second = "", other = ""] = own;
      const as = member("developer", developer);
      const found = (await rowsOf("usage", { group: ["app"] }, as)) as { app: string; calls: number }[];
      expect(found.map(({ app, calls }) => [app, calls])).toEqual(
        [first, second].toSorted().map((app) => [app, app === first ? 3 : 2]),
      );
      expect(await rowsOf("analytics", { group: [], app: second }, as)).toMatchObject([{ calls: 2 }]);
      for (const operation of ["usage", "analytics", "exportUsage", "exportAnalytics"])
        for (const app of [other, "app_none"]) expect(outcomeOf(await ask(operation, { app }, as))).toBe("422 validation_failed");
      expect(dataOf(await ask("usage", {}, member("developer", "usr_somebody")))).toMatchObject({
        total: { calls: 0 },
        rows: [],
      });
      expect(outcomeOf(await ask("usage", {}, member("anyone")))).toBe("403 forbidden");
      expect(outcomeOf(await ask("usage", {}, member("person", developer)))).toBe("403 forbidden");
    });

    test("another tenant sees nothing of it", async () => {
      const realm = await realmOf(running.store, "other", "tenant");
      const as = running.caller("admin", { tenant: "other", realm, environment: "live" });
      for (const operation of ["usage", "analytics"])
        expect(dataOf(await ask(operation, { group: ["app"] }, as))["rows"]).toEqual([]);
    });

    test("errors, ratios and times; the most called first; what is beyond the limit is counted", async () => {
      const { total, groups, rows } = dataOf(await ask("analytics", { group: ["operation"], orderBy: "calls", limit: 2 }));
      expect(total).toMatchObject({ calls: 8, errors: 1, errorRatio: "0.1250" });
      expect(groups).toBe(3);
      expect(rows).toMatchObject([
        { operation: "shop.look", calls: 5, errors: 0, errorRatio: "0.0000" },
        { operation: "shop.sales.create", calls: 2, errors: 1, errorRatio: "0.5000" },
      ]);
      for (const { p50, p95, p99 } of rows as { p50: number; p95: number; p99: number }[]) {
        expect(p50).toBeGreaterThan(0);
        expect(p95).toBeGreaterThanOrEqual(p50);
        expect(p99).toBeGreaterThanOrEqual(p95);
      }
      expect(await rowsOf("analytics", { group: ["channel", "country", "version"] })).toMatchObject([
        { channel: "test", version: "platform v1", calls: 1 },
        { channel: "test", version: "shop v1", calls: 7 },
      ]);
    });

    test("the same once the rows are minutes and hours", async () => {
      const before = [
        await rowsOf("usage", { group: ["day", "operation"] }),
        await rowsOf("analytics", { group: ["hour", "app"] }),
      ];
      const then = now;
      now += 3 * 86_400_000;
      expect(await shop.managed.usage.rollUp()).toBeGreaterThan(0);
      now = then;
      expect([
        await rowsOf("usage", { group: ["day", "operation"] }),
        await rowsOf("analytics", { group: ["hour", "app"] }),
      ]).toEqual(before);
    });

    test.each([
      [{ from: "2026-12-01T00:00:00Z" }, "to"],
      [{ from: "2020-01-01T00:00:00Z" }, "to"],
      [{ group: ["day", "hour"] }, "group"],
      [{ group: ["app", "app"] }, "group"],
      [{ group: ["password"] }, "group.0"],
      [{ environment: "tenant" }, "environment"],
    ])("refused: %j", async (body, field) => {
      for (const operation of ["usage", "exportAnalytics"]) {
        const { status, issues } = refusalOf(await ask(operation, body));
        expect([status, Object.keys(issues ?? {})]).toEqual([422, [field]]);
      }
    });

    test("as CSV, in which no text is taken for a formula", async () => {
      for (const app of ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", " =1", 'quo"te, and', "fine"]) await look(app);
      await shop.managed.usage.flush();
      const { mediaType, filename, content } = dataOf(await ask("exportUsage", { group: ["app", "operation"] }));
      expect([mediaType, filename]).toEqual(["text/csv", "usage-sandbox-2026-11-01-2026-12-01.csv"]);
      const lines = (content as string).split("\r\n");
      expect(lines[0]).toBe("app,operation,calls,errors,units");
      for (const line of [
        `"'=1+1",shop.look,1,0,2`,
        `"'+x",shop.look,1,0,2`,
        `"'-x",shop.look,1,0,2`,
        `"'@SUM(A1)",shop.look,1,0,2`,
        `"'\tx",shop.look,1,0,2`,
        `"' =1",shop.look,1,0,2`,
        `"quo""te, and",shop.look,1,0,2`,
        "fine,shop.look,1,0,2",
        `${own[0]},shop.look,1,0,2`,
      ])
        expect(lines).toContain(line);
      const file = dataOf(await ask("exportAnalytics", { group: ["operation"], orderBy: "calls", limit: 1 }));
      expect((file["content"] as string).split("\r\n")[0]).toBe("operation,calls,errors,errorRatio,p50,p95,p99");
    });
  });
});
