/**
 * Ids of transfers, transactions and holds that were refused because of the state of an account. Such an id is spent: asking again with it gives the
 * first reason, even when the account could pay by now, so that a client that repeats a call after a lost answer never gets a second outcome.
 *
 * Internal: no role sees it.
 */
import { type CommandContext, resource, t } from "pons";

const fields = {
  id: t.id("trf", { client: true, doc: "The id that was spent." }),
  reason: t.string({ maxLength: 64, doc: "Type of the first refusal." }),
  subject: t.string({ optional: true, maxLength: 64, doc: "Customer who asked; absent for staff." }),
  approval: t.string({ optional: true, maxLength: 64, doc: "The approval that the movement waits for." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const refusals = resource("refusals", { doc: "Ids spent by a refusal.", fields }, () => ({
  rows: {},
  appendOnly: true,
}));

/** Spends an id. */
export const spend = (
  ctx: CommandContext,
  id: string,
  reason: string,
  { approval = null }: { readonly approval?: string | null } = {},
): void => void ctx.table(refusals).insert({ id, reason, subject: ctx.principal.subject, approval });
