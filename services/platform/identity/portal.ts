/** Addresses of a community's portal: where mails lead. What is secret stands behind a `#`, which browsers send to nobody. */
import { type CommandContext, eq, type QueryContext } from "pons";
import { type Community, communities } from "./community-fields.ts";

/** `https://developers.acme.example/reset#token=…`; `undefined` where the community has no portal. */
export const portalLink = (
  community: Pick<Community, "origin"> | undefined,
  page: "confirm" | "reset" | "invitation",
  values: Readonly<Record<string, string>>,
): string | undefined => {
  const { origin = null } = community ?? {};
  if (origin === null) return undefined;
  return `${origin}/${page}#${new URLSearchParams(values).toString()}`;
};

export const communityNamed = async (ctx: QueryContext | CommandContext, name: string): Promise<Community | undefined> =>
  (await ctx.table(communities).find((row) => eq(row.name, name), { limit: 1 }))[0];
