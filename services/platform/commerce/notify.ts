/** Telling the owner of an app what became of it. */
import type { CommandContext } from "pons";
import type { App } from "../identity/app-fields.ts";
import { notifications } from "../identity/notification-fields.ts";

/** Leaves a notification for the app's owner; an app of the tenant itself has nobody to be told. */
export const notify = (
  ctx: CommandContext,
  {
    app,
    kind,
    text,
    data,
  }: { readonly app: App; readonly kind: string; readonly text: string; readonly data: Readonly<Record<string, unknown>> },
): void => {
  if (app.owner !== null) ctx.table(notifications).insert({ user: app.owner, app: app.id, kind, text, data });
};
