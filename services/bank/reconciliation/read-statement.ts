/** Reads a statement in one of the formats that can be imported, and sees that it adds up. */
import { type Imported, StatementFlaw } from "./imported.ts";
import { readCamt053 } from "./read-camt053.ts";
import { readCsv } from "./read-csv.ts";

export const importFormats = ["camt.053", "csv"] as const;

export type ImportFormat = (typeof importFormats)[number];

export type ReadStatement =
  | { readonly ok: true; readonly statement: Imported }
  /** Where it is wrong, and how: `{ place: "line 7, amount", reason: "is no decimal number" }`. */
  | { readonly ok: false; readonly place: string; readonly reason: string };

/** The statement, or why it is none. `currency`: that of the account it is for. */
export const readStatement = (
  content: string,
  { format, currency }: { readonly format: ImportFormat; readonly currency: string },
): ReadStatement => {
  try {
    return { ok: true, statement: format === "csv" ? readCsv(content, { currency }) : readCamt053(content) };
  } catch (error) {
    if (error instanceof StatementFlaw) return { ok: false, place: error.place, reason: error.message };
    throw error;
  }
};

/** What the opening balance and the lines come to, if it is not the closing balance: lines are missing, or too many. */
export const imbalanceOf = ({ opening, closing, lines }: Imported): bigint | undefined => {
  if (opening === null || closing === null) return undefined;
  const sum = lines.reduce((balance, { amount }) => balance + amount, opening);
  return sum === closing ? undefined : sum;
};
