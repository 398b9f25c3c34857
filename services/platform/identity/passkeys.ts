/** Passkeys: made in a session, used to log in or to step up. Each answers a challenge of ours, which counts once and for five minutes. */
import {
  command as free,
  eq,
  type FunctionRefusal,
  passkeyAnswer,
  passkeyCreation,
  type PasskeyCredential,
  passkeyRequest,
  type QueryContext,
  resource,
  rowOf,
  t,
  verifyPasskeyCreation,
  newSessionToken,
  type CommandContext,
} from "pons";
import { persons } from "../roles.ts";
import { attempts } from "./attempt-fields.ts";
import { communities } from "./community-fields.ts";
import { password } from "./inputs.ts";
import { tell } from "./mail.ts";
import { after } from "./moments.ts";
import { checkPassword, passwordCheckFlaw, passwordCheckRefusals, personCounter } from "./password-check.ts";
import { challenges as declaredChallenges, challengeSeconds, passkeys as declared, passkeysMax } from "./passkey-fields.ts";
import { challengeId } from "./passkey-use.ts";
import { enrolledOutput, lastFactorRefusal, mayBeLeft, newRecoveryCodes } from "./second-factor.ts";
import { loggedIn, renewSession, secondsLeft, sessionIdOf, sessionRefusal, stepUpFlaw } from "./session.ts";
import { sessions } from "./session-fields.ts";
import { users } from "./user-fields.ts";

export const challenges = resource(declaredChallenges, ({ self, due }) => ({
  rows: {},
  due: due({ doc: "Forgets a challenge.", at: "dueAt", run: (ctx, { row }) => ctx.table(self).delete(row.id) }),
}));

export const passkeyResource = resource(declared, ({ self, rows, all, command }) => ({
  rows: {
    person: rows((row, caller) => eq(row.user, caller.user)),
    enrolling: rows((row, caller) => eq(row.user, caller.user)),
    admin: all,
    auditor: all,
  },
  access: { update: ["person"], replace: [] },
  functions: {
    remove: command({
      on: "item",
      doc: "Removes a passkey of the caller.",
      roles: ["person"],
      stepUp: true,
      output: "none",
      refusals: { ...lastFactorRefusal, ...sessionRefusal },
      load: ({ row }) => ({ user: rowOf(users, row.user) }),
      run: (ctx, { row, loaded: { user } }) => {
        if (user === undefined || user.id !== ctx.principal.user) return ctx.refuse("session_required");
        const left = { totpStatus: user.totpStatus, passkeyCount: Math.max(0, user.passkeyCount - 1) };
        if (!mayBeLeft(user, left)) return ctx.refuse("factor_required");
        ctx.table(self).delete(row.id);
        const hasSecondFactor = left.totpStatus === "active" || left.passkeyCount > 0;
        ctx.table(users).update(user.id, {
          passkeyCount: left.passkeyCount,
          hasSecondFactor,
          ...(hasSecondFactor ? {} : { recoveryCodes: [] }),
        });
        tell(ctx, user, "secondFactorChanged");
        return undefined;
      },
    }),
  },
}));

const originInput = t.string({
  minLength: 1,
  maxLength: 253,
  doc: "Origin of the page that asks: that of a community's portal.",
  example: "https://developers.acme.example",
});

const originRefusal = {
  origin_unknown: { status: 422, doc: "No community of the tenant has its portal at this origin." },
} as const;

/** Whether a portal of the tenant is there; passkeys count nowhere else. */
const isPortal = async (ctx: QueryContext | CommandContext, origin: string): Promise<boolean> =>
  (await ctx.table(communities).count((row) => eq(row.origin, origin))) > 0;

const challengeFor = (
  ctx: CommandContext,
  { purpose, user, origin }: { readonly purpose: "create" | "use"; readonly user: string | null; readonly origin: string },
): string => {
  const challenge = newSessionToken();
  const expiresAt = after(ctx.now, challengeSeconds);
  ctx.table(declaredChallenges).insert({ id: challengeId(challenge), purpose, user, origin, expiresAt, dueAt: expiresAt });
  return challenge;
};

const partyOf = (origin: string) => ({ origin, rpId: new URL(origin).hostname });

const optionsOutput = { options: t.json({ doc: "For `PublicKeyCredential.parse…OptionsFromJSON`." }), expiresAt: t.dateTime() };

export const startPasskey = free({
  doc: "Gives the challenge with which a passkey logs in, or shows a second factor.",
  roles: ["anyone"],
  input: { origin: originInput },
  output: optionsOutput,
  refusals: originRefusal,
  run: async (ctx, { input: { origin } }) => {
    if (!(await isPortal(ctx, origin))) return ctx.refuse("origin_unknown");
    const { user } = ctx.principal;
    const own = user === null ? [] : await ctx.table(declared).find((row) => eq(row.user, user), { limit: passkeysMax });
    const challenge = challengeFor(ctx, { purpose: "use", user, origin });
    const known = own.map(({ credentialId }) => credentialId);
    return {
      options: passkeyRequest({ party: partyOf(origin), challenge, known, timeoutMs: challengeSeconds * 1_000 }),
      expiresAt: after(ctx.now, challengeSeconds),
    };
  },
});

export const enrolPasskey = free({
  doc: "Begins to make a passkey: answers what the browser is to make. `confirmPasskey` takes what it has made.",
  roles: [...persons],
  input: { origin: originInput, password },
  output: optionsOutput,
  refusals: {
    ...originRefusal,
    ...passwordCheckRefusals,
    ...sessionRefusal,
    too_many_passkeys: { status: 409, doc: `An account has at most ${passkeysMax} passkeys.` },
  },
  load: ({ principal }) => ({ counter: rowOf(attempts, personCounter(principal.user)) }),
  prepare: (ctx, { input }) => checkPassword(ctx, input.password),
  run: async (ctx, { input: { origin }, loaded: { counter }, prepared }) => {
    const flaw = passwordCheckFlaw(ctx, prepared, counter);
    if (flaw !== undefined) return flaw;
    const { user } = prepared;
    // A further factor is added by who has the first one, not by who has found the password.
    const late = user.hasSecondFactor ? stepUpFlaw(ctx) : undefined;
    if (late !== undefined) return late;
    if (!(await isPortal(ctx, origin))) return ctx.refuse("origin_unknown");
    const own = await ctx.table(declared).find((row) => eq(row.user, user.id));
    if (own.length >= passkeysMax) return ctx.refuse("too_many_passkeys");
    const challenge = challengeFor(ctx, { purpose: "create", user: user.id, origin });
    return {
      options: passkeyCreation({
        party: partyOf(origin),
        partyName: ctx.principal.tenant,
        challenge,
        user,
        known: own.map(({ credentialId }) => credentialId),
        timeoutMs: challengeSeconds * 1_000,
      }),
      expiresAt: after(ctx.now, challengeSeconds),
    };
  },
});

interface Made {
  readonly credential: PasskeyCredential & { readonly isBackedUp: boolean };
  readonly challenge: string;
}

export const confirmPasskey = free({
  doc: "Keeps the passkey that a browser has made. The session goes on with a new cookie, as one in which a second factor was shown.",
  roles: [...persons],
  input: {
    name: t.string({ minLength: 1, maxLength: 64, example: "Laptop" }),
    passkey: t.json({ doc: "What `navigator.credentials.create` answered, as JSON." }),
  },
  output: { ...enrolledOutput, passkey: t.ref("passkeys") },
  refusals: {
    ...sessionRefusal,
    passkey_invalid: { status: 422, doc: "The passkey does not answer the challenge, or the challenge was used or is over." },
  },
  load: ({ principal }) => ({
    user: rowOf(users, principal.user),
    session: rowOf(sessions, sessionIdOf(principal) ?? null),
  }),
  prepare: async (ctx, { input }): Promise<Made | FunctionRefusal> => {
    const told = passkeyAnswer(input.passkey);
    const id = challengeId(told?.challenge ?? "");
    const challenge = await ctx.table(declaredChallenges).get(id);
    const isFit = challenge?.purpose === "create" && challenge.user === ctx.principal.user && challenge.expiresAt > ctx.now;
    if (told === undefined || challenge === undefined || !isFit) return ctx.refuse("passkey_invalid");
    const credential = await verifyPasskeyCreation(input.passkey, { ...partyOf(challenge.origin), challenge: told.challenge });
    return credential === undefined ? ctx.refuse("passkey_invalid") : { credential, challenge: id };
  },
  run: async (ctx, { input, loaded: { user, session }, prepared: { credential, challenge } }) => {
    if (user === undefined || session === undefined) return ctx.refuse("session_required");
    const open = await ctx.table(declaredChallenges).get(challenge);
    const taken = await ctx.table(declared).count((row) => eq(row.credentialId, credential.credentialId));
    if (open === undefined || open.expiresAt <= ctx.now || taken > 0) return ctx.refuse("passkey_invalid");
    ctx.table(declaredChallenges).delete(challenge);
    const row = ctx.table(declared).insert({ ...credential, user: user.id, name: input.name, origin: open.origin });
    const fresh = user.recoveryCodes.length === 0 ? newRecoveryCodes() : undefined;
    const enrolled = ctx.table(users).update(user.id, {
      passkeyCount: user.passkeyCount + 1,
      hasSecondFactor: true,
      ...(fresh === undefined ? {} : { recoveryCodes: fresh.hashes }),
    });
    tell(ctx, user, "secondFactorChanged");
    const opened = renewSession(ctx, session, { verifiedAt: ctx.now, isLimited: false });
    return ctx.signedIn(
      { ...loggedIn(enrolled, opened), recoveryCodes: fresh?.codes ?? [], passkey: row.id },
      { token: opened.token, maxAgeSeconds: secondsLeft(ctx, opened.row) },
    );
  },
});
