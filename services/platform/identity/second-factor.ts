/**
 * Second factors: one-time codes are enrolled in two steps, so that nobody is locked out by a code that was never scanned; with the first factor come ten
 * recovery codes. What changes the factors of an account asks for its password or for a factor shown lately, and its owner is told by mail.
 */
import { command, type CommandContext, rowOf, t, totpEnrolment, totpStepOf } from "pons";
import { needsSecondFactor, persons } from "../roles.ts";
import { attempts } from "./attempt-fields.ts";
import { count, forget, isOver, tooMany } from "./attempts.ts";
import { hasShown, recoveryHash, spendFactor, totpLabel } from "./factor.ts";
import { factorInput, password } from "./inputs.ts";
import { tell } from "./mail.ts";
import { checkPassword, passwordCheckFlaw, passwordCheckRefusals, personCounter } from "./password-check.ts";
import { verifyPasskey } from "./passkey-use.ts";
import {
  loggedIn,
  loggedInOutput,
  renewSession,
  secondsLeft,
  sessionIdOf,
  sessionRefusal,
  signedIn,
  stepUpFlaw,
} from "./session.ts";
import { sessions } from "./session-fields.ts";
import { type User, users } from "./user-fields.ts";

const recoveryCodesCount = 10;
const recoveryAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
const recoveryLength = 16;

/** Sixteen characters of thirty, 78 bits: `7K2M-9QXD-…`. */
const newRecoveryCode = (): string => {
  let code = "";
  while (code.length < recoveryLength) {
    for (const byte of crypto.getRandomValues(new Uint8Array(recoveryLength))) {
      // 240 = 8 × 30: bytes above would make some characters likelier.
      if (byte < 240 && code.length < recoveryLength) code += recoveryAlphabet[byte % 30] ?? "";
    }
  }
  return code.replace(/(.{4})(?=.)/g, "$1-");
};

/** New codes, and what is kept of them. */
export const newRecoveryCodes = (): { readonly codes: readonly string[]; readonly hashes: string[] } => {
  const codes = Array.from({ length: recoveryCodesCount }, newRecoveryCode);
  return { codes, hashes: codes.map(recoveryHash) };
};

export const factorRefusals = {
  wrong_factor: { status: 403, doc: "The code or passkey is wrong, or was used." },
} as const;

/** What a person is told who has a first factor now. */
export const enrolledOutput = {
  ...loggedInOutput,
  recoveryCodes: t.array(t.string(), {
    optional: true,
    secret: true,
    doc: "Shown once: each lets in once when the device is lost. Empty where there are some already.",
  }),
};

export const enrolTotp = command({
  doc: "Begins to enrol an authenticator app: answers what it scans. `confirmTotp` takes its first code.",
  roles: [...persons],
  input: { password },
  output: {
    secret: t.string({ optional: true, secret: true, doc: "To type in, base 32." }),
    uri: t.string({ optional: true, secret: true, maxLength: 2_048, doc: "For a QR code." }),
  },
  refusals: {
    ...passwordCheckRefusals,
    ...sessionRefusal,
    totp_active: { status: 409, doc: "An authenticator app is enrolled; it has to be removed first." },
  },
  load: ({ principal }) => ({ counter: rowOf(attempts, personCounter(principal.user)), user: rowOf(users, principal.user) }),
  prepare: (ctx, { input }) => checkPassword(ctx, input.password),
  run: (ctx, { loaded: { counter, user }, prepared }) => {
    const flaw = passwordCheckFlaw(ctx, prepared, counter);
    if (flaw !== undefined) return flaw;
    if (user === undefined) return ctx.refuse("session_required");
    if (user.totpStatus === "active") return ctx.refuse("totp_active");
    // A further factor is added by who has the first one, not by who has found the password.
    const late = user.hasSecondFactor ? stepUpFlaw(ctx) : undefined;
    if (late !== undefined) return late;
    const totpNumber = user.totpNumber + 1;
    ctx.table(users).update(user.id, { totpNumber, totpStatus: "pending", totpStep: null });
    return totpEnrolment(ctx.derive(totpLabel(user.id, totpNumber)), { issuer: ctx.principal.tenant, account: user.email });
  },
});

export const confirmTotp = command({
  doc: "Ends the enrolment of an authenticator app with its first code. The session goes on with a new cookie, as one in which a second factor was shown.",
  roles: [...persons],
  input: { code: t.string({ pattern: "[0-9]{3} ?[0-9]{3}", example: "123456" }) },
  output: enrolledOutput,
  refusals: {
    ...factorRefusals,
    ...sessionRefusal,
    totp_not_pending: { status: 409, doc: "No authenticator app is being enrolled." },
  },
  load: ({ principal }) => ({
    counter: rowOf(attempts, personCounter(principal.user)),
    user: rowOf(users, principal.user),
    session: rowOf(sessions, sessionIdOf(principal) ?? null),
  }),
  run: (ctx, { input, loaded: { counter, user, session } }) => {
    if (user === undefined || session === undefined) return ctx.refuse("session_required");
    if (user.totpStatus !== "pending") return ctx.refuse("totp_not_pending");
    if (isOver("user", counter, ctx.now)) return tooMany(ctx, counter);
    const derived = ctx.derive(totpLabel(user.id, user.totpNumber));
    const step = totpStepOf(derived, input.code, { atMs: Date.parse(ctx.now), lastStep: null });
    if (step === undefined) {
      count(ctx, "user", personCounter(user.id), counter);
      return ctx.refuse("wrong_factor", undefined, { keep: true });
    }
    forget(ctx, counter);
    const fresh = user.recoveryCodes.length === 0 ? newRecoveryCodes() : undefined;
    const enrolled = ctx.table(users).update(user.id, {
      totpStatus: "active",
      totpStep: step,
      hasSecondFactor: true,
      ...(fresh === undefined ? {} : { recoveryCodes: fresh.hashes }),
    });
    tell(ctx, user, "secondFactorChanged");
    const opened = renewSession(ctx, session, { verifiedAt: ctx.now, isLimited: false });
    return ctx.signedIn(
      { ...loggedIn(enrolled, opened), recoveryCodes: fresh?.codes ?? [] },
      { token: opened.token, maxAgeSeconds: secondsLeft(ctx, opened.row) },
    );
  },
});

export const lastFactorRefusal = {
  factor_required: { status: 409, doc: "The account has to have a second factor: enrol another one first." },
} as const;

/** Whether an account may be left with these factors. */
export const mayBeLeft = (user: User, left: Pick<User, "totpStatus" | "passkeyCount">): boolean =>
  left.totpStatus === "active" || left.passkeyCount > 0 || !needsSecondFactor(user);

export const removeTotp = command({
  doc: "Removes the authenticator app.",
  roles: ["person"],
  stepUp: true,
  output: { hasSecondFactor: t.boolean() },
  refusals: {
    ...lastFactorRefusal,
    ...sessionRefusal,
    totp_not_active: { status: 409, doc: "No authenticator app is enrolled." },
  },
  load: ({ principal }) => ({ user: rowOf(users, principal.user) }),
  run: (ctx, { loaded: { user } }) => {
    if (user === undefined || sessionIdOf(ctx.principal) === undefined) return ctx.refuse("session_required");
    if (user.totpStatus !== "active") return ctx.refuse("totp_not_active");
    if (!mayBeLeft(user, { totpStatus: "none", passkeyCount: user.passkeyCount })) return ctx.refuse("factor_required");
    const hasSecondFactor = user.passkeyCount > 0;
    ctx.table(users).update(user.id, {
      totpStatus: "none",
      totpStep: null,
      hasSecondFactor,
      ...(hasSecondFactor ? {} : { recoveryCodes: [] }),
    });
    tell(ctx, user, "secondFactorChanged");
    return { hasSecondFactor };
  },
});

export const renewRecoveryCodes = command({
  doc: "Makes new recovery codes; the former ones count no longer.",
  roles: ["person"],
  stepUp: true,
  output: { recoveryCodes: t.array(t.string(), { optional: true, secret: true }) },
  refusals: {
    ...sessionRefusal,
    no_second_factor: { status: 409, doc: "The account has no second factor." },
  },
  load: ({ principal }) => ({ user: rowOf(users, principal.user) }),
  run: (ctx, { loaded: { user } }) => {
    if (user === undefined || sessionIdOf(ctx.principal) === undefined) return ctx.refuse("session_required");
    if (!user.hasSecondFactor) return ctx.refuse("no_second_factor");
    const { codes, hashes } = newRecoveryCodes();
    ctx.table(users).update(user.id, { recoveryCodes: hashes });
    tell(ctx, user, "secondFactorChanged");
    return { recoveryCodes: codes };
  },
});

/** Renews the session of a person who has shown a factor. */
const stepped = (ctx: CommandContext, user: User, session: Parameters<typeof renewSession>[1]) =>
  signedIn(ctx, user, renewSession(ctx, session, { verifiedAt: ctx.now }));

export const stepUp = command({
  doc: "Shows a second factor within a session, for operations that ask for one that was shown lately. The session goes on with a new cookie.",
  roles: ["person"],
  input: factorInput,
  output: loggedInOutput,
  refusals: { ...factorRefusals, ...sessionRefusal },
  load: ({ principal }) => ({
    counter: rowOf(attempts, personCounter(principal.user)),
    user: rowOf(users, principal.user),
    session: rowOf(sessions, sessionIdOf(principal) ?? null),
  }),
  prepare: async (ctx, { input }) => ({
    passkey: input.passkey === null ? undefined : await verifyPasskey(ctx, input.passkey),
  }),
  run: async (ctx, { input, loaded: { counter, user, session }, prepared }) => {
    if (user === undefined || session === undefined) return ctx.refuse("session_required");
    if (isOver("user", counter, ctx.now)) return tooMany(ctx, counter);
    const shown = { ...input, passkey: prepared.passkey };
    const isBroken = input.passkey !== null && prepared.passkey === undefined;
    if (isBroken || !hasShown(shown) || !(await spendFactor(ctx, user, shown))) {
      count(ctx, "user", personCounter(user.id), counter);
      return ctx.refuse("wrong_factor", undefined, { keep: true });
    }
    forget(ctx, counter);
    return stepped(ctx, user, session);
  },
});
