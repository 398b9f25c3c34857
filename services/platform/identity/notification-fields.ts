/** Fields of a notification. */
import { declare, type RowOf, t } from "pons";

export const notificationFields = {
  id: t.id("not"),
  user: t.ref("users", { write: "never", doc: "Who is told." }),
  app: t.ref("apps", { optional: true, write: "never", doc: "The app it is about." }),
  kind: t.string({ maxLength: 64, pattern: "[a-z][a-zA-Z0-9]*", write: "never", index: true, example: "quotaUsed" }),
  text: t.text({ maxLength: 2_000, write: "never" }),
  data: t.json({ optional: true, write: "never", filter: false }),
  readAt: t.dateTime({ optional: true, write: "never", index: true }),
  dueAt: t.dateTime({ optional: true, write: "never", read: [], filter: false }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Notification = RowOf<typeof notificationFields>;

export const notifications = declare("notifications", {
  doc: "What people should know: keys that are about to expire, limits that were reached, subscriptions that were decided.",
  fields: notificationFields,
});
