/** Fields of a customer. */
import { declare, type RowOf, t } from "pons";

/** What a customer was checked for, each more than the one before. */
export const kycTiers = ["none", "basic", "full"] as const;
export type KycTier = (typeof kycTiers)[number];

/** From the least to the greatest. */
export const riskLevels = ["low", "medium", "high"] as const;
export type RiskLevel = (typeof riskLevels)[number];

/** Most accounts frozen with their customer: each is a row that the commit locks. */
export const frozenAccountsMax = 100;

const staff = ["teller", "supervisor", "auditor"] as const;

export const customerFields = {
  id: t.id("cus"),
  name: t.string({ minLength: 1, maxLength: 255, write: ["teller"], index: true, example: "Ada Lovelace" }),
  email: t.email({ unique: true, write: ["teller"], example: "ada@example.com" }),
  phone: t.phone({ optional: true, example: "+35621234567" }),
  country: t.country({ write: ["teller"], index: true, doc: "Country of residence or seat.", example: "MT" }),
  language: t.language({ default: "en", doc: "Language of letters and messages.", example: "en" }),
  birthDate: t.date({ optional: true, write: ["teller"], doc: "Of persons.", example: "1985-12-10" }),
  kind: t.enum(["person", "company"], { default: "person", write: ["teller"] }),
  status: t.enum(["active", "inactive", "archived", "frozen"], {
    default: "active",
    write: "never",
    index: true,
    doc: "Only an active customer opens accounts. A frozen one's accounts are frozen too.",
  }),
  kycTier: t.enum(kycTiers, {
    default: "none",
    write: "never",
    index: true,
    doc: "What the customer was checked for: see `kycCases`. Limits depend on it.",
  }),
  risk: t.enum(riskLevels, { default: "low", write: "never", read: staff, doc: "How much of a risk the customer is." }),
  frozenFrom: t.enum(["active", "inactive"], {
    optional: true,
    write: "never",
    read: staff,
    filter: false,
    doc: "Status before it was frozen.",
  }),
  frozenAccounts: t.array(t.string({ maxLength: 64 }), {
    optional: true,
    maxItems: frozenAccountsMax,
    write: "never",
    read: staff,
    filter: false,
    doc: "Accounts that were frozen with the customer.",
  }),
  taxNumber: t.string({
    optional: true,
    minLength: 4,
    maxLength: 32,
    write: ["teller"],
    read: staff,
    mask: "last4",
    filter: false,
    doc: "Tax identification number.",
    example: "MT12345678",
  }),
  openAccounts: t.integer({ default: 0, min: 0, write: "never", doc: "Accounts that are not closed." }),
  lastActiveAt: t.dateTime({ optional: true, write: "never", index: true, doc: "When an account was last opened or closed." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Customer = RowOf<typeof customerFields>;

export const customers = declare("customers", {
  doc: "People and companies the bank keeps accounts for.",
  fields: customerFields,
});
