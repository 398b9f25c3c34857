/**
 * Products: what developers subscribe to. Creating, changing and retiring one is in force everywhere within a second; an app whose product is retired
 * keeps its keys and loses the roles.
 */
import { and, type CommandContext, entry, eq, type FieldIssue, type FunctionRefusal, resource } from "pons";
import { plans } from "./plan-fields.ts";
import { type Product, productFields, products as declared, productTerms } from "./product-fields.ts";
import { flawOfRole } from "./product-roles.ts";
import { overseers } from "../roles.ts";

const productsMax = 500;

/** Refuses what does not fit, field by field; `undefined` when all does. */
const flawsOf = (ctx: CommandContext, { services }: Pick<Product, "services">): FunctionRefusal | undefined => {
  const fields: Record<string, readonly FieldIssue[]> = {};
  for (const [index, { service, roles }] of services.entries()) {
    if (services.findIndex((one) => one.service === service) < index)
      fields[`services.${index}.service`] = [{ code: "duplicate" }];
    for (const [position, role] of roles.entries()) {
      const flaw = flawOfRole(service, role, ctx.principal.tenant);
      if (flaw !== undefined) fields[`services.${index}.roles.${position}`] = [flaw];
    }
  }
  return Object.keys(fields).length === 0 ? undefined : ctx.refuse("validation_failed", undefined, { fields });
};

export const products = resource(declared, ({ self, all, rows, filter, many, command, guard, directory }) => {
  const shown = rows(({ visibility, status }) => and(eq(visibility, "public"), eq(status, "active")));
  return {
    rows: { ...Object.fromEntries(overseers.map((role) => [role, all])), developer: shown, anyone: shown },
    access: { update: ["admin"], replace: [], delete: ["admin"] },
    sortBy: "name",
    relations: { subscriptions: many("subscriptions") },
    filters: { active: filter(({ status }) => eq(status, "active")) },
    indexes: [["status", "visibility"]],
    directory: directory(({ id, status, services }) => [
      entry("product", id, { status, services: services.map(({ service, roles }) => ({ service, roles })) }),
    ]),
    refusals: {
      still_in_use: { status: 409, doc: "Something else names it: a plan, or a subscription that is not over." },
      too_many_rows: { status: 409, doc: "There are as many as there may be." },
    },
    create: command({
      on: "collection",
      doc: "Adds a product. It is hidden unless said otherwise.",
      roles: ["admin"],
      input: { name: productFields.name, ...productTerms },
      output: "row",
      refusals: { too_many_rows: { status: 409, doc: "There are as many as there may be." } },
      run: async (ctx, { input }) => {
        const table = ctx.table(self);
        if ((await table.count(({ name }) => eq(name, input.name))) > 0)
          return ctx.refuse("already_exists", undefined, { fields: { name: ["duplicate"] } });
        if ((await table.count(({ id }) => ({ op: "notNull", left: id }))) >= productsMax)
          return ctx.refuse("too_many_rows", { max: productsMax });
        return flawsOf(ctx, input) ?? ctx.created(table.insert(input));
      },
    }),
    guard: {
      update: guard((ctx, { row, changes }) => flawsOf(ctx, { ...row, ...changes })),
      delete: guard(async (ctx, { row }) => {
        const offered = await ctx.table(plans).find(({ id }) => ({ op: "notNull", left: id }));
        const by = offered.find((plan) => plan.products.includes(row.id));
        return by === undefined ? undefined : ctx.refuse("still_in_use", { plan: by.name });
      }),
    },
  };
});
