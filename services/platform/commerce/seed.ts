/** What the demo tenant offers: the bank and the delivery house as products, and three plans. */
import type { Seeder } from "pons";

const limits = {
  free: [
    { name: "burst", kind: "burst", limit: 50, windowSeconds: 1 },
    { name: "daily", kind: "quota", limit: 10_000, period: "day" },
  ],
  pro: [
    { name: "burst", kind: "burst", limit: 500, windowSeconds: 1 },
    { name: "monthly", kind: "quota", limit: 5_000_000, period: "month" },
    { name: "together", kind: "concurrency", limit: 100 },
  ],
  internal: [{ name: "burst", kind: "burst", limit: 10_000, windowSeconds: 1 }],
} as const;

const products = [
  {
    name: "bank-sandbox",
    title: "Bank, to try",
    doc: "Customers, accounts and transfers of the sandbox, with the rights of a teller. It begins at once.",
    services: [{ service: "bank", version: "v2", roles: ["teller"] }],
    environments: ["sandbox"],
    visibility: "public",
  },
  {
    name: "bank",
    title: "Bank",
    doc: "Customers, accounts and transfers, with the rights of a teller.",
    services: [{ service: "bank", version: "v2", roles: ["teller"] }],
    environments: ["live"],
    visibility: "public",
  },
  {
    name: "bank-audit",
    title: "Bank, read only",
    doc: "Everything of the bank, and no right to change it.",
    services: [{ service: "bank", version: "v2", roles: ["auditor"] }],
    visibility: "hidden",
  },
  {
    name: "delivery-sandbox",
    title: "Delivery, to try",
    doc: "Baskets, prices, orders and manifests of the sandbox, with the rights of a shop. It begins at once.",
    services: [{ service: "delivery", version: "v1", roles: ["shop"] }],
    environments: ["sandbox"],
    visibility: "public",
  },
  {
    name: "delivery",
    title: "Delivery",
    doc: "Baskets, prices, orders and manifests, with the rights of a shop.",
    services: [{ service: "delivery", version: "v1", roles: ["shop"] }],
    environments: ["live"],
    visibility: "public",
  },
] as const;

/** Makes environments, products and plans by the operations that administrators use. Yields the number of rows done. */
export async function* seedCommerce(seeder: Seeder): AsyncGenerator<{ readonly done: number; readonly total: number }> {
  const total = 10;
  await seeder.call("environments.set", [{ name: "sandbox" }, { name: "live" }]);
  yield { done: 2, total };
  const made = await seeder.call("products.create", products);
  yield { done: 7, total };
  const [trial, bank, audit, deliveryTrial, delivery] = made.map(({ id }) => String(id));
  await seeder.call("plans.create", [
    {
      name: "free",
      title: "Free",
      doc: "For trying: 50 calls a second, 10,000 a day.",
      products: [trial, deliveryTrial],
      environments: ["sandbox"],
      priority: 2,
      limits: limits.free,
    },
    {
      name: "pro",
      title: "Pro",
      doc: "For business: 500 calls a second, 5,000,000 a month.",
      products: [trial, bank, deliveryTrial, delivery],
      monthlyFee: 49_900,
      unitPrice: 0,
      currency: "EUR",
      approval: "manual",
      priority: 6,
      limits: limits.pro,
    },
    {
      name: "internal",
      title: "Internal",
      doc: "For programs of the house.",
      products: [audit],
      approval: "manual",
      priority: 8,
      limits: limits.internal,
    },
  ]);
  yield { done: total, total };
}
