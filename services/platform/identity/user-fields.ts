/** Fields of a user. */
import { declare, type RowOf, t } from "pons";
import { rolePattern } from "../roles.ts";

const hidden = { write: "never", read: [], filter: false } as const;

export const userFields = {
  id: t.id("usr"),
  email: t.email({ unique: true, write: "never", doc: "In small letters; verified.", example: "ada@example.com" }),
  name: t.string({ minLength: 1, maxLength: 120, index: true, example: "Ada Lovelace" }),
  language: t.language({ default: "en", doc: "Language of mails.", example: "en" }),
  status: t.enum(["active", "suspended"], { default: "active", write: "never", index: true }),
  roles: t.array(t.string({ maxLength: 81, pattern: rolePattern }), {
    default: [],
    maxItems: 50,
    write: "never",
    filter: false,
    doc: "Granted roles, each of one service: `platform:developer`, `bank:teller`.",
  }),
  subject: t.string({
    optional: true,
    maxLength: 64,
    write: "never",
    index: true,
    doc: "The row the account stands for, such as a customer's id.",
  }),
  isAdmin: t.boolean({ default: false, write: "never", index: true, doc: "Whether it is an administrator of the tenant." }),
  passwordHash: t.string({ ...hidden, maxLength: 255, secret: true }),
  passwordChangedAt: t.dateTime({ optional: true, write: "never", filter: false }),
  /** Counts enrolments: the secret follows from it. */
  totpNumber: t.integer({ ...hidden, default: 0 }),
  totpStatus: t.enum(["none", "pending", "active"], {
    default: "none",
    write: "never",
    doc: "Whether one-time codes are asked for.",
  }),
  /** The last step whose code was used. */
  totpStep: t.integer({ ...hidden, optional: true }),
  /** SHA-256 of each code that is left. */
  recoveryCodes: t.array(t.string({ maxLength: 64 }), { ...hidden, default: [], maxItems: 10, secret: true }),
  passkeyCount: t.integer({ default: 0, write: "never", doc: "Passkeys of the account." }),
  hasSecondFactor: t.boolean({ default: false, write: "never", doc: "Whether it logs in with more than a password." }),
  sessionsAfter: t.dateTime({ ...hidden, optional: true }),
  lastLogInAt: t.dateTime({ optional: true, write: "never", index: true }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type User = RowOf<typeof userFields>;

export const users = declare("users", { doc: "People with an account.", fields: userFields });
