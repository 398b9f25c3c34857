/** Changes the address of an account: the new one counts once a code that was mailed to it is given; the former one is told. */
import { command, rowOf, t } from "pons";
import { attempts } from "./attempt-fields.ts";
import { isOver, tooMany } from "./attempts.ts";
import { confirmations } from "./confirmation-fields.ts";
import { codeAttemptsMax, codeMinutes, codeOf } from "./confirmations.ts";
import { password } from "./inputs.ts";
import { tell } from "./mail.ts";
import { after } from "./moments.ts";
import { emailOf, userWith } from "./new-user.ts";
import { checkPassword, passwordCheckFlaw, passwordCheckRefusals, personCounter } from "./password-check.ts";
import { sessionRefusal } from "./session.ts";
import { codeRefusals, countMail, mailCounters } from "./sign-up.ts";
import { users } from "./user-fields.ts";

export const changeEmail = command({
  doc: "Asks for another address. A code is mailed to it; `confirmEmail` takes it. The answer is the same whether or not the address has an account.",
  roles: ["person"],
  input: { email: t.email({ example: "ada@new.example" }), password },
  output: { change: t.ref("confirmations"), expiresAt: t.dateTime() },
  accepted: "It waits for the code that was mailed.",
  refusals: { ...passwordCheckRefusals, ...sessionRefusal },
  load: ({ input, principal }) => {
    const ids = mailCounters(input.email, principal.user);
    return {
      to: rowOf(attempts, ids.to),
      from: rowOf(attempts, ids.from),
      counter: rowOf(attempts, personCounter(principal.user)),
    };
  },
  prepare: (ctx, { input }) => checkPassword(ctx, input.password),
  run: (ctx, { input, loaded, prepared }) => {
    const flaw = passwordCheckFlaw(ctx, prepared, loaded.counter);
    if (flaw !== undefined) return flaw;
    if (isOver("mailFrom", loaded.from, ctx.now)) return tooMany(ctx, loaded.from);
    const isMailed = !countMail(ctx, mailCounters(input.email, ctx.principal.user), loaded);
    const expiresAt = after(ctx.now, codeMinutes * 60);
    const row = ctx.table(confirmations).insert({
      kind: "emailChange",
      email: emailOf(input.email),
      language: prepared.user.language,
      user: prepared.user.id,
      isMailed,
      expiresAt,
      dueAt: isMailed ? expiresAt : ctx.now,
    });
    return ctx.accepted({ change: row.id, expiresAt });
  },
});

export const confirmEmail = command({
  doc: "Gives the account its new address, by the code that was mailed to it.",
  roles: ["person"],
  input: { change: t.string({ maxLength: 64 }), code: t.string({ minLength: 1, maxLength: 16, example: "12345678" }) },
  output: { user: t.ref("users"), email: t.email() },
  refusals: codeRefusals,
  load: ({ input, principal }) => ({ row: rowOf(confirmations, input.change), user: rowOf(users, principal.user) }),
  run: async (ctx, { input, loaded: { row, user } }) => {
    const isOpen = row?.kind === "emailChange" && row.expiresAt > ctx.now && row.attempts < codeAttemptsMax;
    if (!isOpen || user === undefined || row.user !== user.id) return ctx.refuse("code_invalid");
    const isRight = Bun.SHA256.hash(input.code.replaceAll(" ", ""), "hex") === Bun.SHA256.hash(codeOf(ctx, row.id), "hex");
    if (!isRight || (await userWith(ctx, row.email)) !== undefined) {
      ctx.table(confirmations).update(row.id, { attempts: row.attempts + 1 });
      return ctx.refuse("code_invalid", undefined, { keep: true });
    }
    ctx.table(confirmations).delete(row.id);
    tell(ctx, user, "emailChanged", { email: row.email });
    ctx.table(users).update(user.id, { email: row.email });
    return { user: user.id, email: row.email };
  },
});
