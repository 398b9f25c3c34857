/** Credit lines, as pure functions: how much of one is drawn. The account's own overdraft is used first, the line after it. */
import type { Account } from "../outcomes.ts";

export interface Utilization {
  /** Minor units; zero for a closed line. */
  readonly limit: bigint;
  readonly drawn: bigint;
  /** Beyond what is drawn, what holds would draw. */
  readonly reserved: bigint;
  readonly available: bigint;
  /** The line was closed while it was drawn: nothing leaves the account until so much is paid back. */
  readonly overLimit: boolean;
}

const positive = (value: bigint): bigint => (value > 0n ? value : 0n);

/** How a line of `limit`, which is part of the account's overdraft, stands. */
export const utilizationOf = (
  account: Pick<Account, "balance" | "debitsPending" | "overdraftLimit">,
  limit: bigint,
): Utilization => {
  const own = positive(account.overdraftLimit - limit);
  const drawn = positive(-account.balance - own);
  const reserved = positive(account.debitsPending - account.balance - own) - drawn;
  const left = limit - drawn - reserved;
  return { limit, drawn, reserved, available: positive(left), overLimit: left < 0n };
};

/** The account's overdraft after its line was changed from one limit to another. */
export const overdraftAfter = (overdraftLimit: bigint, change: { readonly from: bigint; readonly to: bigint }): bigint =>
  positive(overdraftLimit - change.from) + change.to;
