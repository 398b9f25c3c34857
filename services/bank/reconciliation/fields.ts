/** Fields of a reconciliation. */
import { type RowOf, t } from "pons";
import { importFormats } from "./read-statement.ts";

const never = { write: "never" } as const;
const count = (doc: string) => t.integer({ ...never, default: 0, min: 0, doc });

export const reconciliationFields = {
  id: t.id("rcn"),
  account: t.ref("accounts", { ...never, doc: "The account of the bank that it is about." }),
  format: t.enum(importFormats, never),
  mirrored: t.boolean({
    ...never,
    default: false,
    doc: "The statement is of the other side: what it credits, this account was debited.",
  }),
  statement: t.string({ ...never, optional: true, maxLength: 64, doc: "Number of the statement." }),
  from: t.date({ ...never, index: true, doc: "First day of the statement." }),
  to: t.date({ ...never, doc: "Last day of the statement." }),
  fromSeq: t.integer({ ...never, doc: "First place of these days in the log." }),
  toSeq: t.integer({ ...never, doc: "Last place of these days in the log." }),
  currency: t.currency(never),
  opening: t.money({ ...never, optional: true, currency: "currency", doc: "Opening balance of the statement." }),
  closing: t.money({ ...never, optional: true, currency: "currency", doc: "Closing balance of the statement." }),
  ledgerClosing: t.money({
    ...never,
    currency: "currency",
    doc: "Balance in the ledger at the end of the last day, signed as the statement.",
  }),
  lines: count("Lines of the statement."),
  matched: count("Lines that were matched with a transfer."),
  unmatched: count("Lines for which there is no transfer."),
  ambiguous: count("Lines for which several transfers may be meant."),
  accepted: count("Lines that were accepted without a transfer."),
  missing: count("Transfers of these days for which there is no line."),
  status: t.enum(["open", "complete", "closed"], {
    ...never,
    default: "open",
    index: true,
    doc: "`complete`: every line and every transfer has its partner, or was accepted. `closed`: what is left was accepted.",
  }),
  note: t.text({ ...never, optional: true, maxLength: 500, filter: false, doc: "Why it was closed." }),
  decidedBy: t.string({ ...never, optional: true, maxLength: 255, doc: "Who closed it." }),
  digest: t.string({ ...never, maxLength: 64, doc: "SHA-256 of what was imported, hexadecimal." }),
  version: t.integer({ set: "version" }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Reconciliation = RowOf<typeof reconciliationFields>;

/** Whether nothing is left to be explained. A closed reconciliation stays closed. */
export const statusOf = (
  state: Pick<Reconciliation, "unmatched" | "ambiguous" | "missing"> & Partial<Pick<Reconciliation, "status">>,
): Reconciliation["status"] => {
  if (state.status === "closed") return "closed";
  return state.unmatched + state.ambiguous + state.missing === 0 ? "complete" : "open";
};
