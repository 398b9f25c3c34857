/**
 * Payouts: a merchant's money on its way out of the bank. Asking for one reserves the money; it leaves the account when the payment outside is confirmed,
 * and is given back when that failed, or when nobody has said so for `expiryDays`.
 *
 *   requested ─► sent ─► confirmed
 *       └─────────┴────► failed
 *
 * The caller may choose the id, and then may repeat the call for as long as it likes: one payout is made, one answer given.
 */
import { eq, related, resource, rowOf, rowsOf, t } from "pons";
import { accounts } from "../account-fields.ts";
import { holds } from "../hold-fields.ts";
import { houseAccount, houseAccountId } from "../house.ts";
import { authorize, capture, postingRefusals, voidHold } from "../posting.ts";
import { refusals, spend } from "../refusals.ts";
import { merchants } from "./merchants.ts";

export const expiryDays = 30;
const dayMs = 86_400_000;

const fields = {
  id: t.id("pay", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  merchant: t.ref("merchants", { write: "create", doc: "Who is paid." }),
  account: t.ref("accounts", { write: "never", doc: "The merchant's account." }),
  currency: t.currency({ write: "never", doc: "Of the account.", example: "EUR" }),
  amount: t.money({ write: "create", currency: "currency", doc: "Minor units, greater than zero.", example: 25000 }),
  destination: t.string({
    maxLength: 34,
    write: "never",
    filter: false,
    read: ["customer", "teller", "supervisor"],
    mask: "last4",
    doc: "IBAN of the account outside the bank, as it was when the payout was asked for.",
  }),
  reference: t.string({ optional: true, maxLength: 140, write: "create", doc: "What it is for.", example: "Week 48" }),
  status: t.enum(["requested", "sent", "confirmed", "failed"], { default: "requested", write: "never", index: true }),
  hold: t.ref("holds", { write: "never", doc: "The money that it reserves." }),
  transfer: t.ref("transfers", { optional: true, write: "never", doc: "The transfer that took it out of the bank." }),
  reason: t.string({ optional: true, maxLength: 500, write: "never", doc: "Why it failed." }),
  expiresAt: t.dateTime({ write: "never", doc: "When it fails by itself." }),
  failAt: t.dateTime({ optional: true, write: "never", read: [], filter: false, doc: "The same while it is under way." }),
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

const notOpen = { payout_not_open: { status: 409, doc: "The payout is not in a state for that." } } as const;

const bothAccounts = (row: { readonly account: string; readonly currency: string; readonly hold: string }) => ({
  hold: rowOf(holds, row.hold),
  accounts: rowsOf(accounts, [row.account, houseAccountId("cash", row.currency)]),
});

export const payouts = resource(
  "payouts",
  { doc: "Merchants' money on its way out of the bank.", fields },
  ({ self, rows, all, filter, count, sum, command, due }) => ({
    rows: {
      customer: rows((row, caller) => eq(related(row.merchant, "customer"), caller.subject)),
      teller: all,
      supervisor: all,
      auditor: all,
    },
    sortBy: "createdAt.desc",
    filters: { toSend: filter(({ status }) => eq(status, "requested")) },
    stats: {
      byStatus: {
        doc: "Payouts per status and currency.",
        group: ["status", "currency"],
        measures: { payouts: count(), total: sum("amount") },
      },
    },
    events: {
      requested: { doc: "A payout was asked for.", data: { payout: t.ref("payouts"), amount: t.money() } },
      sent: { doc: "A payout was handed to the payment system.", data: { payout: t.ref("payouts") } },
      confirmed: { doc: "A payout has left the bank.", data: { payout: t.ref("payouts"), transfer: t.ref("transfers") } },
      failed: { doc: "A payout came to nothing.", data: { payout: t.ref("payouts"), reason: t.string() } },
    },
    due: due({
      doc: "Ends payouts that nobody confirmed in time.",
      at: "failAt",
      load: ({ row }) => ({ hold: rowOf(holds, row.hold) }),
      run: (ctx, { row, loaded: { hold } }) => {
        // The hold gives the money back by itself. One that was captured past the payout has paid it.
        if (hold?.status === "captured") return ctx.table(self).update(row.id, { status: "confirmed", failAt: null });
        ctx.emit("failed", { payout: row.id, reason: "expired" });
        return ctx.table(self).update(row.id, { status: "failed", reason: "expired", failAt: null });
      },
    }),
    create: command({
      on: "collection",
      doc: "Asks for a payout to the merchant's account outside the bank, and reserves the money.",
      roles: ["customer", "teller", "supervisor"],
      input: {
        id: t.id("pay", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
        merchant: fields.merchant,
        amount: fields.amount,
        reference: fields.reference,
      },
      output: "row",
      refusals: {
        ...postingRefusals,
        merchant_not_found: { status: 404, doc: "There is no such merchant." },
        merchant_not_active: { status: 422, doc: "The merchant is not active." },
        no_payout_account: { status: 422, doc: "The merchant has named no account outside the bank." },
      },
      load: ({ input }) => ({
        merchant: rowOf(merchants, input.merchant),
        existing: rowOf(self, input.id),
        spent: rowOf(refusals, input.id),
      }),
      loadMore: ({ loaded: { merchant } }) => ({
        accounts: rowsOf(accounts, merchant === undefined ? [] : [merchant.account, houseAccountId("cash", merchant.currency)]),
      }),
      run: async (ctx, { input, loaded: { merchant, existing, spent } }) => {
        const { id, amount, reference } = input;
        if (amount <= 0n) return ctx.refuse("invalid_amount");
        if (merchant === undefined || !ctx.visible(merchants, merchant)) return ctx.refuse("merchant_not_found");
        if (existing !== undefined) {
          const same = existing.merchant === merchant.id && existing.amount === amount && existing.reference === reference;
          return same ? ctx.replayed(existing) : ctx.refuse("exists_with_different_fields");
        }
        if (spent !== undefined) return ctx.refuse("id_already_failed", { reason: spent.reason });
        const no = (type: string, details?: Readonly<Record<string, unknown>>) => {
          if (id === null) return ctx.refuse(type, details);
          spend(ctx, id, type);
          return ctx.refuse(type, details, { keep: true });
        };
        if (merchant.status !== "active") return no("merchant_not_active", { status: merchant.status });
        if (merchant.payoutAccount === null) return no("no_payout_account");
        const { account, currency } = merchant;
        const expiresAt = new Date(Date.parse(ctx.now) + expiryDays * dayMs).toISOString();
        const cash = await houseAccount(ctx, "cash", currency);
        const reserved = await authorize(ctx, {
          debit: account,
          credit: cash.id,
          amount,
          currency,
          reference,
          expiresAt,
          kind: "payout",
        });
        if (!reserved.ok) return no(reserved.type, reserved.details);
        const row = ctx.table(self).insert({
          ...(id === null ? {} : { id }),
          merchant: merchant.id,
          account,
          currency,
          amount,
          destination: merchant.payoutAccount,
          reference,
          hold: reserved.hold.id,
          expiresAt,
          failAt: expiresAt,
        });
        ctx.emit("requested", { payout: row.id, amount });
        return ctx.created(row);
      },
    }),
    functions: {
      send: command({
        on: "item",
        doc: "Notes that the payment outside was ordered.",
        roles: ["teller", "supervisor"],
        refusals: notOpen,
        run: (ctx, { row }) => {
          if (row.status !== "requested") return ctx.refuse("payout_not_open", { status: row.status });
          ctx.emit("sent", { payout: row.id });
          return ctx.table(self).update(row.id, { status: "sent" });
        },
      }),
      confirm: command({
        on: "item",
        doc: "Notes that the payment outside was made: the money leaves the account.",
        roles: ["teller", "supervisor"],
        refusals: { ...postingRefusals, ...notOpen },
        load: ({ row }) => bothAccounts(row),
        run: async (ctx, { row }) => {
          if (row.status !== "sent") return ctx.refuse("payout_not_open", { status: row.status });
          const done = await capture(ctx, row.hold, { amount: row.amount, kind: "payout" });
          if (!done.ok) return ctx.refuse(done.type, done.details);
          ctx.emit("confirmed", { payout: row.id, transfer: done.transfer.id });
          return ctx.table(self).update(row.id, { status: "confirmed", transfer: done.transfer.id, failAt: null });
        },
      }),
      fail: command({
        on: "item",
        doc: "Notes that the payment outside was not made: the money is given back.",
        roles: ["teller", "supervisor"],
        input: { reason: t.string({ minLength: 1, maxLength: 500, doc: "Why.", example: "Account unknown" }) },
        refusals: { ...postingRefusals, ...notOpen },
        load: ({ row }) => bothAccounts(row),
        run: async (ctx, { row, input }) => {
          if (row.status !== "requested" && row.status !== "sent") return ctx.refuse("payout_not_open", { status: row.status });
          const done = await voidHold(ctx, row.hold);
          // Where the hold was given back already, nothing is left to do.
          if (!done.ok && done.type !== "hold_already_voided" && done.type !== "hold_already_expired")
            return ctx.refuse(done.type, done.details);
          ctx.emit("failed", { payout: row.id, reason: input.reason });
          return ctx.table(self).update(row.id, { status: "failed", reason: input.reason, failAt: null });
        },
      }),
    },
  }),
);
