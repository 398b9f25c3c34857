/** Fields of a session. */
import { declare, type RowOf, t } from "pons";

/** A session ends by itself after that time without a call, and after that time in any case. */
export const idleSeconds = 30 * 60;
export const absoluteSeconds = 12 * 3_600;
/** For how long an ended session is still shown. */
export const keptDays = 30;
export const sessionsMax = 20;

export const environments = ["sandbox", "live"] as const;

export const sessionFields = {
  id: t.id("ses"),
  user: t.ref("users", { write: "never" }),
  environment: t.enum(environments, { write: "never", doc: "Where the calls of the session go." }),
  status: t.enum(["active", "ended"], { default: "active", write: "never", index: true }),
  tokenHash: t.string({ maxLength: 64, unique: true, write: "never", read: [], filter: false, secret: true }),
  issuedAt: t.dateTime({ write: "never", filter: false, doc: "When its cookie was last replaced." }),
  expiresAt: t.dateTime({ write: "never", doc: "When it ends, whatever happens." }),
  seenAt: t.dateTime({ write: "never", doc: "When it was last used, to the minute." }),
  verifiedAt: t.dateTime({ optional: true, write: "never", doc: "When a second factor was last shown." }),
  isLimited: t.boolean({
    default: false,
    write: "never",
    doc: "Whether a second factor has to be enrolled before anything else.",
  }),
  address: t.string({ optional: true, maxLength: 64, write: "never", doc: "Where it began." }),
  endedAt: t.dateTime({ optional: true, write: "never" }),
  dueAt: t.dateTime({ optional: true, write: "never", read: [], filter: false }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Session = RowOf<typeof sessionFields>;

export const sessions = declare("sessions", { doc: "Where people are logged in by a browser.", fields: sessionFields });
