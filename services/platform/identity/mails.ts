/**
 * The outbox: mails that were written with the commands they are about, until a sender of the host has sent them. A sender claims a mail before it sends
 * it and settles it afterwards; one that dies in between leaves it to be claimed again, so that a mail is sent at least once. The directory names those
 * that wait, of all tenants together.
 */
import { entry, eq, resource, rowOf, t } from "pons";
import { mails as declared } from "./mail-fields.ts";
import { after } from "./moments.ts";

/** For how long a claim holds, and how long is waited after each failure: doubled each time. */
const claimSeconds = 120;
const backoffSeconds = 30;
const backoffSecondsMax = 6 * 3_600;
const attemptsMax = 12;

const waitAfter = (attempts: number): number => Math.min(backoffSecondsMax, backoffSeconds * 2 ** Math.max(0, attempts - 1));

export const mailResource = resource(declared, ({ self, all, filter, command, directory, due }) => ({
  rows: { admin: all, auditor: all },
  sortBy: "createdAt.desc",
  filters: { failed: filter(({ status }) => eq(status, "failed")) },
  directory: directory((row) => (row.status === "pending" ? [entry("mail", row.id, { nextAt: row.nextAt })] : [])),
  due: due({ doc: "Forgets an old mail.", at: "dueAt", run: (ctx, { row }) => ctx.table(self).delete(row.id) }),
  functions: {
    claim: command({
      on: "collection",
      doc: "Gives a mail to the sender that asks first.",
      roles: ["system"],
      input: { id: t.string({ maxLength: 64 }) },
      output: {
        claimed: t.boolean(),
        to: t.email({ optional: true }),
        subject: t.string({ optional: true }),
        text: t.text({ optional: true, secret: true }),
      },
      load: ({ input }) => ({ row: rowOf(declared, input.id) }),
      run: (ctx, { loaded: { row } }) => {
        if (row?.status !== "pending" || row.nextAt === null || row.nextAt > ctx.now)
          return { claimed: false, to: null, subject: null, text: null };
        ctx.table(self).update(row.id, { attempts: row.attempts + 1, nextAt: after(ctx.now, claimSeconds) });
        return { claimed: true, to: row.to, subject: row.subject, text: row.text };
      },
    }),
    settle: command({
      on: "collection",
      doc: "Says what became of a mail that was claimed. What was sent, or cannot be, is forgotten but for its subject.",
      roles: ["system"],
      input: {
        id: t.string({ maxLength: 64 }),
        problem: t.string({ optional: true, maxLength: 500, doc: "Why it was not sent; absent: it was." }),
        isFinal: t.boolean({ default: false, doc: "It will never be taken." }),
      },
      output: { status: declared.fields.status },
      refusals: { mail_not_found: { status: 404, doc: "There is no such mail." } },
      load: ({ input }) => ({ row: rowOf(declared, input.id) }),
      run: (ctx, { input, loaded: { row } }) => {
        if (row === undefined) return ctx.refuse("mail_not_found");
        if (row.status !== "pending") return { status: row.status };
        const table = ctx.table(self);
        if (input.problem === null)
          return table.update(row.id, { status: "sent", sentAt: ctx.now, nextAt: null, text: null, problem: null });
        if (input.isFinal || row.attempts >= attemptsMax)
          return table.update(row.id, { status: "failed", nextAt: null, text: null, problem: input.problem });
        return table.update(row.id, { nextAt: after(ctx.now, waitAfter(row.attempts)), problem: input.problem });
      },
    }),
  },
}));
