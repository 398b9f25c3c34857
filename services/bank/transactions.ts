/**
 * Transactions: transfers that are posted together or not at all, in their order, each on what those before it left. They are only ever added.
 *
 * The client may choose the id, and then may repeat the call for as long as it likes: one transaction is made, one answer given.
 */
import { transactions as declared } from "./transaction-fields.ts";
import { resource, rowOf, rowsOf, t } from "pons";
import { accounts } from "./account-fields.ts";
import { type Leg, writeLegs } from "./posting.ts";
import { refusals, spend } from "./refusals.ts";
import { openRisk, riskLoads } from "./risk/index.ts";
import { legsMax } from "./transaction-fields.ts";
import { digestOf, flawOfTransaction, legFields } from "./transaction-outcomes.ts";

const staff: readonly string[] = ["teller", "supervisor", "auditor"];

export const transactions = resource(declared, ({ self, own, all, many, command }) => ({
  rows: { customer: own("subject"), teller: all, supervisor: all, auditor: all },
  relations: { transfers: many("transfers", { by: "transaction" }) },
  appendOnly: true,
  sortBy: "createdAt.desc",
  events: { posted: { doc: "A transaction was posted.", data: { transaction: t.ref("transactions"), legs: t.integer() } } },
  create: command({
    on: "collection",
    doc: `Posts up to ${legsMax} transfers, all or none.`,
    roles: ["customer", "teller", "supervisor"],
    input: {
      id: t.id("txn", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
      reference: t.string({ optional: true, maxLength: 140, doc: "What it is for." }),
      legs: t.array(t.object(legFields), { minItems: 1, maxItems: legsMax, doc: "Transfers, in their order." }),
    },
    output: "row",
    refusals: {
      linked_failed: {
        status: 422,
        doc: "A leg was refused, and with it all of them; `reason` says why, `leg` which (from 0).",
      },
      exists_with_different_fields: { status: 409, doc: "Another transaction has this id." },
      id_already_failed: { status: 422, doc: "This id was spent by a refusal; use a new one." },
    },
    load: ({ input }) => ({
      accounts: rowsOf(accounts, [...new Set(input.legs.flatMap(({ debit, credit }) => [debit, credit]))]),
      existing: rowOf(self, input.id),
      spent: rowOf(refusals, input.id),
    }),
    loadMore: ({ input: { legs }, loaded, all }) => {
      const byId = new Map(loaded.accounts.map((account) => [account?.id, account]));
      return riskLoads(
        { all },
        legs.map((leg) => ({ ...leg, debit: byId.get(leg.debit), credit: byId.get(leg.credit) })),
      );
    },
    run: (ctx, { input: { id, reference, legs }, loaded: { existing, spent } }) => {
      const digest = digestOf(legs, reference);
      const { principal } = ctx;
      const isStaff = principal.roles.some((role) => staff.includes(role));
      if (existing !== undefined) {
        const same = existing.digest === digest && (isStaff || existing.subject === principal.subject);
        return same ? ctx.replayed(existing) : ctx.refuse("exists_with_different_fields");
      }
      if (spent !== undefined) {
        const known = isStaff || spent.subject === principal.subject;
        return ctx.refuse("id_already_failed", known ? { reason: spent.reason } : {});
      }
      const risk = openRisk(ctx);
      const flaw = flawOfTransaction(ctx, legs, (leg) => risk.check(leg));
      if (flaw !== undefined) {
        // A leg that would have to be reviewed fails: a transaction does not wait.
        const details = { leg: flaw.position, reason: flaw.type, ...flaw.details };
        const declined = flaw.type === "fraud_declined" || flaw.type === "review_required";
        if (declined) risk.keep();
        if (id !== null && flaw.spends) spend(ctx, id, flaw.type === "review_required" ? "linked_failed" : flaw.type);
        const isKept = declined || (id !== null && flaw.spends);
        return isKept ? ctx.refuse("linked_failed", details, { keep: true }) : ctx.refuse("linked_failed", details);
      }
      const posted = writeLegs(ctx, legs as readonly Leg[], {
        transaction: id ?? ctx.id(self),
        reference,
        digest,
      });
      risk.record(posted.transfers.map((transfer) => transfer.id));
      ctx.emit("posted", { transaction: posted.transaction, legs: legs.length });
      return ctx.created(posted.row);
    },
  }),
}));
