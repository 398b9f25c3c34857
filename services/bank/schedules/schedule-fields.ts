/** Fields of a standing order. */
import { type RowOf, t } from "pons";
import { intervals } from "./recurrence.ts";

/** How often a refused run is tried again, once a day. */
export const retriesMax = 3;

/** What a caller gives; never changed afterwards. */
export const terms = {
  debit: t.ref("accounts", { write: "create", doc: "Account the money leaves." }),
  credit: t.ref("accounts", { write: "create", doc: "Account the money reaches." }),
  amount: t.money({ write: "create", currency: "currency", doc: "Of each run. Minor units, greater than zero.", example: 95000 }),
  currency: t.currency({ write: "create", doc: "That of both accounts.", example: "EUR" }),
  reference: t.string({
    optional: true,
    maxLength: 140,
    write: "create",
    doc: "What it is for, for both sides.",
    example: "Rent",
  }),
  every: t.enum(intervals, {
    default: "none",
    write: "create",
    doc: "How often; `none`: once. In UTC. A month without the day has the run on its last day.",
  }),
  endsAt: t.dateTime({ optional: true, write: "create", doc: "Last moment at which a run may lie." }),
  times: t.integer({ optional: true, min: 1, max: 10_000, write: "create", doc: "How many runs there are." }),
};

export const scheduleFields = {
  id: t.id("sch", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  customer: t.ref("customers", { optional: true, write: "never", doc: "Owner of the account the money leaves." }),
  ...terms,
  startsAt: t.dateTime({ write: "create", doc: "Moment of the first run; all others follow from it." }),
  status: t.enum(["active", "paused", "ended", "failed"], {
    default: "active",
    write: "never",
    index: true,
    doc: "`failed`: its last run could not be made, or one of its accounts is closed.",
  }),
  run: t.integer({ default: 1, write: "never", doc: "Number of the next run." }),
  attempts: t.integer({ default: 0, write: "never", doc: "How often that run was refused so far." }),
  nextRunAt: t.dateTime({ optional: true, write: "never", doc: "When it is tried next; absent while paused and at the end." }),
  runsPosted: t.integer({ default: 0, write: "never", doc: "Runs that were made." }),
  failures: t.integer({ default: 0, write: "never", doc: "Runs that were given up." }),
  lastRunAt: t.dateTime({ optional: true, write: "never", doc: "When a run was last tried." }),
  lastOutcome: t.string({
    optional: true,
    maxLength: 64,
    write: "never",
    doc: "`posted`, `review_required` where it waits for an approval, or the type of the refusal.",
    example: "posted",
  }),
  lastTransfer: t.ref("transfers", { optional: true, write: "never", doc: "The transfer made last." }),
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

/** A row. */
export type Schedule = RowOf<typeof scheduleFields>;
