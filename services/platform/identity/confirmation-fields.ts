/**
 * What waits for a code or link that was mailed. Internal: no role sees it. The mail is written by timed work right after the command, so that asking
 * takes the same time whether or not there is such an account; codes and tokens follow from the row's id and are kept nowhere.
 */
import { declare, type RowOf, t } from "pons";

export const confirmationFields = {
  id: t.id("cnf"),
  kind: t.enum(["signUp", "passwordReset", "emailChange"]),
  email: t.email({ index: true }),
  name: t.string({ optional: true, maxLength: 120 }),
  language: t.language({ default: "en" }),
  passwordHash: t.string({ optional: true, maxLength: 255, secret: true }),
  community: t.string({ optional: true, maxLength: 64 }),
  user: t.string({ optional: true, maxLength: 64 }),
  isMailed: t.boolean({ default: false }),
  attempts: t.integer({ default: 0 }),
  expiresAt: t.dateTime(),
  dueAt: t.dateTime({ optional: true }),
  createdAt: t.dateTime({ set: "created" }),
};

export type Confirmation = RowOf<typeof confirmationFields>;

export const confirmations = declare("confirmations", { doc: "What waits for a mailed code.", fields: confirmationFields });
