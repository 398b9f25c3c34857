/** Takes away the passkeys of an account. */
import { type CommandContext, eq } from "pons";
import { passkeys } from "./passkey-fields.ts";

export const removePasskeys = async (ctx: CommandContext, user: string): Promise<void> => {
  const table = ctx.table(passkeys);
  for (const { id } of await table.find((row) => eq(row.user, user))) table.delete(id);
};
