/** What an app may use follows from its subscriptions: they are kept with the app, which every node knows. */
import type { CommandContext } from "pons";
import { apps } from "../identity/app-fields.ts";
import type { Subscription } from "./subscription-fields.ts";

interface Access {
  readonly product: string;
  readonly plan: string;
  readonly environment: string;
}

const accessesOf = (value: unknown): readonly Access[] => (Array.isArray(value) ? (value as readonly Access[]) : []);

/** Brings the app's own list up to a subscription as it is now. The app was read in this batch. */
export const keepAccess = async (
  ctx: CommandContext,
  { app, product, plan, environment, status }: Subscription,
): Promise<void> => {
  const table = ctx.table(apps);
  const row = await table.get(app);
  if (row === undefined) return;
  const others = accessesOf(row.subscriptions).filter((one) => one.product !== product || one.environment !== environment);
  table.update(app, { subscriptions: status === "active" ? [...others, { product, plan, environment }] : others });
};
