/**
 * Settles a merchant: sums what came to and left its receivable account since the last settlement up to a cut-off, an entry of the log, and pays it as
 * one transaction:
 *
 *   receivable → the merchant's account   net       kind settlement
 *   receivable → the bank's fees          fee       kind fee
 *
 * What settlements themselves took from the account is no refund and is left out, whichever range it falls in.
 *
 * Limits: one settlement covers at most `spanMax` entries of the log, counted from the first that concerns the merchant; `more` tells that the
 * cut-off was not reached. Sums are made by the database, two statements whatever the number of sales.
 */
import { and, type CommandContext, eq, gt, lte, type RefusalSpecs, type Row } from "pons";
import { houseAccount } from "../house.ts";
import { type Leg, type Posted, post, postingRefusals } from "../posting.ts";
import { transactions } from "../transaction-fields.ts";
import { transfers } from "../transfer-fields.ts";
import type { Merchant } from "./merchant-fields.ts";
import { sumOf } from "./settlement-sum.ts";
import { settlements } from "./settlements.ts";

/** Most entries of the log that one settlement covers. */
export const spanMax = 1_000_000;

export const settleRefusals = {
  ...postingRefusals,
  invalid_cut_off: { status: 400, doc: "The log does not reach that far: later transfers would be missed." },
  nothing_to_settle: { status: 422, doc: "Nothing came or went since the last settlement." },
} as const satisfies RefusalSpecs;

export type Settled =
  | {
      readonly ok: true;
      readonly settlement: Row<typeof settlements>;
      /** What changes of the merchant's row. */
      readonly changes: Pick<Merchant, "settledSeq" | "carriedGross" | "carriedSales">;
      /** The cut-off was not reached. */
      readonly more: boolean;
    }
  | {
      readonly ok: false;
      readonly type: keyof typeof settleRefusals;
      readonly details?: Readonly<Record<string, unknown>>;
    };

/** First entry after `seq` that touches the account; undefined when there is none. */
const firstAfter = async (ctx: CommandContext, account: string, seq: number): Promise<number | undefined> => {
  const table = ctx.table(transfers);
  const options = { limit: 1, sortBy: "seq" };
  const [credit] = await table.find((row) => and(eq(row.credit, account), gt(row.seq, seq)), options);
  const [debit] = await table.find((row) => and(eq(row.debit, account), gt(row.seq, seq)), options);
  const found = [credit, debit].flatMap((row) => (row === undefined ? [] : [row.seq]));
  return found.length === 0 ? undefined : Math.min(...found);
};

/** A cut-off between the two legs of one of the merchant's settlements is moved behind them. */
const whole = async (ctx: CommandContext, merchant: string, cutOff: number): Promise<number> => {
  const split = await ctx
    .table(settlements)
    .count((row) => and(eq(row.merchant, merchant), eq(row.postedSeq, cutOff + 1), eq(row.legs, 2)));
  return cutOff + split;
};

/** Where a settlement of a long range ends. */
const spanned = async (ctx: CommandContext, merchant: Merchant, after: number, wanted: number): Promise<number> => {
  const first = (await firstAfter(ctx, merchant.receivable, after)) ?? wanted;
  return first + spanMax > wanted ? wanted : whole(ctx, merchant.id, first + spanMax - 1);
};

/** What came and went in a range of the log, without what settlements took. */
const sumsOf = async (ctx: CommandContext, { id, receivable }: Merchant, after: number, through: number) => {
  const log = ctx.table(transfers);
  const [credits] = await log.totals({
    where: (row) => and(eq(row.credit, receivable), gt(row.seq, after), lte(row.seq, through), gt(row.amount, 0n)),
    sum: ["amount"],
  });
  const [debits] = await log.totals({
    where: (row) => and(eq(row.debit, receivable), gt(row.seq, after), lte(row.seq, through), gt(row.amount, 0n)),
    sum: ["amount"],
  });
  const [own] = await ctx.table(settlements).totals({
    where: (row) => and(eq(row.merchant, id), gt(row.postedSeq, after), lte(row.postedSeq, through)),
    sum: ["due", "legs"],
  });
  return {
    sales: credits?.count ?? 0,
    salesAmount: credits?.amount ?? 0n,
    refunds: (debits?.count ?? 0) - Number(own?.legs ?? 0n),
    refundsAmount: (debits?.amount ?? 0n) - (own?.due ?? 0n),
  };
};

const paid = async (ctx: CommandContext, merchant: Merchant, { fee, net }: { fee: bigint; net: bigint }): Promise<Posted> => {
  const { receivable, currency } = merchant;
  const legs: Leg[] = [];
  if (net > 0n) legs.push({ debit: receivable, credit: merchant.account, amount: net, currency, kind: "settlement" });
  if (fee > 0n) {
    const fees = await houseAccount(ctx, "fees", currency);
    legs.push({ debit: receivable, credit: fees.id, amount: fee, currency, kind: "fee" });
  }
  return post(ctx, legs, { reference: `Settlement ${merchant.name}`.slice(0, 140), transaction: ctx.id(transactions) });
};

/** Settles up to `cutOff`, the last entry of the log unless given. Changes nothing when it refuses; the caller writes `changes`. */
export const settle = async (ctx: CommandContext, merchant: Merchant, cutOff: number | null): Promise<Settled> => {
  const [newest] = await ctx.table(transfers).find((row) => gt(row.seq, 0), { limit: 1, sortBy: "seq.desc" });
  const lastSeq = newest?.seq ?? 0;
  if (cutOff !== null && cutOff > lastSeq) return { ok: false, type: "invalid_cut_off", details: { lastSeq } };
  const after = merchant.settledSeq;
  const wanted = cutOff === null || cutOff === lastSeq ? lastSeq : await whole(ctx, merchant.id, cutOff);
  const none: Settled = { ok: false, type: "nothing_to_settle", details: { settledSeq: after } };
  if (wanted <= after) return none;
  const toSeq = wanted - after <= spanMax ? wanted : await spanned(ctx, merchant, after, wanted);
  const more = toSeq < wanted;
  const sums = await sumsOf(ctx, merchant, after, toSeq);
  if (sums.sales + sums.refunds === 0 && !more) return none;
  const gross = sums.salesAmount - sums.refundsAmount;
  const carried = { gross: merchant.carriedGross, sales: merchant.carriedSales };
  const sum = sumOf({ gross, sales: sums.sales }, carried, merchant);
  const shared = {
    ...sums,
    gross,
    merchant: merchant.id,
    currency: merchant.currency,
    fromSeq: after + 1,
    toSeq,
    carriedGross: carried.gross,
    carriedSales: carried.sales,
    feeBasisPoints: merchant.feeBasisPoints,
    feeFixed: merchant.feeFixed,
  };
  if (sum.status === "carried") {
    const settlement = ctx.table(settlements).insert({ ...shared, status: "carried", due: 0n, fee: 0n, net: 0n, legs: 0 });
    const changes = { settledSeq: toSeq, carriedGross: sum.carried.gross, carriedSales: sum.carried.sales };
    return { ok: true, settlement, changes, more };
  }
  const posted = await paid(ctx, merchant, sum);
  if (!posted.ok) return posted;
  const settlement = ctx.table(settlements).insert({
    ...shared,
    ...sum,
    transaction: posted.transaction,
    legs: posted.transfers.length,
    postedSeq: posted.transfers.at(-1)?.seq ?? null,
  });
  return { ok: true, settlement, changes: { settledSeq: toSeq, carriedGross: 0n, carriedSales: 0 }, more };
};
