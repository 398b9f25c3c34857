/** Fields of a tenant. */
import { declare, type RowOf, t } from "pons";

export const tenantFields = {
  id: t.id("ten"),
  name: t.string({
    minLength: 2,
    maxLength: 40,
    pattern: "[a-z][a-z0-9]*(-[a-z0-9]+)*",
    unique: true,
    write: "create",
    doc: "Names it in requests (`Pons-Tenant`) and addresses; unique within the installation, and it stays.",
    example: "acme",
  }),
  title: t.string({ minLength: 1, maxLength: 120, doc: "What it is called.", example: "Acme Bank" }),
  contact: t.email({ doc: "Whom the installation's staff writes to.", example: "it@acme.example" }),
  status: t.enum(["active", "suspended"], {
    default: "active",
    write: "never",
    index: true,
    doc: "Of a suspended one no credential counts.",
  }),
  reason: t.string({ optional: true, maxLength: 500, write: "never", doc: "Why it was suspended." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Tenant = RowOf<typeof tenantFields>;

export const tenants = declare("tenants", {
  doc: "The businesses that share the installation, as its own staff sees them.",
  fields: tenantFields,
});
