/** What was used of a quota, by whoever it is counted by; and that a quota goes on where it was after a restart. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MemoryLimiter } from "../../src/limits/index.ts";
import { loadUsedFrom, Usage, type UsedBy, usedByOf } from "../../src/manage/usage/index.ts";
import { realmOf } from "../../src/store/index.ts";
import { forEachEngine, type Running } from "../core/harness.ts";
import { openShop, type Shop } from "./shop.ts";

forEachEngine((engine) => {
  describe("what was used", () => {
    let shop: Shop;
    let running: Running;
    let now = Date.UTC(2026, 10, 15, 12, 0);
    const used = async (by: UsedBy, period: "day" | "month" = "month", of: Usage = shop.managed.usage) => {
      const { calls, units } = await of.used(by, period);
      return [calls, units];
    };
    const place = { tenant: "demo", environment: "sandbox" };
    const whose = (more: object) => running.caller("clerk", { app: "app_a", user: null, key: null, ...more });
    const sell = (as: ReturnType<typeof whose>) => running.call("sales.create", { as, body: { what: "x" } });
    const look = (as: ReturnType<typeof whose>) => running.call("look", { as, body: {} });

    beforeAll(async () => {
      shop = await openShop(await engine.create(), { clock: () => now });
      ({ running } = shop);
      now = Date.UTC(2026, 9, 31, 23, 59);
      await sell(whose({ key: "key_1" }));
      now = Date.UTC(2026, 10, 1, 0, 0);
      await sell(whose({ key: "key_1", plan: "pln_1" }));
      now = Date.UTC(2026, 10, 15, 12, 0);
      await sell(whose({ key: "key_1", plan: "pln_1" }));
      await look(whose({ key: "key_2", user: "usr_1" }));
      await look(whose({ app: "app_b", user: "usr_1" }));
      await look(whose({ environment: "live", realm: await realmOf(running.store, "demo", "live") }));
    });
    afterAll(() => shop[Symbol.asyncDispose]());

    const cases: readonly (readonly [string, Partial<UsedBy> & Pick<UsedBy, "by">, "day" | "month", readonly number[]])[] = [
      ["the tenant, this month", { by: "tenant" }, "month", [4, 10]],
      ["the tenant, today", { by: "tenant" }, "day", [3, 7]],
      ["an app", { by: "app", value: "app_a" }, "month", [3, 8]],
      ["an operation of an app", { by: "app", value: "app_a", operation: "shop.sales.create" }, "month", [2, 6]],
      ["a key", { by: "key", value: "key_2" }, "month", [1, 2]],
      ["an app that has no key", { by: "key", value: "app_b" }, "month", [1, 2]],
      ["a user, of all apps", { by: "user", value: "usr_1" }, "month", [2, 4]],
      ["a plan", { by: "plan", value: "pln_1" }, "day", [1, 3]],
      ["nobody", { by: "app", value: "app_c" }, "month", [0, 0]],
      ["another environment", { by: "tenant", environment: "live" }, "month", [1, 2]],
      ["another tenant", { by: "tenant", tenant: "other" }, "month", [0, 0]],
    ];
    test.each(cases.map(([title, by, period, wanted]) => ({ title, by, period, wanted })))(
      "$title: before it is written, after, and once the rows are hours",
      async ({ by, period, wanted }) => {
        expect(await used({ ...place, ...by }, period)).toEqual([...wanted]);
      },
    );

    test("the same once it is written, by a process that has counted nothing, and once the rows are hours", async () => {
      await shop.managed.usage.flush();
      const fresh = new Usage({ store: running.store, contracts: running.app.contracts, clock: () => now });
      for (const [, by, period, wanted] of cases) expect(await used({ ...place, ...by }, period, fresh)).toEqual([...wanted]);
      const noon = now;
      now += 5 * 3_600_000;
      expect(await shop.managed.usage.rollUp()).toBeGreaterThan(0);
      now = noon;
      expect((await shop.rows()).map(({ grain }) => grain)).toEqual(Array.from({ length: 5 }, () => "hour"));
      for (const [, by, period, wanted] of cases) expect(await used({ ...place, ...by }, period, fresh)).toEqual([...wanted]);
    });

    test("keys of limits say whose it is", () => {
      expect(usedByOf("demo/live/tenant")).toEqual({ tenant: "demo", environment: "live", by: "tenant" });
      expect(usedByOf("demo/live/app:app_1/shop.look")).toEqual({
        ...place,
        environment: "live",
        by: "app",
        value: "app_1",
        operation: "shop.look",
      });
      for (const wrong of ["demo", "demo/live", "demo/live/somebody:1"]) expect(() => usedByOf(wrong)).toThrow(TypeError);
    });

    test("SECURITY 57: a quota is not had anew by a restart", async () => {
      const load = loadUsedFrom(
        new Usage({ store: running.store, contracts: running.app.contracts, clock: () => now }),
        running.app.directory,
      );
      const rule = {
        name: "monthly",
        kind: "quota",
        limit: 9,
        windowSeconds: 0,
        period: "month",
        key: "demo/sandbox/app:app_a",
      } as const;
      const restarted = new MemoryLimiter({ usedBefore: { load, whenAway: "closed" } });
      expect((await restarted.admit([rule], 2, now)).ok).toBe(false);
      expect((await restarted.admit([rule], 1, now)).ok).toBe(true);
      expect((await restarted.admit([rule], 1, now)).ok).toBe(false);
    });
  });
});
