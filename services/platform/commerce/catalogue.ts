/** The catalogue: what the caller is shown of products and plans, for portals. */
import { eq, query, t } from "pons";
import { plans } from "./plan-fields.ts";
import { products } from "./product-fields.ts";
import { isShownTo, listedProducts } from "./visibility.ts";
import { environmentNames } from "./words.ts";

const offeredPlan = t.object({
  id: t.string(),
  name: t.string(),
  title: t.string(),
  doc: t.text({ optional: true }),
  environments: t.array(t.enum(environmentNames)),
  approval: t.enum(["auto", "manual"]),
  monthlyFee: t.money({ currency: "currency" }),
  unitPrice: t.integer(),
  currency: t.currency(),
  limits: t.json(),
});

export const catalogue = query({
  doc: "Products that the caller is shown, each with the plans it may be had under. Without credentials: what is public, and what an open community shows.",
  roles: ["anyone", "developer", "admin", "staff", "auditor"],
  input: {
    community: t.string({
      optional: true,
      maxLength: 64,
      doc: "Name of an open community, whose products are shown too.",
      example: "developers",
    }),
  },
  output: {
    products: t.array(
      t.object({
        id: t.string(),
        name: t.string(),
        title: t.string(),
        doc: t.text({ optional: true }),
        environments: t.array(t.enum(environmentNames)),
        services: t.array(t.object({ service: t.string(), version: t.string({ optional: true }) })),
        plans: t.array(offeredPlan),
      }),
      { doc: "In the order of their names." },
    ),
  },
  run: async (ctx, { input }) => {
    const listed = await listedProducts(ctx, input.community);
    const found = await ctx.table(products).find(({ status }) => eq(status, "active"), { sortBy: "name" });
    const offered = await ctx.table(plans).find(({ status }) => eq(status, "active"), { sortBy: "name" });
    const shown = found.filter((product) => isShownTo(product, listed));
    return {
      products: shown.map(({ id, name, title, doc, environments, services }) => ({
        id,
        name,
        title,
        doc,
        environments,
        services: services.map(({ service, version }) => ({ service, version })),
        plans: offered
          .filter((plan) => plan.products.length === 0 || plan.products.includes(id))
          .filter((plan) => plan.environments.some((environment) => environments.includes(environment)))
          .map((plan) => ({
            id: plan.id,
            name: plan.name,
            title: plan.title,
            doc: plan.doc,
            environments: plan.environments,
            approval: plan.approval,
            monthlyFee: plan.monthlyFee,
            unitPrice: plan.unitPrice,
            currency: plan.currency,
            limits: plan.limits,
          })),
      })),
    };
  },
});
