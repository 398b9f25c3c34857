/** Subscriptions: at once or by approval, for own apps only, one per app, product and environment; and the roles they bring. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { environments } from "../../services/platform/commerce/environments.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf } from "../core/harness.ts";
import { offer, type Offers, openOffers, shopping } from "./commerce.ts";

const other = { user: "usr_00000000000000000000000002" };
let names = 0;
const fresh = (): string => `offer-${++names}`;

forEachEngine((engine) => {
  describe("subscriptions", () => {
    let offers: Offers;
    beforeAll(async () => (offers = await openOffers(await engine.create())));
    afterAll(() => offers[Symbol.asyncDispose]());

    const offered = (plan: object = {}, product: object = {}) => {
      const name = fresh();
      return offer(offers, { product: { name, ...product }, plan: { name, ...plan } });
    };

    test("an own app gets the roles at once, and loses them with the end", async () => {
      const ids = await offered();
      const ann = await offers.user(`${fresh()}@example.com`);
      const { id: app, key } = await offers.app(ann, "sandbox");
      const as = offers.as("developer", { user: ann });
      expect(await offers.shop("look", key)).toBe("403 forbidden");
      const made = await offers.call("subscriptions.create", { as, body: { app, ...ids } });
      expect(dataOf(made)).toMatchObject({ status: "active", environment: "sandbox", requestedBy: ann, decidedBy: null });
      expect([await offers.shop("look", key), await offers.shop("stock", key)]).toEqual(["200", "403 forbidden"]);
      expect(dataOf(await offers.call("apps.get", { id: app }))["subscriptions"]).toEqual([{ ...ids, environment: "sandbox" }]);
      expect(dataOf(await offers.call("subscriptions.cancel", { as, id: idOf(made), body: {} }))["status"]).toBe("cancelled");
      expect(await offers.shop("look", key)).toBe("403 forbidden");
      expect(outcomeOf(await offers.call("subscriptions.cancel", { as, id: idOf(made), body: {} }))).toBe(
        "409 subscription_over",
      );
    });

    test("a subscription of one environment does not count in the other", async () => {
      const ids = await offered();
      const { id: app, key } = await offers.app(null, "live");
      await offers.call("subscriptions.create", { body: { app, ...ids, environment: "sandbox" } });
      expect(await offers.shop("look", key)).toBe("403 forbidden");
      await offers.call("subscriptions.create", { body: { app, ...ids, environment: "live" } });
      expect(await offers.shop("look", key)).toBe("200");
    });

    test("a manual plan waits for somebody who is not the one that asked", async () => {
      const ids = await offered({ approval: "manual" });
      const ann = await offers.user(`${fresh()}@example.com`);
      const { id: app, key } = await offers.app(ann, "sandbox");
      const as = offers.as(["developer", "admin"], { user: ann });
      const asked = await offers.call("subscriptions.create", { as, body: { app, ...ids } });
      expect(outcomeOf(asked)).toBe("202");
      const id = idOf(asked);
      expect(await offers.shop("look", key)).toBe("403 forbidden");
      expect(outcomeOf(await offers.call("subscriptions.approve", { as, id, body: {} }))).toBe("403 own_request");
      expect(
        rowsOf(await offers.call("subscriptions.list", { query: { named: [{ name: "waiting", params: {} }] } })).map(
          (row) => row["id"],
        ),
      ).toContain(id);
      const approved = await offers.call("subscriptions.approve", {
        as: offers.as("admin", other),
        id,
        body: { reason: "signed" },
      });
      expect(dataOf(approved)).toMatchObject({ status: "active", decidedBy: other.user, reason: "signed" });
      expect(await offers.shop("look", key)).toBe("200");
      expect(outcomeOf(await offers.call("subscriptions.approve", { as: offers.as("admin", other), id, body: {} }))).toBe(
        "409 nothing_to_decide",
      );
      expect(rowsOf(await offers.call("notifications.list", { query: { perPage: 100 } }))).toContainEqual(
        expect.objectContaining({ user: ann, app, kind: "subscriptionApproved" }),
      );
    });

    test("what was rejected gives nothing, and may be asked for again", async () => {
      const ids = await offered({ approval: "manual" });
      const { id: app, key } = await offers.app(null, "sandbox");
      const id = idOf(await offers.call("subscriptions.create", { body: { app, ...ids } }));
      const as = offers.as("admin", other);
      expect(outcomeOf(await offers.call("subscriptions.reject", { as, id, body: { reason: "" } }))).toBe(
        "422 validation_failed",
      );
      expect(dataOf(await offers.call("subscriptions.reject", { as, id, body: { reason: "no contract" } }))).toMatchObject({
        status: "rejected",
        reason: "no contract",
      });
      expect(await offers.shop("look", key)).toBe("403 forbidden");
      expect(outcomeOf(await offers.call("subscriptions.create", { body: { app, ...ids } }))).toBe("202");
    });

    test("another plan, at once and by approval", async () => {
      const { product, plan: free } = await offered();
      const pro = idOf(await offers.call("plans.create", { body: { name: fresh(), title: "Pro", approval: "manual" } }));
      const plus = idOf(await offers.call("plans.create", { body: { name: fresh(), title: "Plus" } }));
      const { id: app } = await offers.app(null, "sandbox");
      const id = idOf(await offers.call("subscriptions.create", { body: { app, product, plan: free } }));
      const planOfApp = async (): Promise<unknown> =>
        (dataOf(await offers.call("apps.get", { id: app }))["subscriptions"] as { plan: string }[]).map(({ plan }) => plan);
      expect(dataOf(await offers.call("subscriptions.changePlan", { id, body: { plan: plus } }))["plan"]).toBe(plus);
      expect(await planOfApp()).toEqual([plus]);
      expect(outcomeOf(await offers.call("subscriptions.changePlan", { id, body: { plan: pro } }))).toBe("202");
      expect(await planOfApp()).toEqual([plus]);
      const as = offers.as("admin", other);
      expect(dataOf(await offers.call("subscriptions.reject", { as, id, body: { reason: "later" } }))).toMatchObject({
        status: "active",
        plan: plus,
        wantedPlan: null,
      });
      await offers.call("subscriptions.changePlan", { id, body: { plan: pro } });
      expect(dataOf(await offers.call("subscriptions.approve", { as, id, body: {} }))["plan"]).toBe(pro);
      expect(await planOfApp()).toEqual([pro]);
      expect(outcomeOf(await offers.call("subscriptions.changePlan", { id, body: { plan: pro } }))).toBe("409 plan_unchanged");
    });

    test("only one at a time per app, product and environment, within one batch too", async () => {
      const ids = await offered();
      const { id: app } = await offers.app(null, "sandbox");
      const step = { operation: "subscriptions.create", options: { as: offers.as("admin"), body: { app, ...ids } } };
      const outcomes = (await offers.running.batch([step, step, step], "independent")).map(outcomeOf);
      expect(outcomes.toSorted()).toEqual(["201", "409 already_subscribed", "409 already_subscribed"]);
    });

    test("refused: what is not one's own, not shown, not on offer", async () => {
      const { product, plan } = await offered();
      const hidden = idOf(await offers.call("products.create", { body: shopping({ name: fresh(), visibility: "hidden" }) }));
      const liveOnly = await offered({ environments: ["live"] });
      const notLive = await offered({}, { environments: ["sandbox"] });
      const retired = await offered();
      await offers.call("plans.update", { id: retired.plan, body: { status: "retired" } });
      const forOther = await offered({ products: [product] });
      const ann = await offers.user(`${fresh()}@example.com`);
      const { id: app } = await offers.app(ann, "sandbox");
      const { id: foreign } = await offers.app(await offers.user(`${fresh()}@example.com`), "sandbox");
      const as = offers.as("developer", { user: ann });
      const outcome = async (body: object): Promise<unknown> => {
        const refusal = refusalOf(await offers.call("subscriptions.create", { as, body }));
        return [refusal.type, ...Object.keys(refusal.issues ?? {})];
      };
      expect(await outcome({ app: foreign, product, plan })).toEqual(["invalid_reference", "app"]);
      expect(await outcome({ app, product: hidden, plan })).toEqual(["invalid_reference", "product"]);
      expect(await outcome({ app, product, plan: "plan_00000000000000000000000000" })).toEqual(["invalid_reference", "plan"]);
      expect(await outcome({ app, ...liveOnly, environment: "sandbox" })).toEqual(["not_on_offer"]);
      expect(await outcome({ app, ...notLive, environment: "live" })).toEqual(["not_on_offer"]);
      expect(await outcome({ app, ...retired })).toEqual(["not_on_offer"]);
      expect(await outcome({ app, product: forOther.product, plan: forOther.plan })).toEqual(["not_on_offer"]);
    });

    test("a closed environment takes none", async () => {
      const ids = await offered();
      const { id: app } = await offers.app(null, "live");
      await offers.call("environments.set", { body: { name: "live", status: "closed" } });
      expect(outcomeOf(await offers.call("subscriptions.create", { body: { app, ...ids, environment: "live" } }))).toBe(
        "409 environment_closed",
      );
      await offers.call("environments.set", { body: { name: "live", status: "open" } });
      expect(outcomeOf(await offers.call("subscriptions.create", { body: { app, ...ids, environment: "live" } }))).toBe("201");
      expect(rowsOf(await offers.call(`${environments.name}.list`)).map(({ name }) => name)).toEqual(["sandbox", "live"]);
    });

    test("an app that is closed leaves none", async () => {
      const ids = await offered();
      const { id: app, key } = await offers.app(null, "sandbox");
      const id = idOf(await offers.call("subscriptions.create", { body: { app, ...ids } }));
      expect(outcomeOf(await offers.call("apps.close", { id: app, body: {} }))).toBe("200");
      expect(dataOf(await offers.call("subscriptions.get", { id }))).toMatchObject({
        status: "cancelled",
        reason: "The app was closed.",
      });
      expect(await offers.shop("look", key)).toBe("401 invalid_credentials");
      expect(outcomeOf(await offers.call("subscriptions.create", { body: { app, ...ids } }))).toBe("409 app_suspended");
    });

    test("developers see and end their own alone", async () => {
      const ids = await offered();
      const [ann, bob] = [await offers.user(`${fresh()}@example.com`), await offers.user(`${fresh()}@example.com`)];
      const { id: app } = await offers.app(ann, "sandbox");
      const id = idOf(
        await offers.call("subscriptions.create", { as: offers.as("developer", { user: ann }), body: { app, ...ids } }),
      );
      const seen = async (user: string): Promise<unknown[]> =>
        rowsOf(await offers.call("subscriptions.list", { as: offers.as("developer", { user }) })).map((row) => row["id"]);
      expect([await seen(ann), await seen(bob)]).toEqual([[id], []]);
      const as = offers.as("developer", { user: bob });
      expect(outcomeOf(await offers.call("subscriptions.cancel", { as, id, body: {} }))).toBe("404 not_found");
      expect(outcomeOf(await offers.call("subscriptions.changePlan", { as, id, body: { plan: ids.plan } }))).toBe(
        "404 not_found",
      );
    });
  });
});
