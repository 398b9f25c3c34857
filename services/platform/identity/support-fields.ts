/** Fields of access for support. */
import { declare, type RowOf, t } from "pons";
import { rolePattern } from "../roles.ts";

export const accessMinutesMax = 240;

/**
 * The same resource on both sides: in the installation's own tenant the rows that open an access, in the tenant that is entered a copy that tells of it.
 * An access opens only once the tenant has been told.
 */
export const supportFields = {
  id: t.id("sup"),
  tenant: t.string({ maxLength: 63, write: "never", index: true, doc: "The tenant that is entered." }),
  operator: t.string({ maxLength: 64, write: "never", index: true, doc: "Who enters it." }),
  operatorName: t.string({ maxLength: 255, write: "never" }),
  reason: t.text({ maxLength: 500, write: "never", doc: "Why, as the operator states it." }),
  roles: t.array(t.string({ maxLength: 81, pattern: rolePattern }), {
    maxItems: 20,
    write: "never",
    filter: false,
    doc: "What the operator may do there.",
  }),
  status: t.enum(["requested", "open", "ended"], { default: "requested", write: "never", index: true }),
  until: t.dateTime({ write: "never", doc: "When it ends by itself." }),
  endedAt: t.dateTime({ optional: true, write: "never" }),
  /** In the tenant that is entered: the row is a copy. */
  isCopy: t.boolean({ default: false, write: "never", read: [], filter: false }),
  /** A copy that its tenant has ended: the other row has to follow. */
  isClosing: t.boolean({ default: false, write: "never", read: [], filter: false }),
  dueAt: t.dateTime({ optional: true, write: "never", read: [], filter: false }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type SupportAccess = RowOf<typeof supportFields>;

export const supportAccesses = declare("supportAccesses", {
  doc: "Access of the installation's staff to a tenant, for support: for a stated reason, for a short time, told to the tenant.",
  fields: supportFields,
});
