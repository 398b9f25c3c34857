/** Fields of an approval. */
import { declare, type RowOf, t } from "pons";
import { actionNames } from "./names.ts";

/** Who reads what customers do not. */
export const staff = ["teller", "supervisor", "auditor"] as const;

const forStaff = { write: "never", read: staff, filter: false } as const;

export const approvalFields = {
  id: t.id("apr"),
  action: t.enum(actionNames, { write: "never", index: true, doc: "What is done once it is approved." }),
  summary: t.string({ ...forStaff, maxLength: 255, doc: "What it is about, for the one who decides." }),
  payload: t.json({ ...forStaff, doc: "What the action is carried out with; amounts are decimal strings." }),
  amount: t.money({ optional: true, write: "never", currency: "currency", doc: "Minor units, where an amount is at stake." }),
  currency: t.currency({ optional: true, write: "never" }),
  about: t.string({ optional: true, write: "never", read: staff, maxLength: 64, index: true, doc: "Id of the row it is about." }),
  customer: t.ref("customers", { optional: true, write: "never", read: staff, doc: "Customer it is about." }),
  subject: t.string({
    optional: true,
    write: "never",
    maxLength: 64,
    index: true,
    doc: "Customer who asked; absent when staff did.",
  }),
  status: t.enum(["pending", "approved", "rejected", "expired"], { default: "pending", write: "never", index: true }),
  maker: t.string({ write: "never", read: staff, maxLength: 255, doc: "Who asked for it." }),
  checker: t.string({ optional: true, write: "never", read: staff, maxLength: 255, doc: "Who decided; never the maker." }),
  reason: t.text({ ...forStaff, optional: true, maxLength: 1_000, doc: "What the checker had to say." }),
  result: t.json({ ...forStaff, optional: true, doc: "What the action did." }),
  requestedAt: t.dateTime({ set: "created", index: true }),
  decidedAt: t.dateTime({ optional: true, write: "never", index: true }),
  expiresAt: t.dateTime({ write: "never", doc: "It is decided before this moment or not at all." }),
  dueAt: t.dateTime({ ...forStaff, optional: true, doc: "When it is closed undecided; absent once it is not pending." }),
};

export type Approval = RowOf<typeof approvalFields>;

export const approvals = declare("approvals", {
  doc: "What waits for a second person, and what became of it.",
  fields: approvalFields,
});
