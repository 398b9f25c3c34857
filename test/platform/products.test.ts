/** Products: what may be offered, who is shown it, and that retiring one takes its roles away. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { communities } from "../../services/platform/identity/community-fields.ts";
import { members } from "../../services/platform/identity/member-fields.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf } from "../core/harness.ts";
import { offer, type Offers, openOffers, shopping } from "./commerce.ts";

forEachEngine((engine) => {
  describe("products", () => {
    let offers: Offers;
    beforeAll(async () => (offers = await openOffers(await engine.create())));
    afterAll(() => offers[Symbol.asyncDispose]());

    test("are made by administrators, hidden unless said otherwise", async () => {
      const { name, visibility, status, environments } = dataOf(
        await offers.call("products.create", {
          body: { name: "plain", title: "Plain", services: [{ service: "shop", roles: ["buyer"] }] },
        }),
      );
      expect({ name, visibility, status, environments }).toEqual({
        name: "plain",
        visibility: "hidden",
        status: "active",
        environments: ["sandbox", "live"],
      });
      for (const role of ["developer", "staff", "auditor", "anyone"])
        expect(outcomeOf(await offers.call("products.create", { as: offers.as(role), body: shopping({ name: "no" }) }))).toBe(
          "403 forbidden",
        );
    });

    const wrong: readonly (readonly [string, object, string])[] = [
      [
        "a service named twice",
        {
          services: [
            { service: "shop", roles: ["buyer"] },
            { service: "shop", roles: ["keeper"] },
          ],
        },
        "services.1.service",
      ],
      ["a role nobody has", { services: [{ service: "shop", roles: ["buyer", "system"] }] }, "services.0.roles.1"],
      ["callers without credentials", { services: [{ service: "shop", roles: ["anyone"] }] }, "services.0.roles.0"],
      ["administrators of the tenant", { services: [{ service: "platform", roles: ["admin"] }] }, "services.0.roles.0"],
      ["the installation's staff", { services: [{ service: "platform", roles: ["operator"] }] }, "services.0.roles.0"],
      ["no role", { services: [{ service: "shop", roles: [] }] }, "services.0.roles"],
      ["no service", { services: [] }, "services"],
      ["a name with spaces", { name: "my product" }, "name"],
      ["an environment that is none", { environments: ["test"] }, "environments.0"],
    ];
    test.each(wrong.map(([title, body, field]) => ({ title, body, field })))("refused: $title", async ({ body, field }) => {
      const refusal = refusalOf(await offers.call("products.create", { body: { ...shopping({ name: "wrong" }), ...body } }));
      expect([refusal.type, Object.keys(refusal.issues ?? {})]).toEqual(["validation_failed", [field]]);
    });

    test("a change is held against the same rules, and what was good stays", async () => {
      const id = idOf(await offers.call("products.create", { body: shopping({ name: "changed" }) }));
      const body = { services: [{ service: "platform", roles: ["staff"] }] };
      expect(outcomeOf(await offers.call("products.update", { id, body }))).toBe("422 validation_failed");
      expect(dataOf(await offers.call("products.get", { id }))["services"]).toEqual([
        { service: "shop", version: null, roles: ["buyer"] },
      ]);
    });

    test("a name is unique, within one batch too", async () => {
      const step = { operation: "products.create", options: { as: offers.as("admin"), body: shopping({ name: "twice" }) } };
      const outcomes = (await offers.running.batch([step, step], "independent")).map(outcomeOf);
      expect(outcomes.toSorted()).toEqual(["201", "409 already_exists"]);
    });

    test("one that a plan names stays", async () => {
      const id = idOf(await offers.call("products.create", { body: shopping({ name: "planned" }) }));
      await offers.call("plans.create", { body: { name: "planned", title: "Planned", products: [id] } });
      expect(refusalOf(await offers.call("products.delete", { id }))).toMatchObject({
        type: "still_in_use",
        details: { plan: "planned" },
      });
    });

    test("the catalogue shows what is public, and what one's communities list", async () => {
      const open = idOf(await offers.call("products.create", { body: shopping({ name: "for-all" }) }));
      const listed = idOf(
        await offers.call("products.create", { body: shopping({ name: "for-members", visibility: "communities" }) }),
      );
      await offers.call("products.create", { body: shopping({ name: "for-nobody", visibility: "hidden" }) });
      await offers.call("plans.create", { body: { name: "members", title: "Members", products: [listed], limits: [] } });
      const ann = await offers.user("ann@example.com");
      const community = await offers.insert(communities, {
        name: "partners",
        title: "Partners",
        joining: "open",
        products: [listed],
      });
      await offers.insert(communities, { name: "closed", title: "Closed", joining: "invitation", products: [listed] });
      await offers.insert(members, { community, user: ann });
      const names = async (as: ReturnType<Offers["as"]>, named?: string): Promise<string[]> => {
        const found = dataOf(await offers.call("catalogue", { as, body: named === undefined ? {} : { community: named } }));
        return (found["products"] as { name: string }[]).map(({ name }) => name).filter((name) => name.startsWith("for-"));
      };
      const anyone = offers.as("anyone", { user: null });
      expect(await names(anyone)).toEqual(["for-all"]);
      expect(await names(anyone, "partners")).toEqual(["for-all", "for-members"]);
      expect(await names(anyone, "closed")).toEqual(["for-all"]);
      expect(await names(offers.as("developer", { user: ann }))).toEqual(["for-all", "for-members"]);
      expect(await names(offers.as("developer", { user: await offers.user("bob@example.com") }))).toEqual(["for-all"]);
      const [first] = dataOf(await offers.call("catalogue", { as: offers.as("developer", { user: ann }) }))["products"] as {
        plans: { name: string }[];
      }[];
      expect(first?.plans.map(({ name }) => name)).not.toContain("members");
      const seen = rowsOf(
        await offers.call("products.list", { as: offers.as("developer", { user: ann }), query: { perPage: 100 } }),
      );
      expect(seen.every(({ visibility }) => visibility === "public")).toBe(true);
      expect(seen.map(({ id }) => id)).toContain(open);
    });

    test("retiring one takes the roles of its apps away at once", async () => {
      const { product, plan } = await offer(offers, { product: { name: "retiring" }, plan: { name: "retiring" } });
      const { id: app, key } = await offers.app(null, "sandbox");
      expect(await offers.shop("look", key)).toBe("403 forbidden");
      await offers.call("subscriptions.create", { body: { app, product, plan } });
      expect(await offers.shop("look", key)).toBe("200");
      await offers.call("products.update", { id: product, body: { status: "retired" } });
      expect(await offers.shop("look", key)).toBe("403 forbidden");
    });
  });
});
