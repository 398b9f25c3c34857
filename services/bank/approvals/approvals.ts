/**
 * Approvals: what one person asks for and another one decides (maker-checker). A command that needs an approval leaves a pending row here and answers
 * 202; `approve` carries the action out in the same commit that marks the row.
 *
 *   pending ─► approved · rejected · expired (undecided after seven days)
 *
 * Maker and checker are never the same (`identity.ts`). An action that cannot be carried out as things stand refuses the approval, `action_refused`:
 * nothing has changed, and the row stays pending until it can be approved, is rejected, or expires.
 */
import { eq, resource, t } from "pons";
import { approve, expire, reject } from "./decide.ts";
import { approvals as declared } from "./fields.ts";
import { actionNames } from "./names.ts";
import { decisionRefusals, reviewRefusals } from "./refusals.ts";

export const approvals = resource(declared, ({ own, all, filter, count, command, due }) => ({
  rows: { customer: own("subject"), teller: all, supervisor: all, auditor: all },
  sortBy: "requestedAt.desc",
  filters: {
    pending: filter(({ status }) => eq(status, "pending")),
    of: filter({ action: t.enum(actionNames) }, (row, wanted) => eq(row.action, wanted.action)),
  },
  stats: {
    byAction: {
      doc: "Approvals per action and status.",
      group: ["action", "status"],
      measures: { approvals: count() },
      roles: ["teller", "supervisor", "auditor"],
    },
  },
  events: {
    requested: { doc: "Something was put to approval.", data: { approval: t.ref("approvals"), action: t.enum(actionNames) } },
    decided: {
      doc: "An approval was approved or rejected, or has expired.",
      data: {
        approval: t.ref("approvals"),
        action: t.enum(actionNames),
        status: t.enum(["approved", "rejected", "expired"]),
      },
    },
  },
  due: due({
    doc: "Closes what nobody decided in time.",
    at: "dueAt",
    run: (ctx, { row }) => expire(ctx, row),
  }),
  functions: {
    approve: command({
      on: "item",
      doc: "Approves, and carries out what was asked for, both or neither.",
      roles: ["supervisor"],
      input: { reason: t.text({ optional: true, maxLength: 1_000, doc: "For the record." }) },
      refusals: decisionRefusals,
      run: (ctx, { row, input }) => approve(ctx, row, input.reason),
    }),
    reject: command({
      on: "item",
      doc: "Declines what was asked for; nothing is carried out.",
      roles: ["supervisor"],
      input: { reason: t.text({ minLength: 1, maxLength: 1_000, doc: "Why.", example: "Not covered by the contract" }) },
      refusals: reviewRefusals,
      run: (ctx, { row, input }) => reject(ctx, row, input.reason),
    }),
  },
}));
