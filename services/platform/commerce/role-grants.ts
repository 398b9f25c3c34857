/**
 * Grants of roles. A role that is granted is kept with the person or the app, which every node knows: it counts, and ceases to count, within a second.
 * Nobody gives a role to themselves, and some are never given.
 */
import { and, type CommandContext, eq, type FunctionRefusal, resource, rowOf, t } from "pons";
import { apps } from "../identity/app-fields.ts";
import { users } from "../identity/user-fields.ts";
import { isGrantable } from "../roles.ts";
import { grantTerms, type RoleGrant, roleGrants as declared } from "./grant-fields.ts";
import { isForeignToApps } from "./product-roles.ts";
import { identityOf } from "./who.ts";
import { overseers } from "../roles.ts";
import { environmentNames } from "./words.ts";

/** `bank:teller`, `bank:teller@live`: as people and apps have it. */
const heldAs = ({ role, environment }: Pick<RoleGrant, "role" | "environment">): string =>
  environment === null ? role : `${role}@${environment}`;

/** Changes the roles of whoever has the grant; its row was read in this batch. */
const changeRoles = async (
  ctx: CommandContext,
  { user, app }: Pick<RoleGrant, "user" | "app">,
  change: (roles: readonly string[]) => string[],
): Promise<void> => {
  if (user !== null) {
    const row = await ctx.table(users).get(user);
    if (row !== undefined) ctx.table(users).update(user, { roles: change(row.roles) });
  }
  if (app !== null) {
    const row = await ctx.table(apps).get(app);
    if (row !== undefined) ctx.table(apps).update(app, { roles: change(row.roles) });
  }
};

/** Ends a grant. Another one that gives the same role goes on giving it. */
const end = async (ctx: CommandContext, row: RoleGrant, endedBy: string | null): Promise<RoleGrant> => {
  const ended = ctx.table(declared).update(row.id, { status: "ended", endedBy, endedAt: ctx.now, dueAt: null });
  const held = heldAs(row);
  const same = await ctx.table(declared).find((grant) => and(eq(grant.role, row.role), eq(grant.status, "active")));
  const isHeldStill = same.some((grant) => grant.user === row.user && grant.app === row.app && heldAs(grant) === held);
  if (!isHeldStill) await changeRoles(ctx, row, (roles) => roles.filter((role) => role !== held));
  return ended;
};

type Input = Pick<RoleGrant, "user" | "app" | "role" | "environment" | "until" | "reason">;

const flawOf = (ctx: CommandContext, { user, app, role, environment, until }: Input): FunctionRefusal | undefined => {
  const invalid = (field: string, code: string, params?: Readonly<Record<string, string>>): FunctionRefusal =>
    ctx.refuse("validation_failed", undefined, { fields: { [field]: [params === undefined ? code : { code, params }] } });
  if (user === null && app === null) return invalid("user", "required");
  if (user !== null && app !== null) return invalid("app", "unknown_field");
  if (!isGrantable(role, ctx.principal.tenant)) return ctx.refuse("role_reserved", { role });
  // Rows of the platform are of no environment; and what an account must have follows from its roles as they are.
  if (environment !== null && role.startsWith("platform:")) return invalid("environment", "unknown_field");
  if (app !== null && isForeignToApps(role)) return ctx.refuse("role_reserved", { role });
  if (until !== null && until <= ctx.now) return invalid("until", "too_early", { min: ctx.now });
  const isOwn = user === null ? app === ctx.principal.app : user === ctx.principal.user;
  return isOwn ? ctx.refuse("own_grant") : undefined;
};

export const roleGrants = resource(declared, ({ self, all, filter, command, due }) => ({
  rows: Object.fromEntries(overseers.map((role) => [role, all])),
  sortBy: "createdAt.desc",
  filters: { active: filter(({ status }) => eq(status, "active")) },
  indexes: [
    ["user", "status"],
    ["app", "status"],
  ],
  events: {
    granted: { doc: "A role was given.", data: { grant: t.ref("roleGrants"), role: t.string() } },
    ended: { doc: "A role was taken back, or its time was over.", data: { grant: t.ref("roleGrants"), role: t.string() } },
  },
  due: due({
    doc: "Ends a grant whose time is over.",
    at: "dueAt",
    run: async (ctx, { row }) => {
      await end(ctx, row, null);
      ctx.emit("ended", { grant: row.id, role: row.role });
    },
  }),
  create: command({
    on: "collection",
    doc: "Gives a role.",
    roles: ["admin"],
    stepUp: true,
    input: {
      ...grantTerms,
      user: t.ref("users", { optional: true, doc: "Person. Either a person or an app." }),
      app: t.ref("apps", { optional: true, doc: "App." }),
      environment: t.enum(environmentNames, { optional: true, doc: "Where it counts; absent: in both." }),
    },
    output: "row",
    refusals: {
      role_reserved: { status: 422, doc: "The role is never given to anybody." },
      own_grant: { status: 403, doc: "Nobody gives a role to themselves." },
      already_granted: { status: 409, doc: "The role is given already." },
    },
    load: ({ input }) => ({ user: rowOf(users, input.user), app: rowOf(apps, input.app) }),
    run: async (ctx, { input, loaded }) => {
      const flaw = flawOf(ctx, input);
      if (flaw !== undefined) return flaw;
      const lacks =
        input.user !== null && loaded.user === undefined
          ? "user"
          : input.app !== null && loaded.app === undefined
            ? "app"
            : undefined;
      if (lacks !== undefined) return ctx.refuse("invalid_reference", undefined, { fields: { [lacks]: ["bad_reference"] } });
      const held = heldAs(input);
      const has = (loaded.user ?? loaded.app)?.roles ?? [];
      if (has.includes(held)) return ctx.refuse("already_granted", { role: held });
      const { user, app, role, environment, until, reason } = input;
      const grantedBy = identityOf(ctx.principal);
      const row = ctx.table(self).insert({ user, app, role, environment, until, reason, grantedBy, dueAt: until });
      await changeRoles(ctx, row, (roles) => [...roles, held]);
      ctx.emit("granted", { grant: row.id, role });
      return ctx.created(row);
    },
  }),
  functions: {
    revoke: command({
      on: "item",
      doc: "Takes the role back.",
      roles: ["admin"],
      stepUp: true,
      output: "row",
      refusals: { grant_over: { status: 409, doc: "The grant is over already." } },
      run: async (ctx, { row }) => {
        if (row.status === "ended") return ctx.refuse("grant_over");
        ctx.emit("ended", { grant: row.id, role: row.role });
        return end(ctx, row, identityOf(ctx.principal));
      },
    }),
  },
}));
