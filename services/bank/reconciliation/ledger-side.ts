/** The ledger's side of a reconciliation: the transfers of an account in a period, as the statement would have them, and which are matched. */
import { and, eq, gte, lte, type Row } from "pons";
import type { Transfer } from "../transfer-fields.ts";
import { dayAfter } from "../statements/range.ts";
import { movementsOf, type Reader, seqBefore } from "../statements/reading.ts";
import { reconciliationItems } from "./items.ts";

/** Most transfers that one import looks at. */
export const transfersMax = 9_999;

/** Days before and after the statement in which a transfer may have been booked here. */
const marginDays = 7;
const dayMs = 86_400_000;

export interface Places {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** The places in the log that were booked on these days (UTC), both included; `toSeq` before `fromSeq` when there are none. */
export const placesOf = async (
  reader: Reader,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Places> => ({
  fromSeq: (await seqBefore(reader, `${from}T00:00:00.000Z`)) + 1,
  toSeq: await seqBefore(reader, dayAfter(to)),
});

/** The same with some days before and after. */
export const withMargin = ({
  from,
  to,
}: {
  readonly from: string;
  readonly to: string;
}): { readonly from: string; readonly to: string } => {
  const shifted = (day: string, days: number): string => new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
  return { from: shifted(from, -marginDays), to: shifted(to, marginDays) };
};

/** What an account's statement says of a transfer; on the other side's, what it credits was debited here. */
export const amountOn = (
  { debit, amount }: Pick<Transfer, "debit" | "amount">,
  { account, mirrored }: { readonly account: string; readonly mirrored: boolean },
): bigint => ((debit === account) === mirrored ? amount : -amount);

/** Places of the account's transfers that are matched with a line already. */
export const matchedSeqs = async (reader: Reader, account: string, { fromSeq, toSeq }: Places): Promise<ReadonlySet<number>> => {
  const items: Row<typeof reconciliationItems>[] = await reader
    .table(reconciliationItems)
    .find((row) => and(eq(row.account, account), gte(row.transferSeq, fromSeq), lte(row.transferSeq, toSeq)), {
      limit: transfersMax + 1,
      sortBy: "transferSeq",
    });
  return new Set(items.flatMap(({ transferSeq }) => transferSeq ?? []));
};

/** Transfers of the account in these places that no line was matched with; undefined: there are more transfers than are looked at. */
export const unmatchedTransfers = async (reader: Reader, account: string, places: Places): Promise<Transfer[] | undefined> => {
  const transfers = await movementsOf(reader, account, { ...places, limit: transfersMax });
  if (transfers.length > transfersMax) return undefined;
  const matched = await matchedSeqs(reader, account, places);
  return transfers.filter(({ seq }) => !matched.has(seq));
};
