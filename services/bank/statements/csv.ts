/**
 * Statements as CSV (RFC 4180): a line of names, one line per entry, CRLF. Amounts are decimals in major units with a point.
 *
 * A text that a spreadsheet would take for a formula is led by an apostrophe, which the reader of `reconciliation` takes off again.
 */
import { major } from "../assets.ts";
import { numberOf, type Statement } from "./statement.ts";

export const columns = [
  "seq",
  "bookedAt",
  "valueAt",
  "amount",
  "currency",
  "balance",
  "counterparty",
  "kind",
  "reference",
  "transfer",
  "reverses",
] as const;

/** Text as a cell that no spreadsheet runs (OWASP, CSV injection). */
export const textCell = (text: string): string => {
  const safe = /^['=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** The statement's entries. */
export const csv = (statement: Statement): string => {
  const { currency } = statement.account;
  const lines = statement.entries.map((entry) => {
    const counterparty = numberOf(entry.counterparty, statement);
    return [
      String(entry.seq),
      entry.bookedAt,
      entry.valueAt,
      major(entry.amount, currency),
      currency,
      major(entry.balance, currency),
      textCell("iban" in counterparty ? counterparty.iban : counterparty.id),
      entry.kind,
      textCell(entry.reference ?? ""),
      textCell(entry.transfer),
      textCell(entry.reverses ?? ""),
    ].join(",");
  });
  return [columns.join(","), ...lines, ""].join("\r\n");
};
