/**
 * People with an account. They come by signing up, by an invitation, or are made by the installation; an address counts only once it was shown that mail
 * to it arrives. Nobody is deleted: what they did refers to them.
 */
import { entry, eq, resource, t } from "pons";
import { overseers, persons } from "../roles.ts";
import { tell } from "./mail.ts";
import { isLastAdministrator } from "./new-user.ts";
import { endSessions } from "./session.ts";
import { users as declared } from "./user-fields.ts";
import { removePasskeys } from "./passkey-removal.ts";

const ownAccount = {
  own_account: { status: 409, doc: "Nobody does this to the own account: another administrator has to." },
} as const;

const lastAdministrator = {
  last_administrator: { status: 409, doc: "The tenant would be left without an administrator." },
} as const;

export const userResource = resource(declared, ({ self, rows, all, filter, count, many, command, directory }) => {
  return {
    rows: {
      person: rows((row, caller) => eq(row.id, caller.user)),
      enrolling: rows((row, caller) => eq(row.id, caller.user)),
      admin: all,
      staff: all,
      auditor: all,
      system: all,
    },
    access: { update: [...persons, "admin"], replace: [] },
    relations: { sessions: many("sessions"), memberships: many("members"), apps: many("apps", { by: "owner" }) },
    sortBy: "name",
    filters: {
      administrators: filter(({ isAdmin: is }) => eq(is, true)),
      withoutSecondFactor: filter(({ hasSecondFactor }) => eq(hasSecondFactor, false)),
    },
    stats: {
      byStatus: { doc: "Accounts per status.", group: ["status"], measures: { users: count() }, roles: overseers },
    },
    directory: directory((row) => [
      entry("user", row.id, {
        email: row.email,
        name: row.name,
        status: row.status,
        // Whoever has an account manages it.
        roles: [...row.roles, "platform:person"],
        subject: row.subject,
        sessionsAfter: row.sessionsAfter,
      }),
    ]),
    functions: {
      suspend: command({
        on: "item",
        doc: "Stops an account: its sessions end, and no key or token of it counts.",
        roles: ["admin"],
        stepUp: true,
        refusals: { ...ownAccount, ...lastAdministrator },
        run: async (ctx, { row }) => {
          if (row.id === ctx.principal.user) return ctx.refuse("own_account");
          if (await isLastAdministrator(ctx, row)) return ctx.refuse("last_administrator");
          await endSessions(ctx, row.id);
          return ctx.table(self).update(row.id, { status: "suspended", sessionsAfter: ctx.now });
        },
      }),
      activate: command({
        on: "item",
        doc: "Lets a suspended account in again.",
        roles: ["admin"],
        stepUp: true,
        run: (ctx, { row }) => ctx.table(self).update(row.id, { status: "active" }),
      }),
      standFor: command({
        on: "item",
        doc: "Says which row of a service an account stands for, such as a customer. In force at once.",
        roles: ["admin", "system"],
        stepUp: true,
        input: { subject: t.string({ optional: true, minLength: 1, maxLength: 64, doc: "Id of the row; absent: none." }) },
        refusals: ownAccount,
        run: (ctx, { row, input }) =>
          row.id === ctx.principal.user ? ctx.refuse("own_account") : ctx.table(self).update(row.id, { subject: input.subject }),
      }),
      endSessions: command({
        on: "item",
        doc: "Logs an account out everywhere.",
        roles: ["admin"],
        output: { ended: t.integer() },
        run: async (ctx, { row }) => {
          const ended = await endSessions(ctx, row.id);
          ctx.table(self).update(row.id, { sessionsAfter: ctx.now });
          return { ended };
        },
      }),
      resetSecondFactor: command({
        on: "item",
        doc: "Takes away the second factors of somebody who has lost them, passkeys and recovery codes too, and logs the account out. Its owner is told.",
        roles: ["admin"],
        stepUp: true,
        refusals: ownAccount,
        run: async (ctx, { row }) => {
          if (row.id === ctx.principal.user) return ctx.refuse("own_account");
          await removePasskeys(ctx, row.id);
          await endSessions(ctx, row.id);
          tell(ctx, row, "secondFactorChanged");
          return ctx.table(self).update(row.id, {
            totpStatus: "none",
            recoveryCodes: [],
            passkeyCount: 0,
            hasSecondFactor: false,
            sessionsAfter: ctx.now,
          });
        },
      }),
    },
  };
});
