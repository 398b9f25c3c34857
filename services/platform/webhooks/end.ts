/** Ends what an app's webhooks do, when the app is gone. */
import { and, type CommandContext, eq, ne } from "pons";
import { webhooks } from "./webhook-fields.ts";

/** Disables all webhooks of an app. */
export const disableWebhooks = async (ctx: CommandContext, app: string, reason: string): Promise<void> => {
  const table = ctx.table(webhooks);
  for (const { id } of await table.find((row) => and(eq(row.app, app), ne(row.status, "disabled"))))
    table.update(id, { status: "disabled", reason });
};
