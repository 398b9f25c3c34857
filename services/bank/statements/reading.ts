/**
 * Statements and balances as of any place in the log. Places at or before the end of the log never change, so that several reads of them agree without
 * a transaction around them. A balance is a look-up: the last transfer of the account at or before the place tells it.
 */
import { and, eq, gt, gte, lt, lte, oneOf, type QueryContext } from "pons";
import type { Transfer } from "../transfer-fields.ts";
import { transfers } from "../transfer-fields.ts";
import { type Entry, entryOf } from "./statement.ts";

/** What a statement reads with: a query or a command. */
export type Reader = Pick<QueryContext, "table">;

/** Phases in which money moves. */
export const moved = ["posted", "capture"] as const;

/** Rows per step behind a clock that was set back. */
const stepMax = 1_000;

/** Last place in the log; 0 while it is empty. */
export const lastSeq = async (reader: Reader): Promise<number> => {
  const [last] = await reader.table(transfers).find((row) => gt(row.seq, 0), { limit: 1, sortBy: "seq.desc" });
  return last?.seq ?? 0;
};

/**
 * Last place in the log that was booked before a moment (RFC 3339 in UTC); 0 when there is none. Where the clock was set back, later rows with an earlier
 * time that follow without a gap belong to it, so that a later moment never has an earlier place.
 */
export const seqBefore = async (reader: Reader, moment: string): Promise<number> => {
  const table = reader.table(transfers);
  const [latest] = await table.find((row) => lt(row.createdAt, moment), { limit: 1, sortBy: "createdAt.desc,seq.desc" });
  if (latest === undefined) return 0;
  let { seq } = latest;
  for (let size = 1; ; size = stepMax) {
    const after = seq;
    const following = await table.find((row) => gt(row.seq, after), { limit: size, sortBy: "seq" });
    const end = following.findIndex(({ createdAt }) => createdAt >= moment);
    const run = end === -1 ? following : following.slice(0, end);
    seq = run.at(-1)?.seq ?? seq;
    if (run.length < size) return seq;
  }
};

/** Both sides of an account in the log: one index each. */
const sides = ["debit", "credit"] as const;

export interface Standing {
  readonly balance: bigint;
  /** The account's version after its last transfer; null when it has none. */
  readonly version: number | null;
}

/** How an account stood after the transfer at `seq` and all before it. */
export const standingAt = async (reader: Reader, account: string, seq: number): Promise<Standing> => {
  const found = await Promise.all(
    sides.map(async (side) =>
      reader.table(transfers).find((row) => and(eq(row[side], account), lte(row.seq, seq)), { limit: 1, sortBy: "seq.desc" }),
    ),
  );
  const [last] = found.flat().toSorted((a, b) => b.seq - a.seq);
  if (last === undefined) return { balance: 0n, version: null };
  return last.debit === account
    ? { balance: last.debitBalance, version: last.debitVersion }
    : { balance: last.creditBalance, version: last.creditVersion };
};

/**
 * Transfers that moved money of an account, in order, `limit` and one more at most. The end of the range is cut off here: asked for both ends, SQLite would
 * walk the whole log between them.
 */
export const movementsOf = async (
  reader: Reader,
  account: string,
  { fromSeq, toSeq, limit }: { readonly fromSeq: number; readonly toSeq: number; readonly limit: number },
): Promise<Transfer[]> => {
  const found = await Promise.all(
    sides.map(async (side) =>
      reader.table(transfers).find((row) => and(eq(row[side], account), gte(row.seq, fromSeq), oneOf(row.phase, moved)), {
        limit: limit + 1,
        sortBy: "seq",
      }),
    ),
  );
  return found
    .flat()
    .filter(({ seq }) => seq <= toSeq)
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, limit + 1);
};

export interface Extract {
  readonly opening: bigint;
  readonly entries: readonly Entry[];
  readonly closing: bigint;
  /** Last place that is covered: the range's end, or the last entry when there are more than `limit`. */
  readonly toSeq: number;
  readonly more: boolean;
}

/** The entries of an account between two places, with the balance before and after. Throws when the log contradicts itself. */
export const extractOf = async (
  reader: Reader,
  account: string,
  range: { readonly fromSeq: number; readonly toSeq: number; readonly limit: number },
): Promise<Extract> => {
  const [{ balance: opening }, rows] = await Promise.all([
    standingAt(reader, account, range.fromSeq - 1),
    movementsOf(reader, account, range),
  ]);
  const more = rows.length > range.limit;
  const entries = rows.slice(0, range.limit).map((row) => entryOf(account, row));
  let closing = opening;
  for (const { seq, amount, balance } of entries) {
    closing += amount;
    if (closing !== balance) throw new Error(`account ${account}: transfer ${seq} leaves ${balance}, which should be ${closing}`);
  }
  return { opening, entries, closing, toSeq: more ? (entries.at(-1)?.seq ?? range.toSeq) : range.toSeq, more };
};

/** What holds reserved on an account after the transfer at `seq`. */
export const reservedAt = async (reader: Reader, account: string, seq: number): Promise<bigint> => {
  const [found] = await reader
    .table(transfers)
    .totals({ sum: ["pending"], where: (row) => and(eq(row.debit, account), lte(row.seq, seq)) });
  return found?.pending ?? 0n;
};

/** Balance of the transfers up to `seq` that have taken effect by a moment. */
export const valueBalanceAt = async (
  reader: Reader,
  account: string,
  { seq, moment }: { readonly seq: number; readonly moment: string },
): Promise<bigint> => {
  const [debits, credits] = await Promise.all(
    sides.map(async (side) => {
      const [found] = await reader.table(transfers).totals({
        sum: ["amount"],
        where: (row) => and(eq(row[side], account), lte(row.seq, seq), lte(row.effectiveAt, moment)),
      });
      return found?.amount ?? 0n;
    }),
  );
  return (credits ?? 0n) - (debits ?? 0n);
};
