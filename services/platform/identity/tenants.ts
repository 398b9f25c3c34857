/**
 * Tenants: the businesses that share the installation. Its own staff makes and suspends them, in its own tenant; a tenant's administrators see theirs by
 * `tenant`. A new tenant begins with an invitation to its first administrator, which is accepted in the new tenant.
 */
import { command, type CommandContext, entry, entryOf, eq, notNull, query, resource, t } from "pons";
import { operatorTenant, overseers } from "../roles.ts";
import { communities } from "./community-fields.ts";
import { invite } from "./invite.ts";
import { isReserved } from "./reserved-names.ts";
import { shownFields } from "./shown-fields.ts";
import { tenants as declared } from "./tenant-fields.ts";
import { users } from "./user-fields.ts";

const isOurs = (ctx: CommandContext): boolean => ctx.principal.tenant === operatorTenant;

const here = {
  not_operator_tenant: { status: 403, doc: "Tenants are made and changed in the installation's own tenant alone." },
} as const;

export const tenantResource = resource(declared, ({ self, all, filter, command, directory, guard }) => ({
  rows: { operator: all, system: all },
  access: { update: ["operator"], replace: [] },
  sortBy: "name",
  filters: { suspended: filter(({ status }) => eq(status, "suspended")) },
  refusals: here,
  guard: { update: guard((ctx) => (isOurs(ctx) ? undefined : ctx.refuse("not_operator_tenant"))) },
  directory: directory((row) => [entry("tenant", row.name, { id: row.id, status: row.status })]),
  functions: {
    add: command({
      on: "collection",
      doc: "Makes a tenant, and invites its first administrator by mail. The invitation's token is shown once.",
      roles: ["operator", "system"],
      stepUp: true,
      input: {
        name: declared.fields.name,
        title: declared.fields.title,
        contact: declared.fields.contact,
        administrator: t.email({ optional: true, doc: "Who is invited to be its administrator; absent: the contact." }),
      },
      output: {
        ...shownFields(declared.fields),
        invitation: t.ref("invitations"),
        token: t.string({ optional: true, secret: true, doc: "Shown once. Accepts the invitation; it is in the mail too." }),
      },
      refusals: {
        ...here,
        name_reserved: { status: 422, doc: "The name is reserved." },
        tenant_exists: { status: 409, doc: "There is a tenant of this name." },
      },
      load: ({ input }) => ({ taken: entryOf("tenant", input.name) }),
      run: (ctx, { input, loaded }) => {
        if (!isOurs(ctx)) return ctx.refuse("not_operator_tenant");
        const { name, title, contact } = input;
        const isOwn = name === operatorTenant && ctx.principal.roles.includes("system");
        if (isReserved(name) && !isOwn) return ctx.refuse("name_reserved");
        if (loaded.taken !== undefined) return ctx.refuse("tenant_exists");
        const row = ctx.table(self).insert({ name, title, contact: contact.toLowerCase() });
        const { invitation, token } = invite(ctx, {
          email: input.administrator ?? contact,
          tenant: name,
          tenantTitle: title,
          roles: [name === operatorTenant ? "platform:operator" : "platform:admin", "platform:admin"],
          community: null,
          communityRole: "member",
        });
        return ctx.created({ ...row, invitation: invitation.id, token });
      },
    }),
    suspend: command({
      on: "item",
      doc: "Stops a tenant: from then on no credential of it counts, on any node.",
      roles: ["operator"],
      stepUp: true,
      input: { reason: t.string({ minLength: 1, maxLength: 500, example: "Contract ended" }) },
      refusals: {
        ...here,
        tenant_suspended: { status: 409, doc: "The tenant is suspended already." },
        own_tenant: { status: 409, doc: "The installation's own tenant cannot be suspended." },
      },
      run: (ctx, { row, input }) => {
        if (!isOurs(ctx)) return ctx.refuse("not_operator_tenant");
        if (row.name === operatorTenant) return ctx.refuse("own_tenant");
        if (row.status === "suspended") return ctx.refuse("tenant_suspended");
        return ctx.table(self).update(row.id, { status: "suspended", reason: input.reason });
      },
    }),
    activate: command({
      on: "item",
      doc: "Lets a suspended tenant go on.",
      roles: ["operator"],
      stepUp: true,
      refusals: { ...here, tenant_active: { status: 409, doc: "The tenant is active." } },
      run: (ctx, { row }) => {
        if (!isOurs(ctx)) return ctx.refuse("not_operator_tenant");
        if (row.status === "active") return ctx.refuse("tenant_active");
        return ctx.table(self).update(row.id, { status: "active", reason: null });
      },
    }),
  },
}));

/** For the installation itself: its own tenant, and that of a demonstration. */
export const ensureTenant = command({
  doc: "Makes a tenant where there is none of this name. Nobody is invited.",
  roles: ["system"],
  input: { name: declared.fields.name, title: declared.fields.title, contact: declared.fields.contact },
  output: { name: t.string(), isNew: t.boolean() },
  refusals: here,
  load: ({ input }) => ({ taken: entryOf("tenant", input.name) }),
  run: (ctx, { input, loaded }) => {
    if (!isOurs(ctx)) return ctx.refuse("not_operator_tenant");
    const { name, title, contact } = input;
    if (loaded.taken === undefined) ctx.table(declared).insert({ name, title, contact: contact.toLowerCase() });
    return { name, isNew: loaded.taken === undefined };
  },
});

/** The tenant as its own people see it. */
export const tenant = query({
  doc: "The caller's tenant: its name, and how much there is of it.",
  roles: [...overseers],
  output: {
    name: t.string(),
    users: t.integer(),
    administrators: t.integer(),
    communities: t.integer(),
    usersWithoutSecondFactor: t.integer(),
  },
  run: async (ctx) => {
    const people = ctx.table(users);
    const [all, administrators, withoutSecondFactor, groups] = await Promise.all([
      people.count((row) => eq(row.status, "active")),
      people.count((row) => eq(row.isAdmin, true)),
      people.count((row) => eq(row.hasSecondFactor, false)),
      ctx.table(communities).count((row) => notNull(row.id)),
    ]);
    return {
      name: ctx.principal.tenant,
      users: all,
      administrators,
      communities: groups,
      usersWithoutSecondFactor: withoutSecondFactor,
    };
  },
});
