/** Makes accounts, and says what may be granted. */
import { and, type CommandContext, eq, flawOfPassword, type FunctionRefusal, ne, passwordLengths, type QueryContext } from "pons";
import { isGrantable } from "../roles.ts";
import { members } from "./member-fields.ts";
import { endSessions } from "./session.ts";
import { type User, users } from "./user-fields.ts";

/** An address as accounts have it. */
export const emailOf = (email: string): string => email.toLowerCase();

export const userWith = async (ctx: QueryContext | CommandContext, email: string): Promise<User | undefined> =>
  (await ctx.table(users).find((row) => eq(row.email, emailOf(email)), { limit: 1 }))[0];

export const isAdmin = (roles: readonly string[]): boolean => roles.includes("platform:admin");

export const insertUser = (
  ctx: CommandContext,
  values: Pick<User, "email" | "name" | "language" | "roles" | "passwordHash"> & { readonly subject?: string | null },
): User =>
  ctx.table(users).insert({
    ...values,
    email: emailOf(values.email),
    roles: [...new Set(values.roles)].toSorted(),
    isAdmin: isAdmin(values.roles),
    passwordChangedAt: ctx.now,
  });

/** Whether nobody else administers the tenant. */
export const isLastAdministrator = async (ctx: CommandContext, user: Pick<User, "id" | "isAdmin">): Promise<boolean> => {
  if (!user.isAdmin) return false;
  const others = await ctx.table(users).count((row) => and(eq(row.isAdmin, true), eq(row.status, "active"), ne(row.id, user.id)));
  return others === 0;
};

/** Sets the roles of an account; the one way to do it. */
export const setRoles = async (ctx: CommandContext, user: User, roles: readonly string[]): Promise<User> => {
  // Sessions that began without a second factor do not gain rights that ask for one.
  if (!user.hasSecondFactor && roles.some((role) => !user.roles.includes(role))) await endSessions(ctx, user.id);
  return ctx.table(users).update(user.id, { roles: [...new Set(roles)].toSorted(), isAdmin: isAdmin(roles) });
};

/** Makes somebody a member of a community who is none yet. */
export const join = async (
  ctx: CommandContext,
  { community, user, role }: { readonly community: string; readonly user: string; readonly role: "member" | "owner" },
): Promise<void> => {
  const table = ctx.table(members);
  const held = await table.find((row) => eq(row.user, user));
  if (!held.some((row) => row.community === community)) table.insert({ community, user, role });
};

export const roleRefusal = {
  role_not_grantable: { status: 422, doc: "Nobody can be granted this role here." },
} as const;

/** The first role that cannot be granted, as a refusal. */
export const roleFlaw = (ctx: CommandContext, roles: readonly string[]): FunctionRefusal | undefined => {
  const flaw = roles.find((role) => !isGrantable(role, ctx.principal.tenant));
  return flaw === undefined ? undefined : ctx.refuse("role_not_grantable", { role: flaw });
};

export const passwordRefusals = {
  password_too_short: { status: 422, doc: "The password has too few characters: 15, or 8 with a second factor." },
  password_too_common: { status: 422, doc: "The password is one of those that are tried first." },
  password_personal: { status: 422, doc: "The password is made of the name or address." },
} as const;

/** Why a password is not taken. */
export const passwordFlaw = async (
  ctx: QueryContext,
  password: string,
  { hasSecondFactor, personal }: { readonly hasSecondFactor: boolean; readonly personal: readonly string[] },
): Promise<FunctionRefusal | undefined> => {
  const type = await flawOfPassword(password, { hasSecondFactor, personal });
  if (type === undefined) return undefined;
  const min = hasSecondFactor ? passwordLengths.withSecondFactor : passwordLengths.alone;
  return ctx.refuse(type, type === "password_too_short" ? { minLength: min } : undefined);
};
