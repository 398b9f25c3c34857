/**
 * Mailed codes and tokens. A row is the same whether or not there is an account; who has none, or has one already, shows only when the mail is written,
 * which nobody waits for. What is mailed follows from the row's id and the installation's secret.
 */
import { type CommandContext, resource } from "pons";
import { communities } from "./community-fields.ts";
import { type Confirmation, confirmations as declared } from "./confirmation-fields.ts";
import { sendMail } from "./mail.ts";
import { userWith } from "./new-user.ts";
import { portalLink } from "./portal.ts";

const codeDigits = 8;
export const codeAttemptsMax = 5;
export const codeMinutes = 30;

const deriving = ({ derive }: Pick<CommandContext, "derive">, what: string, id: string): string => derive(`${what} ${id}`);

/** Eight digits, from 64 bits: the bias is of no use to anyone. */
export const codeOf = (ctx: Pick<CommandContext, "derive">, id: string): string => {
  const bytes = Uint8Array.fromBase64(deriving(ctx, "confirmation code", id), { alphabet: "base64url" });
  const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) % 10n ** BigInt(codeDigits);
  return String(value).padStart(codeDigits, "0");
};

/** The row's id and 256 bits: what a link holds. */
export const tokenOf = (ctx: Pick<CommandContext, "derive">, id: string): string =>
  `${id}.${deriving(ctx, "confirmation token", id)}`;

/** Id of the row whose token it is; `undefined` where it is none of ours. */
export const idInToken = (ctx: Pick<CommandContext, "derive">, token: string): string | undefined => {
  const [id = ""] = token.split(".");
  // Hashes are compared: how many characters are right does not show in the time it takes.
  return Bun.SHA256.hash(tokenOf(ctx, id), "hex") === Bun.SHA256.hash(token, "hex") ? id : undefined;
};

const mailSignUp = async (ctx: CommandContext, row: Confirmation): Promise<void> => {
  const community = row.community === null ? undefined : await ctx.table(communities).get(row.community);
  const known = await userWith(ctx, row.email);
  const to = { to: row.email, language: known?.language ?? row.language };
  const title = community?.title ?? ctx.principal.tenant;
  // Nothing of what whoever signs up has typed stands in the mail: it may go to somebody else.
  if (known !== undefined) return sendMail(ctx, { ...to, kind: "accountExists", values: { community: title } });
  const code = codeOf(ctx, row.id);
  sendMail(ctx, {
    ...to,
    kind: "signUpCode",
    values: { community: title, code, minutes: String(codeMinutes) },
    link: portalLink(community, "confirm", { signUp: row.id, code }),
  });
};

const mailReset = async (ctx: CommandContext, row: Confirmation): Promise<void> => {
  const known = await userWith(ctx, row.email);
  if (known?.status !== "active") return;
  const community = row.community === null ? undefined : await ctx.table(communities).get(row.community);
  const token = tokenOf(ctx, row.id);
  sendMail(ctx, {
    to: row.email,
    language: known.language,
    kind: "passwordReset",
    values: { token, minutes: String(codeMinutes) },
    link: portalLink(community, "reset", { token }),
  });
};

const mailEmailChange = async (ctx: CommandContext, row: Confirmation): Promise<void> => {
  if ((await userWith(ctx, row.email)) !== undefined) return;
  const values = { code: codeOf(ctx, row.id), minutes: String(codeMinutes) };
  sendMail(ctx, { to: row.email, language: row.language, kind: "emailChangeCode", values });
};

const mailers = { signUp: mailSignUp, passwordReset: mailReset, emailChange: mailEmailChange } as const;

export const confirmations = resource(declared, ({ self, due }) => ({
  rows: {},
  due: due({
    doc: "Writes the mail, and forgets what was not confirmed in time.",
    at: "dueAt",
    run: async (ctx, { row }) => {
      if (row.isMailed || row.expiresAt <= ctx.now) return ctx.table(self).delete(row.id);
      await mailers[row.kind](ctx, row);
      return ctx.table(self).update(row.id, { isMailed: true, dueAt: row.expiresAt });
    },
  }),
}));
