/**
 * Signing up. Whether an address has an account shows neither in what is answered nor in the time it takes: the mail says it, to whoever has the address.
 * The account comes to be when the code from the mail is given together with the id of the sign-up, which only who has signed up knows: a code that
 * somebody else has caused to be mailed confirms nothing of theirs.
 */
import { command, type CommandContext, eq, type FunctionRefusal, hashPassword, rowOf, t } from "pons";
import { type Attempt, attempts } from "./attempt-fields.ts";
import { count, counterId, isOver, tooMany } from "./attempts.ts";
import { communities } from "./community-fields.ts";
import { confirmations } from "./confirmation-fields.ts";
import { codeAttemptsMax, codeMinutes, codeOf } from "./confirmations.ts";
import { newPassword } from "./inputs.ts";
import { after } from "./moments.ts";
import { emailOf, insertUser, join, passwordFlaw, passwordRefusals, userWith } from "./new-user.ts";
import { communityNamed } from "./portal.ts";

/** Counters of mails: to the address, and on behalf of who asks. */
export const mailCounters = (email: string, address: string | null | undefined) => ({
  to: counterId("mailTo", emailOf(email)),
  from: counterId("mailFrom", address ?? ""),
});

/** Counts a mail that was asked for; whether the address has not had too many lately. */
export const countMail = (
  ctx: CommandContext,
  ids: ReturnType<typeof mailCounters>,
  held: { readonly to: Attempt | undefined; readonly from: Attempt | undefined },
): boolean => {
  const isQuiet = isOver("mailTo", held.to, ctx.now);
  count(ctx, "mailFrom", ids.from, held.from);
  count(ctx, "mailTo", ids.to, held.to);
  return !isQuiet;
};

export const signUp = command({
  doc: "Asks for an account. A code is mailed to the address; `verifyEmail` takes it. The answer is the same whether or not there is an account.",
  roles: ["anyone"],
  input: {
    email: t.email({ example: "ada@example.com" }),
    name: t.string({ minLength: 1, maxLength: 120, example: "Ada Lovelace" }),
    password: newPassword,
    community: t.string({
      optional: true,
      maxLength: 64,
      doc: "Name of the community to join; absent: the tenant's open one, if there is one.",
    }),
  },
  output: {
    signUp: t.ref("confirmations", { doc: "Goes with the code from the mail." }),
    expiresAt: t.dateTime({ doc: "Until then the code is taken." }),
  },
  accepted: "It waits for the code that was mailed.",
  refusals: {
    ...passwordRefusals,
    sign_up_closed: { status: 403, doc: "Nobody may join this community by signing up, or there is none." },
  },
  load: ({ input, principal }) => {
    const ids = mailCounters(input.email, principal.address);
    return { to: rowOf(attempts, ids.to), from: rowOf(attempts, ids.from) };
  },
  prepare: async (ctx, { input }): Promise<{ readonly passwordHash: string; readonly community: string } | FunctionRefusal> => {
    const from = await ctx.table(attempts).get(mailCounters(input.email, ctx.principal.address).from);
    if (isOver("mailFrom", from, ctx.now)) return tooMany(ctx, from);
    const community =
      input.community === null
        ? (await ctx.table(communities).find((row) => eq(row.joining, "open"), { limit: 1, sortBy: "createdAt" }))[0]
        : await communityNamed(ctx, input.community);
    if (community?.joining !== "open") return ctx.refuse("sign_up_closed");
    const personal = [input.email, input.name];
    const flaw = await passwordFlaw(ctx, input.password, { hasSecondFactor: false, personal });
    return flaw ?? { passwordHash: await hashPassword(input.password), community: community.id };
  },
  run: (ctx, { input, loaded, prepared }) => {
    if (isOver("mailFrom", loaded.from, ctx.now)) return tooMany(ctx, loaded.from);
    const isMailed = !countMail(ctx, mailCounters(input.email, ctx.principal.address), loaded);
    const expiresAt = after(ctx.now, codeMinutes * 60);
    const row = ctx.table(confirmations).insert({
      kind: "signUp",
      email: emailOf(input.email),
      name: input.name,
      language: ctx.locale,
      passwordHash: prepared.passwordHash,
      community: prepared.community,
      isMailed,
      expiresAt,
      dueAt: isMailed ? expiresAt : ctx.now,
    });
    return ctx.accepted({ signUp: row.id, expiresAt });
  },
});

export const codeRefusals = {
  code_invalid: { status: 422, doc: "The code is wrong, was used, has expired, or was tried too often." },
} as const;

export const verifyEmail = command({
  doc: "Makes the account of a sign-up, given the code from the mail. After five wrong codes one has to sign up anew.",
  roles: ["anyone"],
  input: {
    signUp: t.string({ maxLength: 64, doc: "As `signUp` answered it." }),
    code: t.string({ minLength: 1, maxLength: 16, doc: "Eight digits.", example: "12345678" }),
  },
  output: { user: t.ref("users"), email: t.email(), name: t.string() },
  refusals: codeRefusals,
  load: ({ input }) => ({ row: rowOf(confirmations, input.signUp) }),
  run: async (ctx, { input, loaded: { row } }) => {
    const { kind, passwordHash, attempts: tried = 0 } = row ?? {};
    const isOpen = kind === "signUp" && row !== undefined && row.expiresAt > ctx.now && tried < codeAttemptsMax;
    if (!isOpen || typeof passwordHash !== "string") return ctx.refuse("code_invalid");
    const table = ctx.table(confirmations);
    const isRight = Bun.SHA256.hash(input.code.replaceAll(" ", ""), "hex") === Bun.SHA256.hash(codeOf(ctx, row.id), "hex");
    // Somebody has an account of this address since.
    if (!isRight || (await userWith(ctx, row.email)) !== undefined) {
      table.update(row.id, { attempts: tried + 1 });
      return ctx.refuse("code_invalid", undefined, { keep: true });
    }
    const { email, name, language } = row;
    const user = insertUser(ctx, { email, name: name ?? email, language, passwordHash, roles: ["platform:developer"] });
    if (row.community !== null) await join(ctx, { community: row.community, user: user.id, role: "member" });
    table.delete(row.id);
    return ctx.created({ user: user.id, email: user.email, name: user.name });
  },
});
