/** Ends sessions, and tells of the present one. */
import { command, query, rowOf, t } from "pons";
import { persons } from "../roles.ts";
import { idleSeconds, sessions, environments } from "./session-fields.ts";
import { endSession, endSessions, sessionIdOf, sessionRefusal } from "./session.ts";
import { methodsOf } from "./factor.ts";
import { users } from "./user-fields.ts";

const gone = { token: null, maxAgeSeconds: 0 } as const;

export const logOut = command({
  doc: "Ends the session by which it is called; the cookie is taken away.",
  roles: [...persons],
  output: { ended: t.integer() },
  refusals: sessionRefusal,
  load: ({ principal }) => ({ session: rowOf(sessions, sessionIdOf(principal) ?? null) }),
  run: (ctx, { loaded: { session } }) => {
    if (session === undefined) return ctx.refuse("session_required");
    endSession(ctx, session);
    return ctx.signedIn({ ended: 1 }, gone);
  },
});

export const logOutEverywhere = command({
  doc: "Ends all sessions of the caller, and what apps may do in the caller's name.",
  roles: [...persons],
  output: { ended: t.integer() },
  refusals: sessionRefusal,
  run: async (ctx) => {
    const { user } = ctx.principal;
    if (user === null || sessionIdOf(ctx.principal) === undefined) return ctx.refuse("session_required");
    if ((await ctx.table(users).get(user)) === undefined) return ctx.refuse("session_required");
    ctx.table(users).update(user, { sessionsAfter: ctx.now });
    return ctx.signedIn({ ended: await endSessions(ctx, user) }, gone);
  },
});

export const sessionInfo = query({
  doc: "Who the caller is, and how the session stands. The CSRF token is in the answer's header X-CSRF-Token.",
  roles: [...persons],
  output: {
    user: t.object({
      id: t.ref("users"),
      email: t.email(),
      name: t.string(),
      language: t.language(),
      roles: t.array(t.string()),
      hasSecondFactor: t.boolean(),
    }),
    session: t.ref("sessions", { optional: true }),
    environment: t.enum(environments, { optional: true }),
    expiresAt: t.dateTime({ optional: true }),
    idleSeconds: t.integer(),
    verifiedAt: t.dateTime({ optional: true }),
    mustEnrol: t.boolean(),
    methods: t.array(t.string(), { doc: "Second factors that the account has." }),
    recoveryCodesLeft: t.integer(),
  },
  run: async (ctx) => {
    const user = ctx.principal.user === null ? undefined : await ctx.table(users).get(ctx.principal.user);
    if (user === undefined) return ctx.refuse("forbidden");
    const id = sessionIdOf(ctx.principal);
    const session = id === undefined ? undefined : await ctx.table(sessions).get(id);
    const { email, name, language, roles, hasSecondFactor } = user;
    return {
      user: { id: user.id, email, name, language, roles, hasSecondFactor },
      session: session?.id ?? null,
      environment: session?.environment ?? null,
      expiresAt: session?.expiresAt ?? null,
      idleSeconds,
      verifiedAt: session?.verifiedAt ?? null,
      mustEnrol: session?.isLimited ?? false,
      methods: [...methodsOf(user)],
      recoveryCodesLeft: user.recoveryCodes.length,
    };
  },
});
