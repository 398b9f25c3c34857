/**
 * What a merchant is told of its receivable account, which is the bank's: payments and what was paid out of it, newest first, page by page. Who paid is
 * not told; the id of a payment is what a refund asks for.
 */
import { and, eq, gt, lt, type QueryContext, t } from "pons";
import { transferFields } from "../transfer-fields.ts";
import { transfers } from "../transfer-fields.ts";
import type { Merchant } from "./merchant-fields.ts";

/** Most entries of one page. */
const pageMax = 100;

export const paymentsInput = {
  beforeSeq: t.integer({ optional: true, min: 1, doc: "Only entries of the log before this one: `before` of the page before." }),
  limit: t.integer({ default: 20, min: 1, max: pageMax, doc: "Most entries wanted." }),
};

export const paymentsOutput = {
  payments: t.array(
    t.object({
      transfer: t.ref("transfers"),
      seq: t.integer(),
      direction: t.enum(["in", "out"], { doc: "In: paid to the merchant. Out: settled, refunded, or a fee." }),
      kind: transferFields.kind,
      amount: t.money({ doc: "Minor units." }),
      reference: t.string({ optional: true, maxLength: 140 }),
      reverses: t.string({ optional: true, maxLength: 64, doc: "The payment that it takes back." }),
      createdAt: t.dateTime(),
    }),
    { maxItems: pageMax, doc: "Newest first." },
  ),
  before: t.integer({ optional: true, doc: "`beforeSeq` of the next page; absent on the last." }),
};

/** A page of the receivable account's movements. */
export const paymentsOf = async (
  ctx: QueryContext,
  { receivable }: Merchant,
  { beforeSeq, limit }: { readonly beforeSeq: number | null; readonly limit: number },
) => {
  const table = ctx.table(transfers);
  const place = beforeSeq ?? Number.MAX_SAFE_INTEGER;
  const page = { limit: limit + 1, sortBy: "seq.desc" };
  const [into, out] = await Promise.all([
    table.find((row) => and(eq(row.credit, receivable), lt(row.seq, place), gt(row.amount, 0n)), page),
    table.find((row) => and(eq(row.debit, receivable), lt(row.seq, place), gt(row.amount, 0n)), page),
  ]);
  const found = [...into, ...out].toSorted((a, b) => b.seq - a.seq);
  const payments = found.slice(0, limit).map(({ id, seq, credit, kind, amount, reference, reverses, createdAt }) => ({
    transfer: id,
    seq,
    direction: credit === receivable ? "in" : "out",
    kind,
    amount,
    reference,
    reverses,
    createdAt,
  }));
  return { payments, before: found.length > limit ? (payments.at(-1)?.seq ?? null) : null };
};
