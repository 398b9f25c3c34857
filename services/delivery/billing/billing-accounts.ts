/**
 * Between which accounts of the bank what is billed is posted: one row for each shipper and currency, one without a shipper for all others.
 *
 * Whoever writes them says whose account is debited. So it is a role of its own, which a tenant gives to whom it lets do so at the bank.
 */
import { and, declare, eq, ne, type QueryContext, resource, type RowOf, t } from "pons";

const account = (doc: string) => t.string({ minLength: 1, maxLength: 64, doc, example: "acc_01HZX3V5Q8J2K4M6N7P8R9S0T1" });

const fields = {
  id: t.id("bac"),
  shipperId: t.string({
    default: "",
    maxLength: 60,
    write: "create",
    doc: "Whose; empty for all that have no row of their own.",
  }),
  currency: t.currency({ write: "create" }),
  debit: account("Account of the bank that pays: the shop's."),
  credit: account("Account of the bank that is paid: the house's."),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type BillingAccounts = RowOf<typeof fields>;

export const billingAccounts = resource(
  declare("billingAccounts", { doc: "Accounts of the bank that what is billed is posted between.", fields }),
  ({ all }) => ({
    rows: { manager: all, treasurer: all },
    access: { create: ["treasurer"], update: ["treasurer"], delete: ["treasurer"] },
    indexes: [{ fields: ["shipperId", "currency"], unique: true }],
    sortBy: "shipperId",
  }),
);

/** Those for a shipper and a currency. */
export const accountsFor = async (
  ctx: Pick<QueryContext, "table">,
  { shipperId, currency }: { readonly shipperId: string; readonly currency: string },
): Promise<BillingAccounts | undefined> => {
  const found = async (shipper: string): Promise<BillingAccounts | undefined> =>
    (
      await ctx.table(billingAccounts).find((row) => and(eq(row.shipperId, shipper), eq(row.currency, currency)), { limit: 1 })
    )[0];
  return (await found(shipperId)) ?? (shipperId === "" ? undefined : found(""));
};

/** Whether the house keeps what it bills at the bank at all. */
export const keepsLedger = async (ctx: Pick<QueryContext, "table">): Promise<boolean> =>
  (await ctx.table(billingAccounts).find((row) => ne(row.debit, ""), { limit: 1 })).length > 0;
