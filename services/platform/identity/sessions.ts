/** Sessions: where people are logged in, to be looked at and ended. */
import { entry, eq, resource, rowsOf, t } from "pons";
import { persons } from "../roles.ts";
import { after, daySeconds } from "./moments.ts";
import { idleSeconds, keptDays, sessions as declared } from "./session-fields.ts";
import { endSession } from "./session.ts";

/** Most uses that are noted in one call. */
export const touchesMax = 1_000;

/** Uses of credentials, as the host gathers them. */
export const touchInput = {
  items: t.array(t.object({ id: t.string({ maxLength: 64 }), at: t.dateTime() }), { maxItems: touchesMax }),
};

export const sessionResource = resource(declared, ({ self, rows, all, filter, command, directory, due }) => ({
  rows: {
    person: rows((row, caller) => eq(row.user, caller.user)),
    enrolling: rows((row, caller) => eq(row.user, caller.user)),
    admin: all,
    staff: all,
    auditor: all,
  },
  sortBy: "createdAt.desc",
  filters: { active: filter(({ status }) => eq(status, "active")) },
  directory: directory((row) =>
    row.status !== "active"
      ? []
      : [
          entry("session", row.tokenHash, {
            id: row.id,
            user: row.user,
            environment: row.environment,
            createdAt: row.issuedAt,
            expiresAt: row.expiresAt,
            idleSeconds,
            seenAt: row.seenAt,
            verifiedAt: row.verifiedAt,
            isLimited: row.isLimited,
          }),
        ],
  ),
  due: due({
    doc: "Ends a session whose time is over, and later forgets it.",
    at: "dueAt",
    run: (ctx, { row }) => {
      if (row.status !== "active") return ctx.table(self).delete(row.id);
      return ctx.table(self).update(row.id, { status: "ended", endedAt: ctx.now, dueAt: after(ctx.now, keptDays * daySeconds) });
    },
  }),
  functions: {
    revoke: command({
      on: "item",
      doc: "Ends a session at once.",
      roles: [...persons, "admin"],
      run: (ctx, { row }) => {
        endSession(ctx, row);
        return undefined;
      },
    }),
    touch: command({
      on: "collection",
      doc: "Notes when sessions were used.",
      roles: ["system"],
      input: touchInput,
      output: { noted: t.integer() },
      load: ({ input }) => ({
        found: rowsOf(
          declared,
          input.items.map(({ id }) => id),
        ),
      }),
      run: (ctx, { input, loaded }) => {
        let noted = 0;
        for (const [position, { id, at }] of input.items.entries()) {
          const row = loaded.found[position];
          if (row === undefined || row.status !== "active" || row.seenAt >= at || at > after(ctx.now, idleSeconds)) continue;
          ctx.table(self).update(id, { seenAt: at });
          noted++;
        }
        return { noted };
      },
    }),
  },
}));
