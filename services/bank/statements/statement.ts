/**
 * A statement: what was booked on one account between two places in the ledger's log, and the balance before and after it. Everything in it lies at or
 * before `toSeq` and never changes again, so that the same statement can be made at any time.
 *
 *   opening + Σ entries = closing, and each entry tells the balance after it
 *
 * Amounts are minor units; what leaves the account is negative.
 */
import { ibanOf } from "../iban.ts";
import type { Transfer } from "../transfer-fields.ts";

export interface Entry {
  readonly seq: number;
  /** The transfer's id. */
  readonly transfer: string;
  /** RFC 3339 in UTC. */
  readonly bookedAt: string;
  readonly valueAt: string;
  /** Signed: negative leaves the account. */
  readonly amount: bigint;
  readonly balance: bigint;
  readonly kind: Transfer["kind"];
  /** The account on the other side. */
  readonly counterparty: string;
  readonly reference: string | null;
  /** The transfer it takes back. */
  readonly reverses: string | null;
}

/** The account as its statement names it. */
export interface StatementAccount {
  readonly id: string;
  readonly currency: string;
  readonly name: string;
}

export interface Statement {
  readonly account: StatementAccount;
  /** Name of who owns it; null for the bank's own. */
  readonly owner: string | null;
  /** Whether account numbers may be told as IBANs; else by id. */
  readonly tellsIbans: boolean;
  readonly fromSeq: number;
  /** Last place of the log that it covers. */
  readonly toSeq: number;
  /** First and last day of booking (UTC) that was asked for; null when it was asked for by `seq`. */
  readonly from: string | null;
  readonly to: string | null;
  readonly opening: bigint;
  readonly entries: readonly Entry[];
  readonly closing: bigint;
  /** Closing balance less what holds reserve; null when it was not looked up. */
  readonly available: bigint | null;
  /** RFC 3339 in UTC. */
  readonly createdAt: string;
}

/** A row of the log as an entry of one of its two accounts. */
export const entryOf = (account: string, row: Transfer): Entry => {
  const isDebit = row.debit === account;
  if (!isDebit && row.credit !== account) throw new Error(`transfer ${row.id} is not of account ${account}`);
  return {
    seq: row.seq,
    transfer: row.id,
    bookedAt: row.createdAt,
    valueAt: row.effectiveAt,
    amount: isDebit ? -row.amount : row.amount,
    balance: isDebit ? row.debitBalance : row.creditBalance,
    kind: row.kind,
    counterparty: isDebit ? row.credit : row.debit,
    reference: row.reference,
    reverses: row.reverses,
  };
};

export interface Turnover {
  readonly count: number;
  /** Not negative. */
  readonly sum: bigint;
}

/** What came in and what went out. */
export const turnoverOf = (entries: readonly Entry[]): { readonly credits: Turnover; readonly debits: Turnover } => {
  const of = (chosen: readonly Entry[]): Turnover => ({
    count: chosen.length,
    sum: chosen.reduce((sum, { amount }) => sum + (amount < 0n ? -amount : amount), 0n),
  });
  return { credits: of(entries.filter(({ amount }) => amount > 0n)), debits: of(entries.filter(({ amount }) => amount < 0n)) };
};

/** Days (UTC) of the opening and the closing balance: those asked for, else of the first and the last entry. */
export const daysOf = ({ from, to, entries, createdAt }: Statement): { readonly opening: string; readonly closing: string } => {
  const today = createdAt.slice(0, 10);
  const earlier = to !== null && to < today ? to : today;
  return {
    opening: from ?? entries[0]?.bookedAt.slice(0, 10) ?? earlier,
    closing: to === null ? (entries.at(-1)?.bookedAt.slice(0, 10) ?? today) : earlier,
  };
};

/** How an account is named in a document. */
export const numberOf = (
  id: string,
  { tellsIbans }: Pick<Statement, "tellsIbans">,
): { readonly iban: string } | { readonly id: string } => (tellsIbans ? { iban: ibanOf(id) } : { id });

/** Why a document cannot hold an amount: the digits its standard allows. */
export interface Unrepresentable {
  readonly unrepresentable: bigint;
}

export const isUnrepresentable = (made: string | Unrepresentable): made is Unrepresentable => typeof made !== "string";
