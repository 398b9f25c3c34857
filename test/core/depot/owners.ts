/** Owners: the rows logins stand for. A row rule on the row itself, one on the user; fields hidden, masked, written by some roles only. */
import { eq, gte, resource, t } from "../../../src/index.ts";

export const owners = resource(
  "owners",
  {
    doc: "Who keeps things in the depot.",
    fields: {
      id: t.id("own", { client: true }),
      name: t.string({ minLength: 1, maxLength: 80 }),
      email: t.email({ optional: true, unique: true }),
      country: t.country({ default: "DE" }),
      agent: t.string({ optional: true, doc: "The user who looks after this owner." }),
      credit: t.integer({ default: 0, min: 0, max: 1_000, write: ["clerk"] }),
      pin: t.string({ optional: true, read: ["clerk"] }),
      phone: t.phone({ optional: true, read: ["clerk"], mask: "last4" }),
      joinedOn: t.date({ optional: true, write: "create" }),
      boss: t.ref("owners", { optional: true }),
      version: t.integer({ set: "version" }),
      createdAt: t.dateTime({ set: "created" }),
      updatedAt: t.dateTime({ set: "updated" }),
    },
  },
  ({ all, own, rows, many, filter }) => ({
    rows: { clerk: all, auditor: all, owner: own("id"), agent: rows(({ agent }, caller) => eq(agent, caller.user)) },
    access: { create: ["clerk"], update: ["clerk", "owner"], delete: ["clerk"] },
    relations: { boxes: many("boxes", { by: "owner" }), reports: many("owners", { by: "boss" }) },
    filters: { trusted: filter({ from: t.integer({ default: 500 }) }, ({ credit }, { from }) => gte(credit, from)) },
  }),
);
