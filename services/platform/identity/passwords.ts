/** Changes passwords: by the former one, or by a mailed token where it was forgotten. Either way the account's other sessions end and its owner is told. */
import { command, type FunctionRefusal, hashPassword, rowOf, t } from "pons";
import { persons } from "../roles.ts";
import { attempts } from "./attempt-fields.ts";
import { isOver, tooMany } from "./attempts.ts";
import { confirmations } from "./confirmation-fields.ts";
import { codeMinutes, idInToken } from "./confirmations.ts";
import { newPassword, password } from "./inputs.ts";
import { tell } from "./mail.ts";
import { after } from "./moments.ts";
import { emailOf, passwordFlaw, passwordRefusals, userWith } from "./new-user.ts";
import {
  checkPassword,
  type PasswordChecked,
  passwordCheckFlaw,
  passwordCheckRefusals,
  personCounter,
} from "./password-check.ts";
import { communityNamed } from "./portal.ts";
import { endSessions, loggedInOutput, renewSession, sessionIdOf, sessionRefusal, signedIn } from "./session.ts";
import { sessions } from "./session-fields.ts";
import { countMail, mailCounters } from "./sign-up.ts";
import { users } from "./user-fields.ts";

export const changePassword = command({
  doc: "Changes the caller's password. The other sessions end, the present one goes on with a new cookie.",
  roles: [...persons],
  input: { currentPassword: password, password: newPassword },
  output: loggedInOutput,
  refusals: { ...passwordRefusals, ...passwordCheckRefusals, ...sessionRefusal },
  load: ({ principal }) => ({
    counter: rowOf(attempts, personCounter(principal.user)),
    session: rowOf(sessions, sessionIdOf(principal) ?? null),
  }),
  prepare: async (ctx, { input }): Promise<(PasswordChecked & { readonly passwordHash: string }) | FunctionRefusal> => {
    const checked = await checkPassword(ctx, input.currentPassword);
    if (!("user" in checked)) return checked;
    const { hasSecondFactor, email, name } = checked.user;
    const flaw = await passwordFlaw(ctx, input.password, { hasSecondFactor, personal: [email, name] });
    return flaw ?? { ...checked, passwordHash: await hashPassword(input.password) };
  },
  run: async (ctx, { loaded: { counter, session }, prepared }) => {
    const flaw = passwordCheckFlaw(ctx, prepared, counter);
    if (flaw !== undefined) return flaw;
    const held = await ctx.table(users).get(prepared.user.id);
    if (session === undefined || held?.passwordHash !== prepared.user.passwordHash) return ctx.refuse("session_required");
    await endSessions(ctx, held.id, session.id);
    const { passwordHash } = prepared;
    const user = ctx.table(users).update(held.id, { passwordHash, passwordChangedAt: ctx.now, sessionsAfter: ctx.now });
    tell(ctx, user, "passwordChanged");
    return signedIn(ctx, user, renewSession(ctx, session, {}));
  },
});

export const requestPasswordReset = command({
  doc: "Mails a link that lets the password be set anew. The answer is the same whether or not there is an account.",
  roles: ["anyone"],
  input: {
    email: t.email({ example: "ada@example.com" }),
    community: t.string({ optional: true, maxLength: 64, doc: "Name of the community to whose portal the link leads." }),
  },
  output: { expiresAt: t.dateTime({ doc: "Until then the link is taken." }) },
  accepted: "It waits for the link that was mailed.",
  load: ({ input, principal }) => {
    const ids = mailCounters(input.email, principal.address);
    return { to: rowOf(attempts, ids.to), from: rowOf(attempts, ids.from) };
  },
  run: async (ctx, { input, loaded }) => {
    if (isOver("mailFrom", loaded.from, ctx.now)) return tooMany(ctx, loaded.from);
    const isMailed = !countMail(ctx, mailCounters(input.email, ctx.principal.address), loaded);
    const community = input.community === null ? undefined : await communityNamed(ctx, input.community);
    const expiresAt = after(ctx.now, codeMinutes * 60);
    ctx.table(confirmations).insert({
      kind: "passwordReset",
      email: emailOf(input.email),
      language: ctx.locale,
      community: community?.id ?? null,
      isMailed,
      expiresAt,
      dueAt: isMailed ? expiresAt : ctx.now,
    });
    return ctx.accepted({ expiresAt });
  },
});

export const resetPassword = command({
  doc: "Sets a forgotten password anew, given the token from the mail. All sessions end. A second factor stays and is asked for at the next log-in.",
  roles: ["anyone"],
  input: { token: t.string({ minLength: 1, maxLength: 160, doc: "As it came in the mail." }), password: newPassword },
  output: { user: t.ref("users"), email: t.email() },
  refusals: {
    ...passwordRefusals,
    token_invalid: { status: 422, doc: "The token is wrong, was used, or has expired." },
  },
  prepare: async (ctx, { input }): Promise<{ readonly id: string; readonly passwordHash: string } | FunctionRefusal> => {
    const id = idInToken(ctx, input.token);
    const row = id === undefined ? undefined : await ctx.table(confirmations).get(id);
    const user = row === undefined ? undefined : await userWith(ctx, row.email);
    if (id === undefined || row?.kind !== "passwordReset" || user === undefined) return ctx.refuse("token_invalid");
    const { hasSecondFactor, email, name } = user;
    const flaw = await passwordFlaw(ctx, input.password, { hasSecondFactor, personal: [email, name] });
    return flaw ?? { id, passwordHash: await hashPassword(input.password) };
  },
  run: async (ctx, { prepared: { id, passwordHash } }) => {
    const row = await ctx.table(confirmations).get(id);
    if (row?.kind !== "passwordReset" || row.expiresAt <= ctx.now) return ctx.refuse("token_invalid");
    const user = await userWith(ctx, row.email);
    if (user?.status !== "active") return ctx.refuse("token_invalid");
    ctx.table(confirmations).delete(id);
    await endSessions(ctx, user.id);
    ctx.table(users).update(user.id, { passwordHash, passwordChangedAt: ctx.now, sessionsAfter: ctx.now });
    tell(ctx, user, "passwordChanged");
    return { user: user.id, email: user.email };
  },
});
