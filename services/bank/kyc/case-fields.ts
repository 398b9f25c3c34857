/** Fields of a KYC case. */
import { declare, type RowOf, t } from "pons";
import { staff } from "../approvals/fields.ts";

export const caseFields = {
  id: t.id("kyc"),
  customer: t.ref("customers", { write: "create", doc: "Who is checked." }),
  tier: t.enum(["basic", "full"], { write: "create", doc: "What the customer is checked for." }),
  status: t.enum(["draft", "submitted", "approved", "rejected"], { default: "draft", write: "never", index: true }),
  reason: t.text({ optional: true, write: "never", filter: false, doc: "Why it was rejected, for the customer to read." }),
  maker: t.string({ write: "never", read: staff, maxLength: 255, doc: "Who opened it." }),
  submittedBy: t.string({ optional: true, write: "never", read: staff, maxLength: 255, doc: "Who submitted it." }),
  checker: t.string({ optional: true, write: "never", read: staff, maxLength: 255, doc: "Who decided." }),
  approval: t.ref("approvals", { optional: true, write: "never", read: staff, doc: "Where it is decided." }),
  submittedAt: t.dateTime({ optional: true, write: "never" }),
  decidedAt: t.dateTime({ optional: true, write: "never" }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type KycCase = RowOf<typeof caseFields>;

export const kycCases = declare("kycCases", {
  doc: "Checks of customers, from the first document to the decision.",
  fields: caseFields,
});
