/** Communities: groups of developers with a portal each. Administrators make them; who is a member, owner or not, is in `members`. */
import { entry, eq, oneOf, query, resource, t } from "pons";
import { overseers } from "../roles.ts";
import { communities as declared, communityFields } from "./community-fields.ts";
import { invite } from "./invite.ts";
import { originFlaw, originRefusal } from "./origin.ts";
import { memberRoles, members } from "./member-fields.ts";
import { join, setRoles } from "./new-user.ts";
import { users } from "./user-fields.ts";

/** Most members shown at once to an owner. */
const teamMax = 500;

/** The host that requests for the community come to; none where it is this machine. */
const hostOf = (origin: string | null): string | undefined => {
  const host = origin === null ? undefined : new URL(origin).hostname;
  return host === "localhost" ? undefined : host;
};

const ownerRefusal = {
  not_owner: { status: 403, doc: "Only an owner of the community may do this." },
} as const;

const { name, title, doc, joining, isListed, products, origin, look } = communityFields;

export const communityResource = resource(
  declared,
  ({ self, rows, all, filter, many, command, query: read, directory, guard }) => ({
    rows: {
      anyone: rows((row) => eq(row.isListed, true)),
      person: rows((row) => eq(row.isListed, true)),
      developer: rows((row) => eq(row.isListed, true)),
      admin: all,
      staff: all,
      auditor: all,
    },
    access: { update: ["admin"], replace: [], delete: ["admin"] },
    relations: { members: many("members") },
    sortBy: "name",
    filters: { open: filter((row) => eq(row.joining, "open")) },
    refusals: originRefusal,
    guard: { update: guard((ctx, { changes }) => originFlaw(ctx, changes.origin ?? null)) },
    create: command({
      on: "collection",
      doc: "Makes a community.",
      roles: ["admin"],
      input: { name, title, doc, joining, isListed, products, origin, look },
      run: (ctx, { input }) =>
        originFlaw(ctx, input.origin) ?? ctx.table(self).insert({ ...input, tenant: ctx.principal.tenant }),
    }),
    directory: directory((row) => {
      const host = hostOf(row.origin);
      return host === undefined ? [] : [entry("domain", host, { tenant: row.tenant, community: row.id })];
    }),
    functions: {
      join: command({
        on: "item",
        doc: "Makes the caller a member of an open community.",
        roles: ["person"],
        output: { community: t.ref("communities"), joined: t.boolean() },
        refusals: { joining_closed: { status: 403, doc: "The community is joined by invitation only." } },
        run: async (ctx, { row }) => {
          const { user } = ctx.principal;
          if (row.joining !== "open" || user === null) return ctx.refuse("joining_closed");
          await join(ctx, { community: row.id, user, role: "member" });
          const person = await ctx.table(users).get(user);
          if (person !== undefined) await setRoles(ctx, person, [...person.roles, "platform:developer"]);
          return { community: row.id, joined: true };
        },
      }),
      invite: command({
        on: "item",
        doc: "Invites somebody to the community by mail, as one of its owners.",
        roles: ["developer"],
        input: { email: t.email({ example: "ada@example.com" }), role: t.enum(memberRoles, { default: "member" }) },
        output: { invitation: t.ref("invitations"), expiresAt: t.dateTime() },
        refusals: ownerRefusal,
        run: async (ctx, { row, input }) => {
          const own = await ctx.table(members).find((member) => eq(member.user, ctx.principal.user ?? ""));
          if (!own.some(({ community, role }) => community === row.id && role === "owner")) return ctx.refuse("not_owner");
          const { invitation } = invite(ctx, {
            email: input.email,
            tenant: ctx.principal.tenant,
            tenantTitle: row.title,
            roles: ["platform:developer"],
            community: row.id,
            communityRole: input.role,
            portal: row,
          });
          return ctx.created({ invitation: invitation.id, expiresAt: invitation.expiresAt });
        },
      }),
      team: read({
        on: "item",
        doc: `The members of a community, at most ${teamMax}, for its owners.`,
        roles: ["developer", ...overseers],
        output: {
          members: t.array(
            t.object({
              member: t.ref("members"),
              user: t.ref("users"),
              name: t.string(),
              email: t.email(),
              role: t.enum(memberRoles),
            }),
          ),
        },
        refusals: ownerRefusal,
        run: async (ctx, { row }) => {
          const team = await ctx.table(members).find((member) => eq(member.community, row.id), { limit: teamMax });
          const isOwner = team.some(({ user, role }) => user === ctx.principal.user && role === "owner");
          if (!isOwner && !ctx.principal.roles.some((role) => (overseers as readonly string[]).includes(role)))
            return ctx.refuse("not_owner");
          const people = await ctx.table(users).find(
            (person) =>
              oneOf(
                person.id,
                team.map(({ user }) => user),
              ),
            { limit: teamMax },
          );
          const byId = new Map(people.map((person) => [person.id, person]));
          return {
            members: team.flatMap(({ id, user, role }) => {
              const person = byId.get(user);
              return person === undefined ? [] : [{ member: id, user, role, name: person.name, email: person.email }];
            }),
          };
        },
      }),
    },
  }),
);

/** What somebody belongs to, listed or not. */
export const memberships = query({
  doc: "The communities that the caller belongs to.",
  roles: ["person"],
  output: {
    communities: t.array(
      t.object({
        id: t.ref("communities"),
        name: t.string(),
        title: t.string(),
        role: t.enum(memberRoles),
        products: t.array(t.string()),
      }),
    ),
  },
  run: async (ctx) => {
    const own = await ctx.table(members).find((member) => eq(member.user, ctx.principal.user ?? ""));
    const ids = own.map(({ community }) => community);
    const groups = await ctx.table(declared).find((row) => oneOf(row.id, ids), { sortBy: "name" });
    const roleIn = new Map(own.map(({ community, role }) => [community, role]));
    return {
      communities: groups.map(({ id, name: named, title: titled, products: offered }) => ({
        id,
        name: named,
        title: titled,
        role: roleIn.get(id) ?? "member",
        products: offered,
      })),
    };
  },
});
