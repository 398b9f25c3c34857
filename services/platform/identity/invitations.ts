/**
 * Invitations by mail. Each is for one person and one use, and ends after a week. What counts is the token, kept as its hash; the directory tells of a
 * pending one to every tenant, so that the first administrator of a new tenant accepts there what the installation's staff sent from its own.
 */
import {
  command as free,
  entry,
  entryOf,
  eq,
  type FunctionRefusal,
  hashOfKey,
  hashPassword,
  resource,
  rowOf,
  t,
  verifyPassword,
} from "pons";
import { communities } from "./community-fields.ts";
import { newPassword } from "./inputs.ts";
import { shownFields } from "./shown-fields.ts";
import { invitationTerms, invitations as declared } from "./invitation-fields.ts";
import { invite } from "./invite.ts";
import { insertUser, join, passwordFlaw, passwordRefusals, roleFlaw, roleRefusal, setRoles, userWith } from "./new-user.ts";
import type { User } from "./user-fields.ts";

export const invitationResource = resource(declared, ({ self, all, filter, command, directory, due }) => ({
  rows: { admin: all, staff: all, auditor: all, operator: all },
  sortBy: "createdAt.desc",
  filters: { pending: filter(({ status }) => eq(status, "pending")) },
  directory: directory((row) =>
    row.status !== "pending"
      ? []
      : [
          entry("invitation", row.tokenHash, {
            tenant: row.tenant,
            email: row.email,
            roles: row.roles,
            expiresAt: row.expiresAt,
            invitedBy: row.invitedBy,
          }),
        ],
  ),
  due: due({
    doc: "Closes an invitation that nobody accepted in time.",
    at: "dueAt",
    run: (ctx, { row }) =>
      ctx.table(self).update(row.id, { dueAt: null, ...(row.status === "pending" ? { status: "expired" as const } : {}) }),
  }),
  functions: {
    invite: command({
      on: "collection",
      doc: "Invites somebody by mail. The token is shown once, for where the mail does not arrive.",
      roles: ["admin"],
      stepUp: true,
      input: invitationTerms,
      output: {
        ...shownFields(declared.fields),
        token: t.string({ optional: true, secret: true, doc: "Shown once. Accepts the invitation; it is in the mail too." }),
      },
      refusals: { ...roleRefusal, community_not_found: { status: 422, doc: "There is no such community." } },
      load: ({ input }) => ({ community: rowOf(communities, input.community) }),
      run: (ctx, { input, loaded }) => {
        const flaw = roleFlaw(ctx, input.roles);
        if (flaw !== undefined) return flaw;
        const { community } = loaded;
        if (input.community !== null && community === undefined) return ctx.refuse("community_not_found");
        const { tenant } = ctx.principal;
        const roles = community === undefined ? input.roles : [...input.roles, "platform:developer"];
        const { invitation, token } = invite(ctx, {
          ...input,
          roles,
          tenant,
          tenantTitle: community?.title ?? tenant,
          portal: community,
        });
        return ctx.created({ ...invitation, token });
      },
    }),
    revoke: command({
      on: "item",
      doc: "Takes an invitation back.",
      roles: ["admin", "operator"],
      refusals: { invitation_closed: { status: 409, doc: "The invitation was accepted, revoked, or has expired." } },
      run: (ctx, { row }) =>
        row.status === "pending"
          ? ctx.table(self).update(row.id, { status: "revoked", dueAt: null })
          : ctx.refuse("invitation_closed"),
    }),
  },
}));

interface Prepared {
  readonly user: User | undefined;
  readonly passwordHash: string;
}

interface Offer {
  readonly tenant: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly expiresAt: string;
}

export const acceptInvitation = free({
  doc: "Accepts an invitation: makes the account of whoever has its token, or adds to the one there is, whose password is then given. The request names the tenant (`Pons-Tenant`).",
  roles: ["anyone"],
  input: {
    token: t.string({ minLength: 20, maxLength: 128, doc: "As it came in the mail." }),
    name: t.string({ minLength: 1, maxLength: 120, doc: "Of a new account.", example: "Ada Lovelace" }),
    password: newPassword,
  },
  output: { user: t.ref("users"), email: t.email(), roles: t.array(t.string()) },
  refusals: {
    ...passwordRefusals,
    invitation_invalid: { status: 422, doc: "The invitation is unknown here, was used or revoked, or has expired." },
  },
  load: ({ input }) => ({ offer: entryOf("invitation", hashOfKey(input.token)) }),
  prepare: async (ctx, { input }): Promise<Prepared | FunctionRefusal> => {
    const tokenHash = hashOfKey(input.token);
    const [own] = await ctx.table(declared).find((row) => eq(row.tokenHash, tokenHash), { limit: 1 });
    // Whose it is in another tenant is not known before the command runs: then nobody here has the address but by chance.
    const user = own === undefined ? undefined : await userWith(ctx, own.email);
    if (user !== undefined)
      return (await verifyPassword(input.password, user.passwordHash))
        ? { user, passwordHash: user.passwordHash }
        : ctx.refuse("invalid_credentials");
    const flaw = await passwordFlaw(ctx, input.password, {
      hasSecondFactor: false,
      personal: [input.name, ...(own === undefined ? [] : [own.email])],
    });
    return flaw ?? { user: undefined, passwordHash: await hashPassword(input.password) };
  },
  run: async (ctx, { input, loaded, prepared }) => {
    const offer = loaded.offer as unknown as Offer | undefined;
    if (offer === undefined || offer.tenant !== ctx.principal.tenant || offer.expiresAt <= ctx.now)
      return ctx.refuse("invitation_invalid");
    const tokenHash = hashOfKey(input.token);
    const [own] = await ctx.table(declared).find((row) => eq(row.tokenHash, tokenHash), { limit: 1 });
    if (own !== undefined && own.status !== "pending") return ctx.refuse("invitation_invalid");
    const known = await userWith(ctx, offer.email);
    // The account was made or its password changed meanwhile: what was checked no longer holds.
    if (known?.id !== prepared.user?.id || known?.passwordHash !== prepared.user?.passwordHash)
      return ctx.refuse("invitation_invalid");
    const user =
      known === undefined
        ? insertUser(ctx, {
            email: offer.email,
            name: input.name,
            language: ctx.locale,
            roles: [...offer.roles],
            passwordHash: prepared.passwordHash,
          })
        : await setRoles(ctx, known, [...known.roles, ...offer.roles]);
    if (own === undefined)
      ctx.table(declared).insert({
        email: offer.email,
        tenant: offer.tenant,
        roles: [...offer.roles],
        tokenHash,
        status: "accepted",
        expiresAt: offer.expiresAt,
        user: user.id,
      });
    else {
      ctx.table(declared).update(own.id, { status: "accepted", dueAt: null, user: user.id });
      if (own.community !== null) await join(ctx, { community: own.community, user: user.id, role: own.communityRole });
    }
    return ctx.created({ user: user.id, email: user.email, roles: user.roles });
  },
});
