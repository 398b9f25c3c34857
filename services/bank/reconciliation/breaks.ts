/** What has no partner in a reconciliation: lines without a transfer, and transfers of its days without a line. */
import { and, eq, gt, type InputOf, oneOf, type QueryContext, t } from "pons";
import { movementsOf } from "../statements/reading.ts";
import type { Reconciliation } from "./fields.ts";
import { reconciliationItems } from "./items.ts";
import { amountOn, matchedSeqs } from "./ledger-side.ts";

/** Breaks of each kind in one answer, and transfers that are looked at for it. */
const breaksMax = 1_000;

const money = (doc: string) => t.money({ currency: "currency", doc });

const input = {
  limit: t.integer({ default: 100, min: 1, max: breaksMax, doc: "Most of each." }),
  afterPosition: t.integer({ default: 0, min: 0, doc: "Lines behind this position." }),
  afterSeq: t.integer({ default: 0, min: 0, doc: "Transfers behind this place in the log." }),
};

/** In order, a page at a time. */
export const breaks = {
  doc: "What has no partner: lines without a transfer, and transfers of these days without a line, in order and a page at a time.",
  roles: ["teller", "supervisor", "auditor"],
  input,
  output: {
    lines: t.array(
      t.object({
        item: t.ref("reconciliationItems"),
        position: t.integer(),
        amount: money("As the statement has it."),
        valueOn: t.date(),
        reference: t.string({ optional: true }),
        status: t.string({ doc: "`unmatched` or `ambiguous`.", example: "unmatched" }),
        candidates: t.array(t.string(), { doc: "Transfers it may be." }),
      }),
    ),
    transfers: t.array(
      t.object({
        transfer: t.ref("transfers"),
        seq: t.integer(),
        amount: money("As the statement would have it."),
        bookedAt: t.dateTime(),
        valueAt: t.dateTime(),
        counterparty: t.ref("accounts"),
        reference: t.string({ optional: true }),
      }),
    ),
    nextPosition: t.integer({ optional: true, doc: "`afterPosition` of the next page; null: there are no more lines." }),
    nextSeq: t.integer({ optional: true, doc: "`afterSeq` of the next page; null: there are no more transfers." }),
  },
  run: async (
    ctx: QueryContext,
    { row, input: asked }: { readonly row: Reconciliation; readonly input: InputOf<typeof input> },
  ): Promise<unknown> => {
    const { limit, afterPosition, afterSeq } = asked;
    const open = await ctx
      .table(reconciliationItems)
      .find(
        (item) =>
          and(eq(item.reconciliation, row.id), gt(item.position, afterPosition), oneOf(item.status, ["unmatched", "ambiguous"])),
        { limit: limit + 1, sortBy: "position" },
      );
    const places = { fromSeq: Math.max(row.fromSeq, afterSeq + 1), toSeq: row.toSeq };
    const page = await movementsOf(ctx, row.account, { ...places, limit: breaksMax });
    const seen = page.slice(0, breaksMax);
    const end = seen.at(-1)?.seq ?? row.toSeq;
    const matched = await matchedSeqs(ctx, row.account, { ...places, toSeq: end });
    const missing = seen.filter(({ seq }) => !matched.has(seq));
    const shown = missing.slice(0, limit);
    const rest = missing.length > limit ? shown.at(-1)?.seq : page.length > breaksMax ? end : undefined;
    return {
      lines: open.slice(0, limit).map((item) => ({
        item: item.id,
        position: item.position,
        amount: item.amount,
        valueOn: item.valueOn,
        reference: item.reference,
        status: item.status,
        candidates: item.candidates ?? [],
      })),
      transfers: shown.map((transfer) => ({
        transfer: transfer.id,
        seq: transfer.seq,
        amount: amountOn(transfer, row),
        bookedAt: transfer.createdAt,
        valueAt: transfer.effectiveAt,
        counterparty: transfer.debit === row.account ? transfer.credit : transfer.debit,
        reference: transfer.reference,
      })),
      nextPosition: open.length > limit ? (open[limit - 1]?.position ?? null) : null,
      nextSeq: rest ?? null,
    };
  },
};
