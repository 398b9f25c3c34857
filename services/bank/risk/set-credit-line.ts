/** Carries out the setting and the closing of a credit line. */
import type { CommandContext, RefusalSpecs } from "pons";
import { accountLimitMax, accounts } from "../account-fields.ts";
import { type ActionOutcome, amountIn, partsOf, textIn } from "../approvals/index.ts";
import { derivedId } from "../derived-id.ts";
import type { Account } from "../outcomes.ts";
import { overdraftAfter, utilizationOf } from "./credit.ts";
import { type CreditLine, creditLines } from "./credit-line-fields.ts";

export const creditRefusals = {
  account_not_found: { status: 404, doc: "There is no such account." },
  account_closed: { status: 422, doc: "The account is closed." },
  house_account: { status: 422, doc: "The bank's own accounts have no credit lines." },
  expires_in_past: { status: 400, doc: "The day on which it ends must lie in the future." },
  overdraft_too_large: { status: 422, doc: "The account's overdraft would be larger than any may be." },
  credit_line_in_use: { status: 422, doc: "More of it is drawn or reserved than the new limit allows." },
} as const satisfies RefusalSpecs;

export interface CreditWish {
  readonly account: string;
  readonly limit: bigint;
  readonly expiresAt: string | null;
}

type Flaw = { readonly type: keyof typeof creditRefusals; readonly details?: Readonly<Record<string, unknown>> };

/** Id of an account's line: it has one, which is set again and again. */
export const creditLineIdOf = (account: string): string => derivedId("crl", `credit line of ${account}`);

/** Why a line cannot be lowered. */
export const inUse = (account: Account, { from, to }: { readonly from: bigint; readonly to: bigint }): Flaw | undefined => {
  const { drawn, reserved } = utilizationOf(account, from);
  return to < from && drawn + reserved > to ? { type: "credit_line_in_use", details: { drawn, reserved } } : undefined;
};

/** Why it cannot be set as things stand. */
export const creditFlaw = (
  ctx: CommandContext,
  wish: CreditWish,
  account: Account | undefined,
  line: CreditLine | undefined,
): Flaw | undefined => {
  if (account === undefined) return { type: "account_not_found" };
  if (account.status === "closed") return { type: "account_closed", details: { account: account.id } };
  if (account.customer === null) return { type: "house_account" };
  if (wish.expiresAt !== null && wish.expiresAt <= ctx.now) return { type: "expires_in_past" };
  const change = { from: line?.limit ?? 0n, to: wish.limit };
  if (overdraftAfter(account.overdraftLimit, change) > accountLimitMax)
    return { type: "overdraft_too_large", details: { max: accountLimitMax } };
  return inUse(account, change);
};

/** Changes the line and the account's overdraft with it. Both were read in this batch. */
const apply = (
  ctx: CommandContext,
  account: Account,
  line: CreditLine | undefined,
  terms: Pick<CreditLine, "limit" | "status" | "expiresAt" | "dueAt">,
): CreditLine => {
  const overdraftLimit = overdraftAfter(account.overdraftLimit, { from: line?.limit ?? 0n, to: terms.limit });
  ctx.table(accounts).update(account.id, { overdraftLimit });
  const table = ctx.table(creditLines);
  if (line !== undefined) return table.update(line.id, terms);
  const { id, currency, customer } = account;
  return table.insert({ id: creditLineIdOf(id), account: id, customer: customer as string, currency, ...terms });
};

/** Sets a line that was found to be in order. */
export const writeCreditLine = (
  ctx: CommandContext,
  account: Account,
  line: CreditLine | undefined,
  { limit, expiresAt }: CreditWish,
): CreditLine => apply(ctx, account, line, { limit, status: "active", expiresAt, dueAt: expiresAt });

/** Closes a line, drawn or not: what is drawn has to be paid back before anything leaves the account again. */
export const closeCreditLine = (ctx: CommandContext, account: Account, line: CreditLine): CreditLine =>
  apply(ctx, account, line, { limit: 0n, status: "closed", expiresAt: line.expiresAt, dueAt: null });

/** The action `creditLine.set`. */
export const setCreditLine = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const id = textIn(payload, "account");
  const expiresAt = (partsOf(payload)["expiresAt"] ?? null) as string | null;
  const wish = { account: id, limit: amountIn(payload, "limit") ?? 0n, expiresAt };
  const account = await ctx.table(accounts).get(id);
  const line = await ctx.table(creditLines).get(creditLineIdOf(id));
  const flaw = creditFlaw(ctx, wish, account, line);
  if (account === undefined || flaw !== undefined) return { ok: false, ...(flaw ?? { type: "account_not_found" }) };
  return { ok: true, result: { creditLine: writeCreditLine(ctx, account, line, wish).id } };
};
