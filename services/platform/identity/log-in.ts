/**
 * Logging in. An unknown address, a wrong password and a suspended account are refused in the same words and after the same work. Whoever has a second
 * factor shows it in the same call; a passkey alone is enough, since it is two in one. Each log-in is a new session with a new secret.
 */
import {
  and,
  command,
  type CommandContext,
  eq,
  type FunctionRefusal,
  gte,
  passwordLengths,
  type QueryContext,
  rowOf,
  t,
  verifyPassword,
} from "pons";
import { needsSecondFactor } from "../roles.ts";
import { type Attempt, attempts } from "./attempt-fields.ts";
import { count, counterId, forget, isOver, tooMany } from "./attempts.ts";
import { hasShown, methodsOf, spendFactor } from "./factor.ts";
import { factorInput, password } from "./inputs.ts";
import { after, daySeconds } from "./moments.ts";
import { emailOf, userWith } from "./new-user.ts";
import { type PasskeyUse, verifyPasskey } from "./passkey-use.ts";
import { beginSession, endSession, loggedInOutput, sessionIdOf, signedIn } from "./session.ts";
import { environments, keptDays, sessions } from "./session-fields.ts";
import { type User, users } from "./user-fields.ts";

/** An id that no account has: the work is the same as for one. */
const nobody = "usr_00000000000000000000000000";

interface Attempted {
  /** In small letters; empty where a passkey alone is shown. */
  readonly email: string;
  readonly address: string;
}

const countersOf = ({ email, address }: Attempted) => ({
  accountHere: counterId("accountHere", email, address),
  address: counterId("address", address),
  account: counterId("account", email),
});

/** Rows of the counters, to be loaded. */
export const countersToLoad = (attempted: Attempted) => {
  const { accountHere, address, account } = countersOf(attempted);
  return { accountHere: rowOf(attempts, accountHere), address: rowOf(attempts, address), account: rowOf(attempts, account) };
};

type Held = Readonly<Record<keyof ReturnType<typeof countersOf>, Attempt | undefined>>;

/**
 * The counter that is over, if one is. An account guessed at from everywhere is open to who comes from where its owner was lately. A passkey alone is of no
 * account yet: nobody guesses one, and nobody is held up by those of others.
 */
const overOf = (
  held: Held,
  now: string,
  { email, isFamiliar }: { readonly email: string; readonly isFamiliar: boolean },
): Attempt | undefined => {
  if (isOver("address", held.address, now)) return held.address;
  if (email === "") return undefined;
  if (isOver("accountHere", held.accountHere, now)) return held.accountHere;
  return !isFamiliar && isOver("account", held.account, now) ? held.account : undefined;
};

export interface Checked {
  readonly user: User | undefined;
  readonly isRight: boolean;
  readonly isFamiliar: boolean;
  readonly passkey: PasskeyUse | undefined;
}

export interface Proofs {
  readonly email: string | null;
  readonly password: string | null;
  readonly totp: string | null;
  readonly recoveryCode: string | null;
  readonly passkey: unknown;
}

export const attemptedBy = ({ email }: Pick<Proofs, "email">, address: string | null | undefined): Attempted => ({
  email: emailOf(email ?? ""),
  address: address ?? "",
});

/** The slow part of a log-in: reads, and hashes. */
export const checkProofs = async (
  ctx: QueryContext,
  proofs: Proofs,
  attempted: Attempted,
): Promise<Checked | FunctionRefusal> => {
  const ids = countersOf(attempted);
  const table = ctx.table(attempts);
  const held = {
    accountHere: await table.get(ids.accountHere),
    address: await table.get(ids.address),
    account: await table.get(ids.account),
  };
  const passkey = proofs.passkey === null ? undefined : await verifyPasskey(ctx, proofs.passkey);
  const isPasskeyAlone = proofs.password === null;
  const user = isPasskeyAlone ? passkey && (await ctx.table(users).get(passkey.user)) : await userWith(ctx, attempted.email);
  const since = after(ctx.now, -keptDays * daySeconds);
  const seenHere = await ctx
    .table(sessions)
    .count((row) => and(eq(row.user, user?.id ?? nobody), eq(row.address, attempted.address), gte(row.createdAt, since)));
  const isFamiliar = seenHere > 0;
  const over = overOf(held, ctx.now, { email: attempted.email, isFamiliar });
  if (over !== undefined) return tooMany(ctx, over);
  const isRight = isPasskeyAlone ? user !== undefined : await verifyPassword(proofs.password ?? "", user?.passwordHash ?? null);
  return { user, isRight, isFamiliar, passkey };
};

export const logInRefusals = {
  second_factor_required: {
    status: 401,
    doc: "The password is right; a second factor has to be shown with it. `details.methods` names those there are.",
  },
} as const;

/** Judges a log-in that was checked; the account, or why not. Failures are counted. */
export const judge = async (
  ctx: CommandContext,
  checked: Checked,
  { proofs, attempted, held }: { readonly proofs: Proofs; readonly attempted: Attempted; readonly held: Held },
): Promise<{ readonly user: User; readonly isVerified: boolean } | FunctionRefusal> => {
  const over = overOf(held, ctx.now, { email: attempted.email, isFamiliar: checked.isFamiliar });
  if (over !== undefined) return tooMany(ctx, over);
  const failed = (): FunctionRefusal => {
    const ids = countersOf(attempted);
    count(ctx, "address", ids.address, held.address);
    if (attempted.email !== "") {
      count(ctx, "accountHere", ids.accountHere, held.accountHere);
      count(ctx, "account", ids.account, held.account);
    }
    return ctx.refuse("invalid_credentials", undefined, { keep: true });
  };
  const user = await ctx.table(users).get(checked.user?.id ?? nobody);
  const isUnchanged = user !== undefined && user.passwordHash === checked.user?.passwordHash && user.status === "active";
  if (!isUnchanged || !checked.isRight) return failed();
  const shown = { totp: proofs.totp, recoveryCode: proofs.recoveryCode, passkey: checked.passkey };
  // A passkey that does not verify is a wrong factor, not none.
  if (proofs.passkey !== null && checked.passkey === undefined) return failed();
  const isAsked = user.hasSecondFactor || hasShown(shown);
  if (isAsked) {
    if (!hasShown(shown)) return ctx.refuse("second_factor_required", { methods: methodsOf(user) });
    if (!(await spendFactor(ctx, user, shown))) return failed();
  }
  if (attempted.email !== "") {
    forget(ctx, held.accountHere);
    forget(ctx, held.account);
  }
  return { user, isVerified: isAsked };
};

export const logIn = command({
  doc: "Begins a session: the cookie goes to the browser. Address and password, with a second factor where the account has one; or a passkey alone. Staff without a second factor get a session in which one is enrolled and nothing else done.",
  roles: ["anyone"],
  input: {
    email: t.email({ optional: true, example: "ada@example.com" }),
    password: t.string({ optional: true, minLength: 1, maxLength: passwordLengths.max }),
    ...factorInput,
    environment: t.enum(environments, { default: "sandbox", doc: "Where the session's calls go." }),
  },
  output: loggedInOutput,
  refusals: {
    ...logInRefusals,
    incomplete_log_in: { status: 422, doc: "Address and password belong together; without them a passkey has to be shown." },
  },
  load: ({ input, principal }) => ({
    ...countersToLoad(attemptedBy(input, principal.address)),
    former: rowOf(sessions, sessionIdOf(principal) ?? null),
  }),
  prepare: async (ctx, { input }) => {
    const isPassword = input.email !== null && input.password !== null;
    const isPasskeyAlone = input.email === null && input.password === null && input.passkey !== null;
    if (!isPassword && !isPasskeyAlone) return ctx.refuse("incomplete_log_in");
    return checkProofs(ctx, input, attemptedBy(input, ctx.principal.address));
  },
  run: async (ctx, { input, loaded, prepared }) => {
    const judged = await judge(ctx, prepared, {
      proofs: input,
      attempted: attemptedBy(input, ctx.principal.address),
      held: loaded,
    });
    if (!("user" in judged)) return judged;
    if (loaded.former !== undefined) endSession(ctx, loaded.former);
    const user = ctx.table(users).update(judged.user.id, { lastLogInAt: ctx.now });
    const opened = await beginSession(ctx, user, {
      environment: input.environment,
      verifiedAt: judged.isVerified ? ctx.now : null,
    });
    return signedIn(ctx, user, opened);
  },
});

/** For the authorization server, which keeps sessions of its own. */
export const checkCredentials = command({
  doc: "Checks address, password and second factor, without beginning a session.",
  roles: ["system"],
  input: {
    email: t.email(),
    password,
    totp: factorInput.totp,
    recoveryCode: factorInput.recoveryCode,
    address: t.string({ maxLength: 64, doc: "Where the attempt comes from." }),
  },
  output: { user: t.ref("users"), isVerified: t.boolean({ doc: "A second factor was shown." }), mustEnrol: t.boolean() },
  refusals: logInRefusals,
  load: ({ input }) => countersToLoad(attemptedBy(input, input.address)),
  prepare: (ctx, { input }) => checkProofs(ctx, { ...input, passkey: null }, attemptedBy(input, input.address)),
  run: async (ctx, { input, loaded, prepared }) => {
    const judged = await judge(ctx, prepared, {
      proofs: { ...input, passkey: null },
      attempted: attemptedBy(input, input.address),
      held: loaded,
    });
    if (!("user" in judged)) return judged;
    const { user, isVerified } = judged;
    return { user: user.id, isVerified, mustEnrol: needsSecondFactor(user) && !user.hasSecondFactor };
  },
});
