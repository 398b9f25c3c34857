/** Accounts that the installation itself makes: its first operator, those of a demonstration. */
import { command, type FunctionRefusal, hashPassword, rowOf, t } from "pons";
import { rolePattern } from "../roles.ts";
import { communities } from "./community-fields.ts";
import { newPassword } from "./inputs.ts";
import { insertUser, join, passwordFlaw, passwordRefusals, roleFlaw, roleRefusal, setRoles, userWith } from "./new-user.ts";
import { users } from "./user-fields.ts";

export const provisionUser = command({
  doc: "Makes an account, or gives the one of this address these roles and this password. Its address counts as verified.",
  roles: ["system"],
  input: {
    email: t.email(),
    name: t.string({ minLength: 1, maxLength: 120 }),
    password: newPassword,
    roles: t.array(t.string({ maxLength: 81, pattern: rolePattern }), { maxItems: 50 }),
    subject: t.string({ optional: true, maxLength: 64 }),
    language: t.language({ default: "en" }),
    community: t.string({ optional: true, maxLength: 64, doc: "Id of a community that it is made a member of." }),
  },
  output: { user: t.ref("users"), email: t.email() },
  refusals: { ...passwordRefusals, ...roleRefusal, community_not_found: { status: 422, doc: "There is no such community." } },
  load: ({ input }) => ({ community: rowOf(communities, input.community) }),
  prepare: async (ctx, { input }): Promise<{ readonly passwordHash: string } | FunctionRefusal> => {
    const flaw = await passwordFlaw(ctx, input.password, { hasSecondFactor: false, personal: [] });
    return flaw ?? { passwordHash: await hashPassword(input.password) };
  },
  run: async (ctx, { input, loaded, prepared: { passwordHash } }) => {
    const flaw = roleFlaw(ctx, input.roles);
    if (flaw !== undefined) return flaw;
    if (input.community !== null && loaded.community === undefined) return ctx.refuse("community_not_found");
    const { email, name, language, roles, subject } = input;
    const known = await userWith(ctx, email);
    const user =
      known === undefined
        ? insertUser(ctx, { email, name, language, roles, passwordHash, subject })
        : await setRoles(ctx, known, roles);
    if (known !== undefined) ctx.table(users).update(user.id, { name, subject, passwordHash, passwordChangedAt: ctx.now });
    if (loaded.community !== undefined) await join(ctx, { community: loaded.community.id, user: user.id, role: "member" });
    return ctx.created({ user: user.id, email: user.email });
  },
});
