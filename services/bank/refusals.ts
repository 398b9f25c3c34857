/**
 * Transfer ids that were refused because of the state of an account. Such an id is spent: asking again with it gives the first reason, even
 * when the account could pay by now, so that a client that repeats a call after a lost answer never gets a second outcome.
 *
 * Internal: no role sees it.
 */
import { resource, t } from "pons";

const fields = {
  id: t.id("trf", { client: true, doc: "The transfer's id." }),
  reason: t.string({ maxLength: 64, doc: "Type of the first refusal." }),
  subject: t.string({ optional: true, maxLength: 64, doc: "Customer who asked; absent for staff." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const refusals = resource("refusals", { doc: "Transfer ids spent by a refusal.", fields }, () => ({
  rows: {},
  appendOnly: true,
}));
