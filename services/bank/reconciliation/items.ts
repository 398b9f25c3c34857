/** Lines of imported statements, and the transfers they were matched with. They are changed by functions of `reconciliations` only. */
import { eq, oneOf, resource, t } from "pons";

const never = { write: "never" } as const;

const fields = {
  id: t.id("rci"),
  reconciliation: t.ref("reconciliations", never),
  account: t.ref("accounts", never),
  position: t.integer({ ...never, doc: "1, 2, 3 … in the order of the statement." }),
  amount: t.money({ ...never, currency: "currency", doc: "As the statement has it: less than zero left the account." }),
  currency: t.currency(never),
  bookedOn: t.date({ ...never, doc: "Day of booking." }),
  valueOn: t.date({ ...never, doc: "Day it takes effect." }),
  reference: t.string({ ...never, optional: true, maxLength: 140 }),
  identifier: t.string({ ...never, optional: true, maxLength: 64, doc: "The first identifier it bears." }),
  status: t.enum(["matched", "unmatched", "ambiguous", "accepted"], {
    ...never,
    default: "unmatched",
    index: true,
    doc: "`ambiguous`: more than one transfer may be meant. `accepted`: it stays without one.",
  }),
  rule: t.enum(["id", "reference", "day", "window", "hand"], { ...never, optional: true, doc: "By what it was matched." }),
  transfer: t.ref("transfers", { ...never, optional: true, doc: "The transfer it is." }),
  transferSeq: t.integer({ ...never, optional: true, doc: "Place of that transfer in the log." }),
  candidates: t.array(t.string({ maxLength: 64 }), {
    ...never,
    optional: true,
    maxItems: 10,
    filter: false,
    doc: "Transfers it may be, when it is ambiguous.",
  }),
  note: t.text({ ...never, optional: true, maxLength: 500, filter: false, doc: "Why it was accepted." }),
  decidedBy: t.string({ ...never, optional: true, maxLength: 255, doc: "Who matched or accepted it by hand." }),
  version: t.integer({ set: "version" }),
};

export const reconciliationItems = resource(
  "reconciliationItems",
  { doc: "Lines of imported statements.", singular: "reconciliationItem", fields },
  ({ all, filter }) => ({
    rows: { teller: all, supervisor: all, auditor: all },
    sortBy: "position",
    indexes: [
      ["reconciliation", "position"],
      // A transfer is one line of each of its accounts, never two.
      { fields: ["account", "transferSeq"], unique: true },
    ],
    filters: {
      open: filter(({ status }) => oneOf(status, ["unmatched", "ambiguous"])),
      matched: filter(({ status }) => eq(status, "matched")),
    },
  }),
);
