/** Checks the password of somebody who is logged in, before something is done for which a session alone is not enough. */
import { type CommandContext, type FunctionRefusal, type QueryContext, verifyPassword } from "pons";
import { type Attempt, attempts } from "./attempt-fields.ts";
import { count, counterId, forget, isOver, tooMany } from "./attempts.ts";
import { sessionIdOf } from "./session.ts";
import { type User, users } from "./user-fields.ts";

export const passwordCheckRefusals = {
  wrong_password: { status: 403, doc: "It is not the account's password." },
} as const;

/** Counter of a person's wrong answers while logged in. */
export const personCounter = (user: string | null): string => counterId("user", user ?? "");

/** What `prepare` found. */
export interface PasswordChecked {
  readonly user: User;
  readonly isRight: boolean;
}

/** For `prepare`: the person who calls, and whether the password is theirs. */
export const checkPassword = async (ctx: QueryContext, password: string): Promise<PasswordChecked | FunctionRefusal> => {
  const { user: id } = ctx.principal;
  if (sessionIdOf(ctx.principal) === undefined || id === null) return ctx.refuse("session_required");
  const counter = await ctx.table(attempts).get(personCounter(id));
  if (isOver("user", counter, ctx.now)) return tooMany(ctx, counter);
  const user = await ctx.table(users).get(id);
  if (user === undefined) return ctx.refuse("session_required");
  return { user, isRight: await verifyPassword(password, user.passwordHash) };
};

/** For `run`: refuses a wrong password, and counts it. `counter`: the person's, as it was loaded. */
export const passwordCheckFlaw = (
  ctx: CommandContext,
  { user, isRight }: PasswordChecked,
  counter: Attempt | undefined,
): FunctionRefusal | undefined => {
  if (isOver("user", counter, ctx.now)) return tooMany(ctx, counter);
  if (isRight) {
    forget(ctx, counter);
    return undefined;
  }
  count(ctx, "user", personCounter(user.id), counter);
  return ctx.refuse("wrong_password", undefined, { keep: true });
};
