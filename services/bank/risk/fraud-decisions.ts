/** What fraud rules have decided, and what rules in shadow mode would have: one row for each rule that matched. Only ever added. */
import { eq, resource } from "pons";
import { fraudDecisionFields } from "./fraud-fields.ts";

export const fraudDecisions = resource(
  "fraudDecisions",
  { doc: "What fraud rules have decided, or would have.", fields: fraudDecisionFields },
  ({ all, filter, count, sum }) => ({
    rows: { supervisor: all, auditor: all },
    appendOnly: true,
    sortBy: "createdAt.desc",
    filters: { shadow: filter(({ mode }) => eq(mode, "shadow")) },
    stats: {
      byRule: {
        doc: "Decisions and amounts per rule, mode, action and currency.",
        group: ["rule", "mode", "action", "currency"],
        measures: { decisions: count(), total: sum("amount") },
      },
    },
  }),
);
