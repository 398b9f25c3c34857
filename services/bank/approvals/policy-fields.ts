/** Fields of an approval policy. */
import { declare, type RowOf, t } from "pons";
import { actionNames } from "./names.ts";

const required = t.boolean({ default: true, doc: "Whether the action needs an approval." });
const above = t.money({
  optional: true,
  min: 0n,
  currency: "currency",
  doc: "Minor units: only what is more needs it. Absent: all does.",
  example: 100000,
});

/** What is set. */
export const policyTerms = {
  action: t.enum(actionNames, { doc: "What it is about." }),
  currency: t.currency({ optional: true, doc: "Only amounts of this currency. Absent: those no other policy is for." }),
  required,
  above,
};

export const policyFields = {
  id: t.id("apo"),
  ...policyTerms,
  setBy: t.string({ write: "never", maxLength: 255, doc: "Who asked for it." }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Policy = RowOf<typeof policyFields>;

export const approvalPolicies = declare("approvalPolicies", {
  doc: "Which actions need an approval, by amount.",
  fields: policyFields,
});
