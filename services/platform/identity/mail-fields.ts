/** Fields of a mail. */
import { declare, type RowOf, t } from "pons";

export const mailKinds = [
  "signUpCode",
  "accountExists",
  "invitation",
  "passwordReset",
  "passwordChanged",
  "emailChangeCode",
  "emailChanged",
  "secondFactorChanged",
  "keyMade",
  "notification",
  "supportAccess",
] as const;

export type MailKind = (typeof mailKinds)[number];

export const mailFields = {
  id: t.id("mail"),
  to: t.email({ write: "never", index: true }),
  kind: t.enum(mailKinds, { write: "never", index: true }),
  subject: t.string({ maxLength: 255, write: "never" }),
  text: t.text({ optional: true, maxLength: 20_000, write: "never", read: [], filter: false, secret: true }),
  status: t.enum(["pending", "sent", "failed"], { default: "pending", write: "never", index: true }),
  attempts: t.integer({ default: 0, write: "never" }),
  problem: t.string({ optional: true, maxLength: 500, write: "never", filter: false, doc: "Why it could not be sent." }),
  nextAt: t.dateTime({ optional: true, write: "never", doc: "Not sent before." }),
  sentAt: t.dateTime({ optional: true, write: "never" }),
  dueAt: t.dateTime({ optional: true, write: "never", read: [], filter: false }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Mail = RowOf<typeof mailFields>;

export const mails = declare("mails", {
  doc: "Mails to people, sent once their command is committed. What they say is forgotten when they are sent.",
  fields: mailFields,
});
