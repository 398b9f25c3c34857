/** The service of the three-level query: the tables of `peers/graph.ts`, written as a definition. */
import { resource, service, t } from "pons";

const accounts = resource(
  "accounts",
  {
    doc: "Accounts.",
    fields: {
      id: t.id("acc", { client: true }),
      name: t.string(),
      currency: t.currency(),
      balance: t.money({ default: 0n }),
      status: t.enum(["active", "closed"], { default: "active" }),
      createdAt: t.dateTime({ set: "created" }),
    },
  },
  ({ all, many }) => ({
    rows: { teller: all },
    access: { create: ["teller"] },
    relations: { sent: many("transfers", { by: "debit" }) },
  }),
);

const transfers = resource(
  "transfers",
  {
    doc: "Transfers.",
    fields: {
      id: t.id("tra", { client: true }),
      debit: t.ref("accounts"),
      credit: t.ref("accounts"),
      amount: t.money(),
      note: t.string({ optional: true }),
      createdAt: t.dateTime({ set: "created" }),
    },
  },
  ({ all }) => ({ rows: { teller: all }, access: { create: ["teller"] }, indexes: [["debit", "id"]] }),
);

export default service("graph", {
  doc: "Accounts and transfers.",
  version: "v1",
  roles: { teller: "Does everything." },
  resources: [accounts, transfers],
});
