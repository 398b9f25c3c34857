/** Begins, renews and ends sessions. Only the SHA-256 of a session's secret is kept; the secret goes into the browser's cookie. */
import {
  and,
  type Answer,
  type CommandContext,
  csrfOf,
  eq,
  type FunctionRefusal,
  hashOfKey,
  newSessionToken,
  type Principal,
  t,
} from "pons";
import { needsSecondFactor } from "../roles.ts";
import { after, daySeconds } from "./moments.ts";
import { absoluteSeconds, environments, idleSeconds, keptDays, type Session, sessions, sessionsMax } from "./session-fields.ts";
import type { User } from "./user-fields.ts";

/** A session, and its secret. */
export interface Opened {
  readonly row: Session;
  readonly token: string;
}

/** Id of the session by which the caller has come; `undefined` where it is none. */
export const sessionIdOf = ({ key }: Principal): string | undefined => (key?.startsWith("ses_") === true ? key : undefined);

/** Begins a session. The oldest ones end where there are too many. */
export const beginSession = async (
  ctx: CommandContext,
  user: User,
  { environment, verifiedAt }: { readonly environment: Session["environment"]; readonly verifiedAt: string | null },
): Promise<Opened> => {
  const table = ctx.table(sessions);
  const others = await table.find((row) => and(eq(row.user, user.id), eq(row.status, "active")), { sortBy: "createdAt.desc" });
  for (const old of others.slice(sessionsMax - 1)) endSession(ctx, old);
  const token = newSessionToken();
  const row = table.insert({
    user: user.id,
    environment,
    tokenHash: hashOfKey(token),
    issuedAt: ctx.now,
    seenAt: ctx.now,
    expiresAt: after(ctx.now, absoluteSeconds),
    dueAt: after(ctx.now, absoluteSeconds),
    verifiedAt,
    isLimited: needsSecondFactor(user) && !user.hasSecondFactor,
    address: ctx.principal.address ?? null,
  });
  return { row, token };
};

/** Replaces a session's secret, since what it may do has changed; the former one counts no longer. */
export const renewSession = (
  ctx: CommandContext,
  row: Session,
  changes: Partial<Pick<Session, "verifiedAt" | "isLimited">>,
): Opened => {
  const token = newSessionToken();
  const renewed = ctx
    .table(sessions)
    .update(row.id, { ...changes, tokenHash: hashOfKey(token), issuedAt: ctx.now, seenAt: ctx.now });
  return { row: renewed, token };
};

export const endSession = (ctx: CommandContext, row: Session): void => {
  if (row.status !== "active") return;
  ctx.table(sessions).update(row.id, { status: "ended", endedAt: ctx.now, dueAt: after(ctx.now, keptDays * daySeconds) });
};

/** Ends the sessions of a user, but for one. How many there were. */
export const endSessions = async (ctx: CommandContext, user: string, but?: string): Promise<number> => {
  const active = await ctx.table(sessions).find((row) => and(eq(row.user, user), eq(row.status, "active")));
  const ended = active.filter(({ id }) => id !== but);
  for (const row of ended) endSession(ctx, row);
  return ended.length;
};

/** What a person is told who has logged in. */
export const loggedInOutput = {
  user: t.object({
    id: t.ref("users"),
    email: t.email(),
    name: t.string(),
    roles: t.array(t.string()),
  }),
  session: t.ref("sessions"),
  environment: t.enum(environments),
  csrfToken: t.string({ optional: true, secret: true, doc: "Goes into the header X-CSRF-Token of every change." }),
  expiresAt: t.dateTime({ doc: "When the session ends in any case." }),
  idleSeconds: t.integer({ doc: "It ends sooner after that time without a call." }),
  verifiedAt: t.dateTime({ optional: true, doc: "When a second factor was last shown." }),
  mustEnrol: t.boolean({ doc: "A second factor has to be enrolled before anything else." }),
};

/** Answers with a session that has begun or was renewed: its secret goes into the cookie. */
export const signedIn = (ctx: CommandContext, user: User, { row, token }: Opened): Answer =>
  ctx.signedIn(loggedIn(user, { row, token }), { token, maxAgeSeconds: secondsLeft(ctx, row) });

/** The same as data, for answers that tell more. */
export const loggedIn = ({ id, email, name, roles }: User, { row, token }: Opened): Readonly<Record<string, unknown>> => ({
  user: { id, email, name, roles },
  session: row.id,
  environment: row.environment,
  csrfToken: csrfOf(token),
  expiresAt: row.expiresAt,
  idleSeconds,
  verifiedAt: row.verifiedAt,
  mustEnrol: row.isLimited,
});

export const secondsLeft = ({ now }: CommandContext, { expiresAt }: Session): number =>
  Math.max(1, Math.floor((Date.parse(expiresAt) - Date.parse(now)) / 1_000));

/** For how long a second factor counts for what asks for one here. */
const verifiedSeconds = 600;

/**
 * Refuses a person who has not lately shown a second factor, where only some calls of an operation ask for one. Keys and tokens of apps are not asked.
 */
export const stepUpFlaw = (ctx: CommandContext): FunctionRefusal | undefined => {
  if (sessionIdOf(ctx.principal) === undefined) return undefined;
  const { verifiedAt } = ctx.principal;
  const isLate = typeof verifiedAt !== "string" || after(verifiedAt, verifiedSeconds) <= ctx.now;
  return isLate ? ctx.refuse("step_up_required", { withinSeconds: verifiedSeconds }) : undefined;
};

/** What is of a person's own account is done where the person is logged in, not by a key or an app's token. */
export const sessionRefusal = {
  session_required: { status: 403, doc: "It is done in a browser's session, not with a key or an app's token." },
} as const;
