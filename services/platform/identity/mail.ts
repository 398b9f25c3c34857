/** Writes mails and notifications: rows that are committed with the command they are about. */
import { and, type CommandContext, eq } from "pons";
import { mailText } from "../messages/mails.ts";
import type { App } from "./app-fields.ts";
import { type MailKind, mails } from "./mail-fields.ts";
import { after, daySeconds } from "./moments.ts";
import { notifications } from "./notification-fields.ts";
import { type User, users } from "./user-fields.ts";

const keptDays = 90;

/** Most administrators that are told of one thing. */
const adminsMax = 20;

export interface MailWanted {
  readonly to: string;
  readonly kind: MailKind;
  readonly language: string;
  /** What fills the text. */
  readonly values?: Readonly<Record<string, string>>;
  /** Stands below the text. */
  readonly link?: string | undefined;
}

/** Puts a mail into the outbox. */
export const sendMail = (ctx: CommandContext, { to, kind, language, values = {}, link }: MailWanted): void => {
  const { subject, text } = mailText(kind, language, values);
  ctx.table(mails).insert({
    to,
    kind,
    subject,
    text: link === undefined ? text : `${text}\n\n${link}`,
    nextAt: ctx.now,
    dueAt: after(ctx.now, keptDays * daySeconds),
  });
};

/** Tells an account's owner of a change to it. */
export const tell = (
  ctx: CommandContext,
  user: Pick<User, "email" | "language">,
  kind: MailKind,
  values: Readonly<Record<string, string>> = {},
): void => sendMail(ctx, { to: user.email, kind, language: user.language, values });

export interface Notice {
  readonly kind: string;
  readonly text: string;
  readonly data?: unknown;
  readonly app?: string | null;
}

/** Notifies people, by a row each, and by mail where that is wanted. */
export const notify = (
  ctx: CommandContext,
  people: readonly User[],
  notice: Notice,
  options: { readonly byMail: boolean },
): void => {
  for (const user of people) {
    const row = ctx.table(notifications).insert({
      user: user.id,
      kind: notice.kind,
      text: notice.text,
      ...(notice.data === undefined ? {} : { data: notice.data }),
      app: notice.app ?? null,
      dueAt: after(ctx.now, keptDays * daySeconds),
    });
    ctx.emit("made", { notification: row.id, user: user.id, kind: notice.kind }, notifications);
    if (options.byMail) tell(ctx, user, "notification", { text: notice.text });
  }
};

/** The tenant's administrators. */
export const administrators = async (ctx: CommandContext): Promise<readonly User[]> =>
  ctx.table(users).find((row) => and(eq(row.isAdmin, true), eq(row.status, "active")), { limit: adminsMax, sortBy: "createdAt" });

/** Who answers for an app: its owner, else the tenant's administrators. */
export const ownersOf = async (ctx: CommandContext, app: Pick<App, "owner">): Promise<readonly User[]> => {
  if (app.owner === null) return administrators(ctx);
  const owner = await ctx.table(users).get(app.owner);
  return owner === undefined ? [] : [owner];
};
