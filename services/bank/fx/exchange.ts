/**
 * The legs of an exchange. Each leg is balanced in its own currency; the position accounts say what the bank is long or short in either.
 *
 *   customer (sold)    → position (sold)     what is sold
 *   position (bought)  → customer (bought)   what is bought
 *   position (bought)  → fees (bought)       the spread, where there is one
 *   position (bought)  → rounding (bought)   what rounding leaves, where it leaves something
 *
 * So the position of the bought currency goes down by exactly the sold amount at the middle rate.
 */
import type { CommandContext } from "pons";
import { type Purpose, houseAccount } from "../house.ts";
import type { Leg } from "../posting.ts";

/** What was agreed. Minor units. */
export interface Exchange {
  readonly from: string;
  readonly to: string;
  readonly sellCurrency: string;
  readonly buyCurrency: string;
  readonly sellAmount: bigint;
  readonly buyAmount: bigint;
  readonly spread: bigint;
  readonly residue: bigint;
}

/** Opens the house accounts that are needed for the first time. */
export const exchangeLegs = async (ctx: CommandContext, exchange: Exchange): Promise<readonly Leg[]> => {
  const { from, to, sellCurrency, buyCurrency } = exchange;
  const house = async (purpose: Purpose, currency: string) => (await houseAccount(ctx, purpose, currency)).id;
  const long = await house("fx_position", sellCurrency);
  const short = await house("fx_position", buyCurrency);
  const bought = { debit: short, currency: buyCurrency, kind: "fx" } as const;
  const legs: Leg[] = [
    { debit: from, credit: long, amount: exchange.sellAmount, currency: sellCurrency, kind: "fx" },
    { ...bought, credit: to, amount: exchange.buyAmount },
  ];
  if (exchange.spread > 0n) legs.push({ ...bought, credit: await house("fees", buyCurrency), amount: exchange.spread });
  if (exchange.residue > 0n) legs.push({ ...bought, credit: await house("rounding", buyCurrency), amount: exchange.residue });
  return legs;
};
