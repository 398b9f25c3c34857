/**
 * The bank: customers, their accounts, and transfers between them on a double-entry ledger in integer minor units.
 */
import { service } from "pons";
import { accounts } from "./accounts.ts";
import { activities } from "./activities.ts";
import { approvalPolicies, approvals } from "./approvals/index.ts";
import { assets } from "./assets.ts";
import { books } from "./books.ts";
import { customers } from "./customers.ts";
import { feeSchedules } from "./fees/fee-schedules.ts";
import { fxQuotes } from "./fx/fx-quotes.ts";
import { fxRates } from "./fx/fx-rates.ts";
import { holds } from "./holds.ts";
import { kycCases } from "./kyc/cases.ts";
import { documents } from "./kyc/documents.ts";
import { documentFiles } from "./kyc/files.ts";
import { deals } from "./investing/deals.ts";
import { investments } from "./investing/investments.ts";
import { repayments } from "./investing/repayments.ts";
import { merchants } from "./merchants/merchants.ts";
import { payouts } from "./merchants/payouts.ts";
import { settlements } from "./merchants/settlements.ts";
import { messages } from "./messages/index.ts";
import { notes } from "./notes.ts";
import { periods } from "./periods.ts";
import { profile } from "./profile.ts";
import { quoteFee } from "./quote-fee.ts";
import { reconciliationItems } from "./reconciliation/items.ts";
import { reconciliations } from "./reconciliation/reconciliations.ts";
import { refusals } from "./refusals.ts";
import {
  creditLines,
  fraudDecisions,
  fraudListEntries,
  fraudRules,
  fraudVelocity,
  limitRules,
  limitUsage,
} from "./risk/index.ts";
import { schedules } from "./schedules/schedules.ts";
import { seals } from "./seals.ts";
import { trialBalance } from "./statements/trial-balance.ts";
import { transactions } from "./transactions.ts";
import { transfers } from "./transfers.ts";
import { version1 } from "./version-1.ts";

export default service("bank", {
  title: "Bank",
  doc: `Customers, accounts and transfers between them. Amounts are integers in minor units of their currency.

From v1 to v2: an account's \`title\` is now its \`name\`, its \`balance\` is in minor units (v1: a decimal in major units), and it may have a \`maxBalance\`.`,
  version: "v2",
  roles: {
    customer: "Someone the bank keeps accounts for: sees and moves the own money.",
    teller: "Staff at the counter: sees everything, opens, freezes and closes accounts, moves money.",
    supervisor: "Staff that answers for the tellers: approves what they ask for, sets limits, fees and rules, closes the books.",
    auditor: "Sees everything, changes nothing.",
  },
  // At the counter or on the telephone: both are recorded.
  actFor: { teller: "customer" },
  resources: [
    assets,
    customers,
    accounts,
    transactions,
    holds,
    transfers,
    refusals,
    books,
    seals,
    periods,
    feeSchedules,
    fxRates,
    fxQuotes,
    schedules,
    limitRules,
    limitUsage,
    creditLines,
    fraudRules,
    fraudListEntries,
    fraudVelocity,
    fraudDecisions,
    activities,
    approvals,
    approvalPolicies,
    kycCases,
    documents,
    documentFiles,
    notes,
    merchants,
    settlements,
    payouts,
    deals,
    investments,
    repayments,
    reconciliations,
    reconciliationItems,
  ],
  singletons: [profile],
  operations: { trialBalance, quoteFee },
  older: [version1],
  messages,
  tools: {
    ledger: {
      verify: {
        doc: "Recomputes the books from the log and compares: balances, counters, holds, transactions, seals.",
        run: async (ctx) => (await import("./verify.ts")).verify(ctx),
      },
    },
  },
  // Loaded when it is asked for: most starts do not.
  async *seed(seeder) {
    const { seed } = await import("./seed.ts");
    yield* seed(seeder);
  },
});
