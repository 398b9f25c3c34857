/** What the demo tenant offers is made by the operations that administrators use, so it fits. */
import { expect, test } from "bun:test";
import { seedCommerce } from "../../services/platform/commerce/index.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import { dataOf, forEachEngine } from "../core/harness.ts";
import { openOffers } from "./commerce.ts";

forEachEngine((engine) => {
  test("the catalogue of the demo tenant", async () => {
    await using offers = await openOffers(await engine.create());
    const contract = offers.running.app.contracts.get("platform");
    if (contract === undefined) throw new Error("no platform");
    const progress = await Array.fromAsync(seedCommerce(createSeeder(offers.running.app, contract, offers.as("admin"))));
    expect(progress.at(-1)).toEqual({ done: 10, total: 10 });
    const { products } = dataOf(await offers.call("catalogue", { as: offers.as("anyone", { user: null }), body: {} })) as {
      products: { name: string; plans: { name: string }[] }[];
    };
    expect(products.map(({ name, plans }) => [name, plans.map((plan) => plan.name)])).toEqual([
      ["bank", ["pro"]],
      ["bank-sandbox", ["free", "pro"]],
      ["delivery", ["pro"]],
      ["delivery-sandbox", ["free", "pro"]],
    ]);
  });
});
