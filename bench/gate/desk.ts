/**
 * The service behind the gate: accounts with the columns and indexes that the peers' accounts have. Whoever is limited to his own rows sees the same fields
 * as who sees all, so that the price of a row rule is not hidden by an answer of another size.
 */
import { query, resource, service, t } from "pons";

const money = (doc: string) => t.money({ default: 0n, write: "never", doc });

export const accounts = resource(
  "accounts",
  {
    doc: "Accounts.",
    fields: {
      id: t.id("acc"),
      customer: t.string({ maxLength: 64, index: true, doc: "Whose it is." }),
      kind: t.string({ default: "customer", write: "never", maxLength: 20 }),
      name: t.string({ minLength: 1, maxLength: 255 }),
      currency: t.currency({ index: true }),
      debitsPosted: money("Debited."),
      creditsPosted: money("Credited."),
      debitsPending: money("About to be debited."),
      creditsPending: money("About to be credited."),
      balance: t.money({ default: 0n, write: "never", index: true, doc: "Credited less debited." }),
      overdraftLimit: money("How far the balance may fall below zero."),
      maxBalance: t.money({ optional: true, write: "never" }),
      status: t.enum(["active", "frozen", "closed"], { default: "active", write: "never", index: true }),
      frozenReason: t.string({ optional: true, write: "never", maxLength: 255 }),
      iban: t.string({ optional: true, write: "never", maxLength: 34 }),
      version: t.integer({ set: "version" }),
      createdAt: t.dateTime({ set: "created", index: true }),
    },
  },
  ({ all, own }) => ({
    rows: { clerk: all, customer: own("customer") },
    access: { create: ["clerk", "customer"] },
  }),
);

export const desk = service("desk", {
  doc: "Accounts behind the gate.",
  version: "v1",
  roles: { clerk: "Sees every account.", customer: "Sees his own accounts." },
  resources: [accounts],
  operations: {
    audit: query({
      doc: "What no key of the benchmark has the scope for.",
      roles: ["clerk", "customer"],
      output: { ok: t.boolean() },
      run: () => ({ ok: true }),
    }),
    ping: query({
      doc: "Does nothing: what a call costs without its work.",
      roles: ["clerk", "customer"],
      output: { ok: t.boolean() },
      run: () => ({ ok: true }),
    }),
  },
});
