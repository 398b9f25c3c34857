/**
 * Pays back a deal: the bank's fee first, then interest, then principal. Interest and principal go to the investors by what each still has to get of it, by
 * largest remainder; so the legs sum to the amount exactly, and a deal that is repaid has given every investor the own amount and the own part of
 * the interest, to the last minor unit, whatever the sums it was repaid in.
 *
 * An investor whose account is frozen or closed does not keep the others waiting: the part goes to the bank's suspense account.
 */
import type { CommandContext } from "pons";
import { accounts } from "../account-fields.ts";
import { houseAccount } from "../house.ts";
import { type Leg, type Posted, post } from "../posting.ts";
import { transactions } from "../transaction-fields.ts";
import type { Deal } from "./deal-fields.ts";
import { investmentsOf, readAccounts } from "./funding.ts";
import type { Investment } from "./investment-fields.ts";
import { investments } from "./investments.ts";
import { distribute } from "./largest-remainder.ts";
import { type Debt, pour, totalOf } from "./waterfall.ts";

/** What the borrower still owes. */
export const debtOf = ({ fee, feePaid, interest, interestPaid, target, principalPaid }: Deal): Debt => ({
  fee: fee - feePaid,
  interest: interest - interestPaid,
  principal: target - principalPaid,
});

interface Part {
  readonly investment: Investment;
  readonly interest: bigint;
  readonly principal: bigint;
}

/** What each investor gets. */
export const partsOf = (invested: readonly Investment[], paid: Debt): readonly Part[] => {
  const interest = distribute(
    paid.interest,
    invested.map((row) => ({ id: row.id, weight: row.interest - row.interestPaid })),
  );
  const principal = distribute(
    paid.principal,
    invested.map(({ id, amount, principalPaid }) => ({ id, weight: amount - principalPaid })),
  );
  return invested.map((investment) => ({
    investment,
    interest: interest.get(investment.id) ?? 0n,
    principal: principal.get(investment.id) ?? 0n,
  }));
};

const legsOf = async (ctx: CommandContext, deal: Deal, fee: bigint, parts: readonly Part[]): Promise<readonly Leg[]> => {
  const { account: debit, currency } = deal;
  const legs: Leg[] = [];
  if (fee > 0n) legs.push({ debit, credit: (await houseAccount(ctx, "fees", currency)).id, amount: fee, currency, kind: "fee" });
  for (const { investment, interest, principal } of parts) {
    const account = await ctx.table(accounts).get(investment.account);
    const credit = account?.status === "active" ? account.id : (await houseAccount(ctx, "suspense", currency)).id;
    const reference = account?.status === "active" ? deal.title : `${investment.id} ${deal.title}`.slice(0, 140);
    if (interest > 0n) legs.push({ debit, credit, amount: interest, currency, kind: "interest", reference });
    if (principal > 0n) legs.push({ debit, credit, amount: principal, currency, kind: "repayment", reference });
  }
  return legs;
};

export type Repaid =
  | {
      readonly ok: true;
      readonly paid: Debt;
      /** What is still owed. */
      readonly left: bigint;
      readonly transaction: string;
      /** What changes of the deal's row. */
      readonly changes: Pick<Deal, "feePaid" | "interestPaid" | "principalPaid" | "status">;
    }
  | (Posted & { readonly ok: false });

/** Pays `amount`, greater than zero and no more than is owed, as one transaction, or changes nothing. */
export const repay = async (ctx: CommandContext, deal: Deal, amount: bigint): Promise<Repaid> => {
  const owed = debtOf(deal);
  const paid = pour(amount, owed);
  const left = totalOf(owed) - amount;
  const invested = await investmentsOf(ctx, deal, "invested");
  await readAccounts(ctx, [deal.account, ...invested.map(({ account }) => account)]);
  const parts = partsOf(invested, paid);
  const transaction = ctx.id(transactions);
  const posted = await post(ctx, await legsOf(ctx, deal, paid.fee, parts), { reference: deal.title, transaction });
  if (!posted.ok) return posted;
  for (const { investment, interest, principal } of parts) {
    if (interest + principal === 0n && left > 0n) continue;
    ctx.table(investments).update(investment.id, {
      interestPaid: investment.interestPaid + interest,
      principalPaid: investment.principalPaid + principal,
      ...(left === 0n ? { status: "repaid" as const } : {}),
    });
  }
  const changes = {
    feePaid: deal.feePaid + paid.fee,
    interestPaid: deal.interestPaid + paid.interest,
    principalPaid: deal.principalPaid + paid.principal,
    status: left === 0n ? ("repaid" as const) : ("repaying" as const),
  };
  return { ok: true, paid, left, transaction, changes };
};
