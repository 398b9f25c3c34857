/**
 * KYC cases: a customer is checked for a tier, with documents, by two people (maker-checker).
 *
 *   draft ─► submitted ─► approved: the customer has the tier
 *     ▲          ├──────► rejected, with a reason; another case may be opened
 *     └──────────┘ undecided for seven days: it can be submitted again
 *
 * A customer has at most one case that is neither approved nor rejected. The decision is an approval (`kyc.approve`): `approve` and `reject` here and those
 * of `approvals` are the same.
 */
import { eq, resource, rowOf, t } from "pons";
import { approvals } from "../approvals/fields.ts";
import { decisionRefusals, reviewRefusals } from "../approvals/refusals.ts";
import { customers } from "../customer-fields.ts";
import { caseFields, kycCases as declared } from "./case-fields.ts";
import { decideCase } from "./decisions.ts";
import { caseRefusals } from "./refusals.ts";
import { openCase, submitCase } from "./steps.ts";

const notSubmitted = { kyc_case_not_submitted: { status: 409, doc: "The case does not wait for a decision." } } as const;

export const kycCases = resource(declared, ({ own, all, filter, count, many, command }) => ({
  rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
  relations: { documents: many("documents", { by: "case" }) },
  sortBy: "createdAt.desc",
  filters: { submitted: filter(({ status }) => eq(status, "submitted")) },
  stats: {
    byStatus: {
      doc: "Cases per tier and status.",
      group: ["tier", "status"],
      measures: { cases: count() },
      roles: ["teller", "supervisor", "auditor"],
    },
  },
  events: {
    submitted: { doc: "A case waits for a decision.", data: { case: t.ref("kycCases"), customer: t.ref("customers") } },
    approved: {
      doc: "A customer has a new tier.",
      data: { case: t.ref("kycCases"), customer: t.ref("customers"), tier: t.enum(["basic", "full"]) },
    },
    rejected: { doc: "A case was rejected.", data: { case: t.ref("kycCases"), customer: t.ref("customers") } },
  },
  create: command({
    on: "collection",
    doc: "Opens a case. Customers open their own; staff for any customer.",
    roles: ["customer", "teller"],
    input: {
      customer: t.ref("customers", { optional: true, doc: "Who is to be checked; the caller unless given." }),
      tier: caseFields.tier,
    },
    output: "row",
    refusals: {
      customer_not_found: { status: 404, doc: "There is no such customer." },
      customer_not_active: { status: 422, doc: "The customer is not active." },
      kyc_tier_held: { status: 409, doc: "The customer has this tier already." },
      kyc_case_open: { status: 409, doc: "Another case of the customer is open." },
    },
    load: ({ input, principal }) => ({ customer: rowOf(customers, input.customer ?? principal.subject) }),
    run: (ctx, { input, loaded: { customer } }) => openCase(ctx, customer, input.tier),
  }),
  functions: {
    submit: command({
      on: "item",
      doc: "Puts the case to a decision. It needs a document.",
      roles: ["customer", "teller"],
      refusals: {
        ...caseRefusals,
        documents_missing: { status: 422, doc: "The case has no documents." },
      },
      load: ({ row }) => ({ customer: rowOf(customers, row.customer) }),
      run: (ctx, { row, loaded: { customer } }) => submitCase(ctx, row, customer),
    }),
    approve: command({
      on: "item",
      doc: "Gives the customer the tier.",
      roles: ["supervisor"],
      input: { note: t.text({ optional: true, maxLength: 1_000, doc: "For the record." }) },
      refusals: { ...decisionRefusals, ...notSubmitted },
      load: ({ row }) => ({ approval: rowOf(approvals, row.approval), customer: rowOf(customers, row.customer) }),
      run: (ctx, { row, input, loaded: { approval } }) =>
        decideCase(ctx, row, { approval, decision: "approve", reason: input.note }),
    }),
    reject: command({
      on: "item",
      doc: "Declines the case; the customer reads why.",
      roles: ["supervisor"],
      input: { reason: t.text({ minLength: 1, maxLength: 1_000, example: "The document is not legible" }) },
      refusals: { ...reviewRefusals, ...notSubmitted },
      load: ({ row }) => ({ approval: rowOf(approvals, row.approval) }),
      run: (ctx, { row, input, loaded: { approval } }) =>
        decideCase(ctx, row, { approval, decision: "reject", reason: input.reason }),
    }),
  },
}));
