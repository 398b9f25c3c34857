/** Fields of a membership. */
import { declare, type RowOf, t } from "pons";

export const memberRoles = ["member", "owner"] as const;

export const memberFields = {
  id: t.id("mem"),
  community: t.ref("communities", { write: "create" }),
  user: t.ref("users", { write: "create" }),
  role: t.enum(memberRoles, { default: "member", doc: "An owner sees the other members and invites new ones." }),
  createdAt: t.dateTime({ set: "created" }),
};

export type Member = RowOf<typeof memberFields>;

export const members = declare("members", { doc: "Who belongs to which community.", fields: memberFields });
