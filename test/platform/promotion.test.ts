/** Promotion: the configuration of the sandbox becomes that of the live environment; what is done is what was said before. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dataOf, forEachEngine, idOf, outcomeOf, rowsOf } from "../core/harness.ts";
import { type Offers, openOffers, shopping } from "./commerce.ts";

forEachEngine((engine) => {
  describe("promotion", () => {
    let offers: Offers;
    beforeAll(async () => (offers = await openOffers(await engine.create())));
    afterAll(() => offers[Symbol.asyncDispose]());

    const policy = (name: string, more: object = {}) =>
      offers.call("policies.create", {
        body: {
          name,
          kind: "ipDeny",
          settings: { networks: ["192.0.2.0/24"] },
          scope: { environment: "sandbox", operations: ["shop.*"] },
          ...more,
        },
      });

    const promote = (body: object) => offers.call("environments.promote", { body });

    test("says what differs, then does it, then nothing differs", async () => {
      await policy("new", { order: 4 });
      await policy("known");
      await policy("known", { scope: { environment: "live" }, settings: { networks: ["198.51.100.7"] } });
      await policy("everywhere", { scope: {} });
      await policy("live-alone", { scope: { environment: "live" } });
      const product = idOf(await offers.call("products.create", { body: shopping({ environments: ["sandbox"] }) }));
      await offers.call("plans.create", { body: { name: "free", title: "Free", environments: ["sandbox"] } });
      await offers.call("plans.create", { body: { name: "both", title: "Both" } });

      const said = dataOf(await promote({ dryRun: true }));
      expect(said["applied"]).toBe(false);
      const differences = said["differences"] as { kind: string; name: string; change: string; fields: { field: string }[] }[];
      expect(differences.map(({ kind, name, change, fields }) => [kind, name, change, fields.map(({ field }) => field)])).toEqual(
        [
          ["policies", "known", "changed", ["scope", "settings"]],
          ["policies", "new", "created", ["doc", "scope", "settings", "order", "enabled"]],
          ["products", "shopping", "changed", ["environments"]],
          ["plans", "free", "changed", ["environments"]],
        ],
      );
      expect(dataOf(await offers.call("products.get", { id: product }))["environments"]).toEqual(["sandbox"]);

      const done = dataOf(await promote({}));
      expect(done).toEqual({ applied: true, differences });
      expect(dataOf(await offers.call("products.get", { id: product }))["environments"]).toEqual(["sandbox", "live"]);
      const live = rowsOf(
        await offers.call("policies.list", {
          query: { filters: [{ path: "environment", op: "eq", values: ["live"], as: "environment" }], sortBy: ["name"] },
        }),
      );
      expect(live.map(({ name, settings, order, revision }) => ({ name, settings, order, revision }))).toEqual([
        { name: "known", settings: { networks: ["192.0.2.0/24"] }, order: 0, revision: 2 },
        { name: "live-alone", settings: { networks: ["192.0.2.0/24"] }, order: 0, revision: 1 },
        { name: "new", settings: { networks: ["192.0.2.0/24"] }, order: 4, revision: 1 },
      ]);
      expect(dataOf(await promote({}))).toEqual({ applied: true, differences: [] });
    });

    test("a policy of another kind stops it as a whole", async () => {
      await policy("aaa-first", { order: 9 });
      await policy("clash");
      await policy("clash", { kind: "ipAllow", scope: { environment: "live" } });
      expect(outcomeOf(await promote({}))).toBe("409 kind_differs");
      const names = rowsOf(await offers.call("policies.list", { query: { perPage: 100 } })).filter(
        ({ environment }) => environment === "live",
      );
      expect(names.map(({ name }) => name)).not.toContain("aaa-first");
    });

    test("not from an environment to itself, and by administrators alone", async () => {
      expect(outcomeOf(await promote({ from: "live", to: "live" }))).toBe("422 validation_failed");
      for (const role of ["staff", "developer", "auditor"])
        expect(outcomeOf(await offers.call("environments.promote", { as: offers.as(role), body: {} }))).toBe("403 forbidden");
    });
  });
});
