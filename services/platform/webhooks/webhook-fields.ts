/** Fields of a webhook. */
import { declare, type RowOf, t, webhookSignings } from "pons";
import { environmentNames } from "../commerce/words.ts";

export const webhooksMax = 50;
export const typesMax = 100;
export const filtersMax = 20;
export const valuesMax = 50;
/** Keys that count at the same time, and for how long a former one does. */
export const keysMax = 3;
export const overlapSecondsDefault = 86_400;
export const overlapSecondsMax = 30 * 86_400;

const hidden = { write: "never", read: [], filter: false } as const;

/** `accounts.opened`, `accounts.*`, `*`. */
export const typePattern = "\\*|[a-z][a-zA-Z0-9]*\\.(\\*|[a-zA-Z][a-zA-Z0-9]*)";

/** What its owner says of it. */
export const webhookTerms = {
  url: t.url({
    maxLength: 2_048,
    filter: false,
    doc: "Where events are delivered: https, to a public name, without a user, at the usual port; or an origin that the installation allows.",
    example: "https://hooks.example.com/pons",
  }),
  description: t.text({ optional: true, maxLength: 1_000, filter: false, doc: "What it is for." }),
  types: t.array(t.string({ maxLength: 100, pattern: typePattern, example: "accounts.*" }), {
    default: ["*"],
    minItems: 1,
    maxItems: typesMax,
    filter: false,
    doc: "Events that are delivered: `accounts.opened`, all of `accounts.*`, or `*`: all that the app may see.",
  }),
  filters: t.json({
    default: {},
    filter: false,
    doc: `Fields of an event's data, and values of which each has to have one: at most ${filtersMax} fields of ${valuesMax} values.`,
    example: { customer: ["cus_01JQZ8M3T9XK4W7B2N5C6D8FGH"] },
  }),
  concurrency: t.integer({
    default: 1,
    min: 1,
    max: 16,
    doc: "Deliveries under way at the same time. With 1 events come in their order; events of one row do so in any case.",
  }),
};

export const webhookFields = {
  id: t.id("wh"),
  app: t.ref("apps", { write: "never", doc: "Whose it is: the events are those that this app may see." }),
  environment: t.enum(environmentNames, { write: "never", index: true, doc: "Whose events are delivered." }),
  service: t.string({ maxLength: 32, pattern: "[a-z][a-z0-9]*", write: "never", index: true, example: "bank" }),
  ...webhookTerms,
  signing: t.enum(webhookSignings, {
    default: "hmac",
    write: "never",
    doc: "hmac: Standard Webhooks with a secret that both sides know (`v1`). ed25519: the same with a key of which the receiver has the public half (`v1a`). httpSignature: RFC 9421 with such a key.",
  }),
  keys: t.array(
    t.object({
      number: t.integer(),
      createdAt: t.dateTime(),
      expiresAt: t.dateTime({ optional: true, doc: "It signs until then; absent: until it is replaced." }),
      publicKey: t.string({ optional: true, maxLength: 64, doc: "ed25519, httpSignature: what signatures are checked with." }),
    }),
    { default: [], write: "never", filter: false, maxItems: keysMax, doc: "What deliveries are signed with, newest first." },
  ),
  keyCount: t.integer({ ...hidden, default: 0 }),
  status: t.enum(["active", "paused", "disabled"], {
    default: "active",
    write: "never",
    index: true,
    doc: "paused: by its owner. disabled: by the installation, since nothing could be delivered. What comes meanwhile waits.",
  }),
  reason: t.string({ optional: true, maxLength: 500, write: "never", filter: false, doc: "Why it was disabled." }),
  /** Events from this moment on are its own. */
  startAt: t.dateTime({ ...hidden, optional: true }),
  /** What is delivered again, as `ReplayEntry` has it; null: nothing. */
  replaying: t.json({ ...hidden, optional: true }),
  /** Counts what the deliverer has to be told of. */
  revision: t.integer({ ...hidden, default: 0 }),
  /** When its owner was last told of deliveries that were given up. */
  toldAt: t.dateTime({ ...hidden, optional: true }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Webhook = RowOf<typeof webhookFields>;

export const webhooks = declare("webhooks", {
  doc: "Addresses to which events of a service are delivered, signed as Standard Webhooks 1.0.0 has it, as CloudEvents 1.0.",
  fields: webhookFields,
});
