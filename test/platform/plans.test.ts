/** Plans: what limits may be, and that a change is in force at once. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { PlanEntry } from "../../src/pipeline/identity/entries.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf } from "../core/harness.ts";
import { offer, type Offers, openOffers } from "./commerce.ts";

const burst = { name: "burst", kind: "burst", limit: 3, windowSeconds: 3_600 };

forEachEngine((engine) => {
  describe("plans", () => {
    let offers: Offers;
    beforeAll(async () => (offers = await openOffers(await engine.create())));
    afterAll(() => offers[Symbol.asyncDispose]());

    const wrong: readonly (readonly [string, object, readonly string[]])[] = [
      ["a burst without a window", { limits: [{ ...burst, windowSeconds: 0 }] }, ["limits.0.windowSeconds"]],
      ["a rate without a window", { limits: [{ name: "rate", kind: "rate", limit: 1 }] }, ["limits.0.windowSeconds"]],
      ["a window of days", { limits: [{ ...burst, windowSeconds: 86_401 }] }, ["limits.0.windowSeconds"]],
      ["a quota without a period", { limits: [{ name: "daily", kind: "quota", limit: 1 }] }, ["limits.0.period"]],
      [
        "a quota with a window",
        { limits: [{ name: "daily", kind: "quota", limit: 1, period: "day", windowSeconds: 5 }] },
        ["limits.0.windowSeconds"],
      ],
      [
        "concurrency of a day",
        { limits: [{ name: "together", kind: "concurrency", limit: 1, period: "day" }] },
        ["limits.0.period"],
      ],
      ["a limit of nothing", { limits: [{ ...burst, limit: 0 }] }, ["limits.0.limit"]],
      ["a limit of a fraction", { limits: [{ ...burst, limit: 1.5 }] }, ["limits.0.limit"]],
      ["one name twice", { limits: [burst, { ...burst, limit: 4 }] }, ["limits.1.name"]],
      ["a name that breaks a header", { limits: [{ ...burst, name: 'a";q=1' }] }, ["limits.0.name"]],
      ["a cap and a limit of its name", { spendCap: 5, limits: [{ ...burst, name: "spendCap" }] }, ["limits.0.name"]],
      ["a pattern that is none", { limits: [{ ...burst, operations: ["*.*"] }] }, ["limits.0.operations.0"]],
      [
        "two costs of one operation",
        {
          costs: [
            { operation: "shop.look", units: 1 },
            { operation: "shop.look", units: 2 },
          ],
        },
        ["costs.1.operation"],
      ],
      ["a priority beyond the last", { priority: 10 }, ["priority"]],
      ["a negative fee", { monthlyFee: -1 }, ["monthlyFee"]],
      ["a product that is none", { products: ["prod_00000000000000000000000000"] }, ["products.0"]],
    ];
    test.each(wrong.map(([title, body, fields]) => ({ title, body, fields })))("refused: $title", async ({ body, fields }) => {
      const refusal = refusalOf(await offers.call("plans.create", { body: { name: "wrong", title: "Wrong", ...body } }));
      expect([refusal.type, Object.keys(refusal.issues ?? {})]).toEqual(["validation_failed", [...fields]]);
    });

    test("every node is told of its terms", async () => {
      const id = idOf(
        await offers.call("plans.create", {
          body: {
            name: "told",
            title: "Told",
            priority: 7,
            unitPrice: 2,
            spendCap: 500,
            limits: [burst],
            costs: [{ operation: "shop.look", units: 5 }],
          },
        }),
      );
      const found = await offers.running.app.directory.get("plan", id);
      const whole = { period: null, per: "app", operations: null, each: false } as const;
      expect(found?.value as unknown as PlanEntry).toEqual({
        name: "told",
        priority: 7,
        limits: [
          { ...burst, kind: "burst", ...whole },
          { name: "spendCap", kind: "spend", limit: 500, windowSeconds: 0, ...whole, period: "month" },
        ],
        costs: { "shop.look": 5 },
        unitPrice: 2,
      });
    });

    test("a limit holds, and another one is in force with the next call", async () => {
      const { product, plan } = await offer(offers, { product: { name: "limited" }, plan: { name: "limited", limits: [burst] } });
      const { id: app, key } = await offers.app(null, "sandbox");
      await offers.call("subscriptions.create", { body: { app, product, plan } });
      const answers = async (count: number): Promise<string[]> => {
        const outcomes: string[] = [];
        for (let at = 0; at < count; at++) outcomes.push(await offers.shop("look", key));
        return outcomes;
      };
      expect(await answers(4)).toEqual(["200", "200", "200", "429 too_many_requests"]);
      await offers.call("plans.update", { id: plan, body: { limits: [{ ...burst, name: "more", limit: 10 }] } });
      expect(await answers(5)).toEqual(["200", "200", "200", "200", "200"]);
      const bad = { limits: [{ ...burst, windowSeconds: 0 }] };
      expect(outcomeOf(await offers.call("plans.update", { id: plan, body: bad }))).toBe("422 validation_failed");
      expect(dataOf(await offers.call("plans.get", { id: plan }))["limits"]).toMatchObject([{ name: "more", limit: 10 }]);
    });

    test("a plan that is subscribed to stays", async () => {
      const { product, plan } = await offer(offers, { product: { name: "kept" }, plan: { name: "kept" } });
      const { id: app } = await offers.app(null, "sandbox");
      await offers.call("subscriptions.create", { body: { app, product, plan } });
      expect(outcomeOf(await offers.call("plans.delete", { id: plan }))).toBe("409 still_referenced");
      expect(outcomeOf(await offers.call("plans.update", { as: offers.as("developer"), id: plan, body: { priority: 9 } }))).toBe(
        "403 forbidden",
      );
    });
  });
});
