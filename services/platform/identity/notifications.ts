/** Notifications: what people should know, with a mail where it matters. */
import { command as free, eq, isNull, resource, rowOf, t } from "pons";
import { apps } from "./app-fields.ts";
import { administrators, notify as notifyPeople, ownersOf } from "./mail.ts";
import { notifications as declared } from "./notification-fields.ts";
import { users } from "./user-fields.ts";

/** Most that are marked in one call. */
const readMax = 1_000;

export const notificationResource = resource(declared, ({ self, rows, all, filter, command, due }) => ({
  rows: { person: rows((row, caller) => eq(row.user, caller.user)), admin: all, auditor: all },
  sortBy: "createdAt.desc",
  filters: { unread: filter(({ readAt }) => isNull(readAt)) },
  events: {
    made: {
      doc: "Somebody was notified.",
      data: { notification: t.ref("notifications"), user: t.ref("users"), kind: t.string() },
    },
  },
  due: due({ doc: "Forgets an old notification.", at: "dueAt", run: (ctx, { row }) => ctx.table(self).delete(row.id) }),
  functions: {
    read: command({
      on: "item",
      doc: "Marks a notification as read.",
      roles: ["person"],
      run: (ctx, { row }) => (row.readAt === null ? ctx.table(self).update(row.id, { readAt: ctx.now }) : row),
    }),
    readAll: command({
      on: "collection",
      doc: `Marks the caller's notifications as read, at most ${readMax} per call.`,
      roles: ["person"],
      output: { read: t.integer() },
      run: async (ctx) => {
        const own = await ctx
          .table(self)
          .find((row) => eq(row.user, ctx.principal.user ?? ""), { limit: readMax, sortBy: "createdAt.desc" });
        const unread = own.filter(({ readAt }) => readAt === null);
        for (const { id } of unread) ctx.table(self).update(id, { readAt: ctx.now });
        return { read: unread.length };
      },
    }),
  },
}));

export const notify = free({
  doc: "Notifies a person, whoever answers for an app, or the tenant's administrators where neither is named.",
  roles: ["system"],
  input: {
    user: t.string({ optional: true, maxLength: 64 }),
    app: t.string({ optional: true, maxLength: 64 }),
    kind: t.string({ maxLength: 64, pattern: "[a-z][a-zA-Z0-9]*", example: "quotaUsed" }),
    text: t.text({ minLength: 1, maxLength: 2_000 }),
    data: t.json({ optional: true }),
    byMail: t.boolean({ default: true }),
  },
  output: { notified: t.integer() },
  load: ({ input }) => ({ user: rowOf(users, input.user), app: rowOf(apps, input.app) }),
  run: async (ctx, { input, loaded: { user, app } }) => {
    const isNamed = input.user !== null || input.app !== null;
    const people =
      user !== undefined ? [user] : app !== undefined ? await ownersOf(ctx, app) : isNamed ? [] : await administrators(ctx);
    const { kind, text, data } = input;
    notifyPeople(ctx, people, { kind, text, data: data ?? null, app: app?.id ?? null }, { byMail: input.byMail });
    return { notified: people.length };
  },
});
