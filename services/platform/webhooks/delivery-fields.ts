/** Fields of a delivery, and of what the installation keeps of a webhook's state. */
import { declare, type RowOf, t } from "pons";

const hidden = { write: "never", read: [], filter: false } as const;

export const deliveryProblems = [
  "status",
  "gone",
  "redirected",
  "timed_out",
  "unreachable",
  "certificate",
  "address",
  "not_visible",
  "skipped",
] as const;

export const deliveryFields = {
  id: t.id("whd"),
  webhook: t.string({ maxLength: 64, write: "never", index: true, doc: "Id of the webhook; it may be gone." }),
  app: t.ref("apps", { write: "never" }),
  event: t.string({ maxLength: 32, write: "never", index: true, doc: "Position of the event in its stream: `123-0`." }),
  type: t.string({ maxLength: 128, write: "never", index: true, example: "accounts.opened" }),
  subject: t.string({ optional: true, maxLength: 64, write: "never", doc: "Id of the row that the event is about." }),
  status: t.enum(["waiting", "delivered", "failed"], {
    write: "never",
    doc: "waiting: it is tried again, or waits for an earlier event of its row. failed: given up.",
  }),
  attempts: t.integer({ default: 0, write: "never", doc: "How often it was sent." }),
  responseStatus: t.integer({ optional: true, write: "never", doc: "What the receiver answered last." }),
  durationMs: t.integer({ optional: true, write: "never", filter: false, doc: "How long that took." }),
  problem: t.enum(deliveryProblems, {
    optional: true,
    write: "never",
    doc: "Why it was not taken. address: it may not be delivered there, or the name leads nowhere. not_visible: the app may no longer see the event.",
  }),
  response: t.string({
    optional: true,
    maxLength: 500,
    write: "never",
    filter: false,
    doc: "The beginning of what the receiver answered, where it did not take the event.",
  }),
  lastAt: t.dateTime({ optional: true, write: "never", doc: "When it was sent last." }),
  nextAt: t.dateTime({ optional: true, write: "never", doc: "When it is sent next; absent while it waits for another." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  /** Its position, by which those that wait are put in order; null: an event of a test. */
  seq: t.integer({ ...hidden, optional: true }),
  index: t.integer({ ...hidden, optional: true }),
  /** Attempts before it was last begun anew. */
  before: t.integer({ ...hidden, default: 0 }),
  firstAt: t.dateTime({ ...hidden, optional: true }),
};

export type Delivery = RowOf<typeof deliveryFields>;

export const deliveries = declare("webhookDeliveries", {
  singular: "webhookDelivery",
  doc: "What was delivered to webhooks, or is about to be. Kept for a week, and for a month where it was given up.",
  fields: deliveryFields,
});

/** How far a webhook has come; its id is the webhook's. */
export const webhookStates = declare("webhookStates", {
  doc: "How far webhooks have come.",
  fields: {
    id: t.id("whs"),
    seq: t.integer(),
    index: t.integer(),
    holder: t.string(),
    failures: t.integer(),
    succeededAt: t.dateTime({ optional: true }),
    failedAt: t.dateTime({ optional: true }),
    problem: t.string({ optional: true }),
  },
});
