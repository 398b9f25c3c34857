/**
 * Freezing of a customer: with the customer, every active account is frozen in the same commit, so that nothing leaves or reaches one. Which accounts that
 * were is remembered, and only those are active again when the customer is.
 */
import { and, type CommandContext, eq, type FunctionRefusal } from "pons";
import { accounts } from "./account-fields.ts";
import { record } from "./activities.ts";
import { type Customer, frozenAccountsMax } from "./customer-fields.ts";
import { customers } from "./customer-fields.ts";

/** Freezes a customer and all that is active. */
export const freezeCustomer = async (
  ctx: CommandContext,
  customer: Customer,
  reason: string,
): Promise<Customer | FunctionRefusal> => {
  if (customer.status === "frozen") return ctx.refuse("customer_frozen");
  if (customer.status === "archived") return ctx.refuse("customer_not_active", { status: customer.status });
  const table = ctx.table(accounts);
  const open = await table.find((row) => and(eq(row.customer, customer.id), eq(row.status, "active")), {
    limit: frozenAccountsMax + 1,
  });
  if (open.length > frozenAccountsMax) return ctx.refuse("too_many_accounts", { max: frozenAccountsMax });
  for (const { id } of open) {
    table.update(id, { status: "frozen", frozenReason: reason });
    ctx.emit("frozen", { account: id, reason }, accounts);
  }
  record(ctx, { customer: customer.id, type: "customer_frozen", about: customer.id, text: reason });
  return ctx.table(customers).update(customer.id, {
    status: "frozen",
    frozenFrom: customer.status,
    frozenAccounts: open.map(({ id }) => id),
  });
};

/** Makes a customer what it was before, and those accounts active that were frozen with it. */
export const unfreezeCustomer = async (ctx: CommandContext, customer: Customer): Promise<Customer | FunctionRefusal> => {
  if (customer.status !== "frozen") return ctx.refuse("customer_not_frozen", { status: customer.status });
  const table = ctx.table(accounts);
  for (const id of customer.frozenAccounts ?? []) {
    const account = await table.get(id);
    if (account?.status !== "frozen") continue;
    table.update(id, { status: "active", frozenReason: null });
    ctx.emit("unfrozen", { account: id }, accounts);
  }
  record(ctx, { customer: customer.id, type: "customer_unfrozen", about: customer.id });
  return ctx.table(customers).update(customer.id, {
    status: customer.frozenFrom ?? "active",
    frozenFrom: null,
    frozenAccounts: null,
  });
};
