/**
 * Grants of roles. A role that is granted is kept with the person or the app, which every node knows: it counts, and ceases to count, within a second.
 * Nobody gives a role to themselves, and some are never given.
 */
import { and, type CommandContext, eq, type FunctionRefusal, resource, rowOf, t } from "pons";
import { type App, apps } from "../identity/app-fields.ts";
import { isLastAdministrator, roleRefusal, setRoles } from "../identity/new-user.ts";
import { type User, users } from "../identity/user-fields.ts";
import { isGrantable, overseers } from "../roles.ts";
import { grantTerms, type RoleGrant, roleGrants as declared } from "./grant-fields.ts";
import { isForeignToApps } from "./product-roles.ts";
import { identityOf } from "./who.ts";
import { environmentNames } from "./words.ts";

/** As many as a person or an app may have. */
const rolesMax = 50;

type Held = Pick<RoleGrant, "user" | "app" | "role" | "environment">;

/** `bank:teller`, `bank:teller@live`: as people and apps have it. */
const heldAs = ({ role, environment }: Pick<RoleGrant, "role" | "environment">): string =>
  environment === null ? role : `${role}@${environment}`;

/** Whoever a grant is about, as far as they are there. */
interface Holder {
  readonly user: User | undefined;
  readonly app: App | undefined;
}

const holderOf = async (ctx: CommandContext, { user, app }: Held): Promise<Holder> => ({
  user: user === null ? undefined : await ctx.table(users).get(user),
  app: app === null ? undefined : await ctx.table(apps).get(app),
});

const rolesOf = ({ user, app }: Holder): readonly string[] => (user ?? app)?.roles ?? [];

const changeRoles = async (ctx: CommandContext, { user, app }: Holder, roles: readonly string[]): Promise<void> => {
  if (user !== undefined) await setRoles(ctx, user, roles);
  if (app !== undefined) ctx.table(apps).update(app.id, { roles: [...roles] });
};

/** Grants in force that give the same to the same. */
const sameAs = async (ctx: CommandContext, held: Held): Promise<readonly RoleGrant[]> => {
  const found = await ctx.table(declared).find((grant) => and(eq(grant.role, held.role), eq(grant.status, "active")));
  return found.filter(({ user, app, environment }) => user === held.user && app === held.app && environment === held.environment);
};

const close = (ctx: CommandContext, row: RoleGrant, endedBy: string | null): RoleGrant => {
  ctx.emit("ended", { grant: row.id, role: row.role }, declared);
  return ctx.table(declared).update(row.id, { status: "ended", endedBy, endedAt: ctx.now, dueAt: null });
};

/** Ends a grant. Another one that gives the same role goes on giving it. */
const end = async (ctx: CommandContext, row: RoleGrant, endedBy: string | null): Promise<RoleGrant> => {
  const ended = close(ctx, row, endedBy);
  if ((await sameAs(ctx, row)).length > 0) return ended;
  const holder = await holderOf(ctx, row);
  await changeRoles(
    ctx,
    holder,
    rolesOf(holder).filter((role) => role !== heldAs(row)),
  );
  return ended;
};

/** Somebody has to administer the tenant. */
const lastAdministrator = async (ctx: CommandContext, held: Held): Promise<FunctionRefusal | undefined> => {
  if (held.role !== "platform:admin") return undefined;
  const { user } = await holderOf(ctx, held);
  return user !== undefined && (await isLastAdministrator(ctx, user)) ? ctx.refuse("last_administrator") : undefined;
};

type Input = Pick<RoleGrant, "user" | "app" | "role" | "environment" | "until" | "reason">;

const flawOf = (ctx: CommandContext, { user, app, role, environment, until }: Input): FunctionRefusal | undefined => {
  const invalid = (field: string, code: string, params?: Readonly<Record<string, string>>): FunctionRefusal =>
    ctx.refuse("validation_failed", undefined, { fields: { [field]: [params === undefined ? code : { code, params }] } });
  if (user === null && app === null) return invalid("user", "required");
  if (user !== null && app !== null) return invalid("app", "unknown_field");
  if (!isGrantable(role, ctx.principal.tenant)) return ctx.refuse("role_not_grantable", { role });
  // Rows of the platform are of no environment; and what an account must have follows from its roles as they are.
  if (environment !== null && role.startsWith("platform:")) return invalid("environment", "unknown_field");
  if (app !== null && isForeignToApps(role)) return ctx.refuse("role_not_grantable", { role });
  if (until !== null && until <= ctx.now) return invalid("until", "too_early", { min: ctx.now });
  const isOwn = user === null ? app === ctx.principal.app : user === ctx.principal.user;
  return isOwn ? ctx.refuse("own_grant") : undefined;
};

const administrators = {
  last_administrator: { status: 409, doc: "The tenant would be left without an administrator." },
} as const;

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
      ...roleRefusal,
      own_grant: { status: 403, doc: "Nobody gives a role to themselves." },
      already_granted: { status: 409, doc: "The role is given already." },
      too_many_rows: { status: 409, doc: "There are as many as there may be." },
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
      const has = rolesOf(loaded);
      if (has.includes(held)) return ctx.refuse("already_granted", { role: held });
      if (has.length >= rolesMax) return ctx.refuse("too_many_rows", { max: rolesMax });
      const { user, app, role, environment, until, reason } = input;
      const grantedBy = identityOf(ctx.principal);
      const row = ctx.table(self).insert({ user, app, role, environment, until, reason, grantedBy, dueAt: until });
      await changeRoles(ctx, loaded, [...has, held]);
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
      refusals: { grant_over: { status: 409, doc: "The grant is over already." }, ...administrators },
      run: async (ctx, { row }) => {
        if (row.status === "ended") return ctx.refuse("grant_over");
        return (await lastAdministrator(ctx, row)) ?? end(ctx, row, identityOf(ctx.principal));
      },
    }),
    withdraw: command({
      on: "collection",
      doc: "Takes a role back however it was given: by a grant, or with an invitation.",
      roles: ["admin"],
      stepUp: true,
      input: {
        user: t.ref("users", { optional: true, doc: "Person. Either a person or an app." }),
        app: t.ref("apps", { optional: true, doc: "App." }),
        role: grantTerms.role,
        environment: t.enum(environmentNames, { optional: true, doc: "Where it counts; absent: in both." }),
      },
      output: { roles: t.array(t.string(), { doc: "Roles that are left." }) },
      refusals: { not_granted: { status: 409, doc: "The role is not given." }, ...administrators },
      load: ({ input }) => ({ user: rowOf(users, input.user), app: rowOf(apps, input.app) }),
      run: async (ctx, { input, loaded }) => {
        const held = heldAs(input);
        if (!rolesOf(loaded).includes(held)) return ctx.refuse("not_granted", { role: held });
        const flaw = await lastAdministrator(ctx, input);
        if (flaw !== undefined) return flaw;
        for (const grant of await sameAs(ctx, input)) close(ctx, grant, identityOf(ctx.principal));
        const roles = rolesOf(loaded).filter((role) => role !== held);
        await changeRoles(ctx, loaded, roles);
        return { roles };
      },
    }),
  },
}));
