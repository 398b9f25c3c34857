/** The log of deliveries. The host's deliverer writes it; what was given up, or lost by its receiver, is delivered again here. */
import { eq, related, resource, rowOf } from "pons";
import { overseers } from "../roles.ts";
import { deliveries as declared, webhookStates } from "./delivery-fields.ts";
import { webhooks } from "./webhook-fields.ts";

export const deliveryResource = resource(declared, ({ self, all, rows, filter, count, command }) => ({
  rows: {
    ...Object.fromEntries(overseers.map((role) => [role, all])),
    developer: rows(({ app }, { user }) => eq(related(app, "owner"), user)),
  },
  sortBy: "createdAt.desc",
  indexes: [
    ["webhook", "status", "seq"],
    ["status", "createdAt"],
  ],
  filters: {
    waiting: filter(({ status }) => eq(status, "waiting")),
    failed: filter(({ status }) => eq(status, "failed")),
  },
  stats: {
    byStatus: {
      doc: "Deliveries per webhook and status.",
      group: ["webhook", "status"],
      measures: { deliveries: count() },
    },
  },
  functions: {
    redeliver: command({
      on: "item",
      doc: "Delivers an event again, at once and with all its attempts. It keeps its id, so that a receiver who has it knows.",
      roles: ["developer", "admin"],
      refusals: {
        webhook_not_active: { status: 409, doc: "The webhook is paused or disabled." },
        delivery_not_repeatable: { status: 409, doc: "It is of an event that was made for a test, or its webhook is gone." },
      },
      load: ({ row }) => ({ webhook: rowOf(webhooks, row.webhook) }),
      run: (ctx, { row, loaded: { webhook } }) => {
        if (webhook === undefined || row.seq === null) return ctx.refuse("delivery_not_repeatable");
        if (webhook.status !== "active") return ctx.refuse("webhook_not_active");
        ctx.table(webhooks).update(webhook.id, { revision: webhook.revision + 1 });
        return ctx
          .table(self)
          .update(row.id, { status: "waiting", nextAt: ctx.now, firstAt: ctx.now, before: row.attempts, problem: null });
      },
    }),
  },
}));

export const stateResource = resource(webhookStates, () => ({ rows: {}, records: "pons_webhooks" }));
