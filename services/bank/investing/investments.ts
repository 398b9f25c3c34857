/** Investments: what customers put into deals. `deals.invest` makes them; what becomes of them follows from the deal. */
import { eq, resource } from "pons";
import { investmentFields } from "./investment-fields.ts";

export const investments = resource(
  "investments",
  { doc: "What customers put into deals.", fields: investmentFields },
  ({ own, all, filter, count, sum }) => ({
    rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
    sortBy: "createdAt.desc",
    filters: { invested: filter(({ status }) => eq(status, "invested")) },
    stats: {
      byStatus: {
        doc: "Investments per status and currency.",
        group: ["status", "currency"],
        measures: {
          investments: count(),
          amount: sum("amount"),
          interestPaid: sum("interestPaid"),
          principalPaid: sum("principalPaid"),
        },
      },
    },
  }),
);
