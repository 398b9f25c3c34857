/** Fields of a grant of a role. */
import { declare, type RowOf, t } from "pons";
import { rolePattern } from "../roles.ts";
import { environmentNames } from "./words.ts";

/** What is set. */
export const grantTerms = {
  user: t.ref("users", { optional: true, write: "never", doc: "Person that has the role. Either a person or an app." }),
  app: t.ref("apps", { optional: true, write: "never", doc: "App that has the role." }),
  role: t.string({
    write: "never",
    maxLength: 81,
    pattern: rolePattern,
    index: true,
    doc: "Service and role.",
    example: "bank:teller",
  }),
  environment: t.enum(environmentNames, { optional: true, write: "never", doc: "Where it counts; absent: in both." }),
  until: t.dateTime({ optional: true, write: "never", doc: "When it ends by itself; absent: it does not." }),
  reason: t.text({ optional: true, write: "never", maxLength: 1_000, doc: "Why it was given." }),
};

export const grantFields = {
  id: t.id("grt"),
  ...grantTerms,
  status: t.enum(["active", "ended"], { default: "active", write: "never", index: true }),
  grantedBy: t.string({ write: "never", maxLength: 255, doc: "Who gave it; never who has it." }),
  endedBy: t.string({ optional: true, write: "never", maxLength: 255, doc: "Who ended it; absent: its time was over." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  endedAt: t.dateTime({ optional: true, write: "never" }),
  dueAt: t.dateTime({ optional: true, write: "never", filter: false, doc: "When it is ended; absent once it is." }),
};

export type RoleGrant = RowOf<typeof grantFields>;

export const roleGrants = declare("roleGrants", {
  doc: "Roles given to people and apps beyond what products give, and for how long.",
  fields: grantFields,
});
