/** Attempts that are counted, by a derived id. Internal: no role sees it. */
import { declare, type RowOf, t } from "pons";

export const attemptFields = {
  id: t.id("att"),
  count: t.integer(),
  dueAt: t.dateTime({ optional: true, doc: "When it is forgotten." }),
};

export type Attempt = RowOf<typeof attemptFields>;

export const attempts = declare("attempts", {
  doc: "Attempts lately, each counter until its time is over.",
  fields: attemptFields,
});
