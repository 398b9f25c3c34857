/** Fields of an invitation. */
import { declare, type RowOf, t } from "pons";
import { rolePattern } from "../roles.ts";
import { memberRoles } from "./member-fields.ts";

export const invitationDays = 7;

/** What is asked for. */
export const invitationTerms = {
  email: t.email({ doc: "Who is invited.", example: "ada@example.com" }),
  community: t.ref("communities", { optional: true, doc: "The community it is to; absent: the tenant alone." }),
  communityRole: t.enum(memberRoles, { default: "member", doc: "What the person will be in the community." }),
  roles: t.array(t.string({ maxLength: 81, pattern: rolePattern, example: "platform:staff" }), {
    default: [],
    maxItems: 20,
    filter: false,
    doc: "Roles that the person gets.",
  }),
};

export const invitationFields = {
  id: t.id("inv"),
  ...invitationTerms,
  tenant: t.string({ maxLength: 63, write: "never", doc: "The tenant it is to." }),
  status: t.enum(["pending", "accepted", "revoked", "expired"], { default: "pending", write: "never", index: true }),
  tokenHash: t.string({ maxLength: 64, unique: true, write: "never", read: [], filter: false, secret: true }),
  expiresAt: t.dateTime({ write: "never", doc: "It is accepted before this moment or not at all." }),
  dueAt: t.dateTime({ optional: true, write: "never", read: [], filter: false }),
  invitedBy: t.string({ optional: true, maxLength: 64, write: "never", doc: "Who has invited; absent: the installation." }),
  user: t.ref("users", { optional: true, write: "never", doc: "Who has accepted it." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Invitation = RowOf<typeof invitationFields>;

export const invitations = declare("invitations", {
  doc: "Invitations by mail, each for one person and one use.",
  fields: invitationFields,
});
