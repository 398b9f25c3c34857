/**
 * Keys of apps. A key is replaced without a gap (`rotate`): the new one counts at once, the former one until its time is over. A revoked one counts no
 * longer, on any node, a second later at most.
 */
import { entry, eq, type FunctionRefusal, resource, rowOf, rowsOf, t } from "pons";
import { apps } from "./app-fields.ts";
import { changeKey, givenInput, keyOutput, keyRefusals, makeKey, shownKey, tellOfKey } from "./key-changes.ts";
import { keys as declared, overlapSecondsDefault, overlapSecondsMax } from "./key-fields.ts";
import { after } from "./moments.ts";
import { touchInput } from "./sessions.ts";

const notActive = {
  key_not_active: { status: 409, doc: "The key was revoked, replaced, or has expired." },
} as const;

export const keyResource = resource(declared, ({ self, rows, all, filter, command, directory, due }) => ({
  rows: { developer: rows((row, caller) => eq(row.owner, caller.user)), admin: all, staff: all, auditor: all },
  // What limits a key stays as it is: a narrower one is made in its place.
  access: { update: ["developer", "admin"], replace: [] },
  sortBy: "createdAt.desc",
  filters: { active: filter(({ status }) => eq(status, "active")) },
  directory: directory((row) => {
    if (row.status !== "active") return [];
    const { id, environment, app, tenant, ips, operations, scopes, expiresAt } = row;
    if (row.kind === "api" && row.hash !== null)
      return [
        entry("key", row.hash, {
          id,
          tenant,
          environment,
          app,
          user: null,
          subject: null,
          roles: [],
          scopes,
          ips,
          operations,
          expiresAt,
        }),
      ];
    return row.kind === "certificate" && row.fingerprint !== null
      ? [entry("certificate", row.fingerprint, { id, app, environment, expiresAt })]
      : [];
  }),
  due: due({
    doc: "Closes a key whose time is over.",
    at: "dueAt",
    load: ({ row }) => ({ app: rowOf(apps, row.app) }),
    run: (ctx, { row, loaded: { app } }) => {
      if (row.status !== "active") return ctx.table(self).update(row.id, { dueAt: null });
      return changeKey(ctx, app, row, { status: "expired", dueAt: null });
    },
  }),
  functions: {
    rotate: command({
      on: "item",
      doc: "Makes a key in place of this one, of the same kind and with the same limits. Both count until the overlap is over.",
      roles: ["developer", "admin"],
      input: {
        overlapSeconds: t.integer({
          default: overlapSecondsDefault,
          min: 0,
          max: overlapSecondsMax,
          doc: "For how long this one counts beside the new one.",
        }),
        expiresAt: t.dateTime({ optional: true, doc: "When the new one ends by itself; absent: it does not." }),
        ...givenInput,
      },
      output: keyOutput,
      refusals: { ...keyRefusals, ...notActive },
      load: ({ row }) => ({ app: rowOf(apps, row.app) }),
      run: async (ctx, { row, input, loaded: { app } }): Promise<unknown> => {
        if (row.status !== "active" || row.replacedBy !== null || app === undefined) return ctx.refuse("key_not_active");
        const { name, kind, environment, ips, operations, scopes } = row;
        const { overlapSeconds, ...given } = input;
        const made: ReturnType<typeof makeKey> | FunctionRefusal = makeKey(ctx, app, {
          ...given,
          name,
          kind,
          environment,
          ips,
          operations,
          scopes,
        });
        if (!("row" in made)) return made;
        const until = after(ctx.now, overlapSeconds);
        const expiresAt = row.expiresAt !== null && row.expiresAt < until ? row.expiresAt : until;
        const held = ctx.table(apps).loaded(app.id);
        if (overlapSeconds === 0)
          changeKey(ctx, held, row, { status: "revoked", revokedAt: ctx.now, dueAt: null, replacedBy: made.row.id });
        else changeKey(ctx, held, row, { expiresAt, dueAt: expiresAt, replacedBy: made.row.id });
        await tellOfKey(ctx, app, made.row);
        return ctx.created(shownKey(made));
      },
    }),
    revoke: command({
      on: "item",
      doc: "Ends a key at once.",
      roles: ["developer", "admin"],
      refusals: notActive,
      load: ({ row }) => ({ app: rowOf(apps, row.app) }),
      run: (ctx, { row, loaded: { app } }) =>
        row.status === "active"
          ? changeKey(ctx, app, row, { status: "revoked", revokedAt: ctx.now, dueAt: null })
          : ctx.refuse("key_not_active"),
    }),
    touch: command({
      on: "collection",
      doc: "Notes when keys were used.",
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
          if (row === undefined || (row.lastUsedAt !== null && row.lastUsedAt >= at)) continue;
          ctx.table(self).update(id, { lastUsedAt: at });
          noted++;
        }
        return { noted };
      },
    }),
  },
}));
