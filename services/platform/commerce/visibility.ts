/** Which products are shown to whom. */
import { eq, type Principal, type QueryContext, type CommandContext } from "pons";
import { communities, members } from "./foreign.ts";
import type { Product } from "./product-fields.ts";

type Reading = Pick<QueryContext, "principal"> & { readonly table: QueryContext["table"] | CommandContext["table"] };

/** Communities of a person, at most 1,000. */
export const communitiesOf = async (ctx: Reading, { user }: Pick<Principal, "user">): Promise<readonly string[]> => {
  if (user === null) return [];
  const own = await ctx.table(members).find((row) => eq(row.user, user));
  return own.map(({ community }) => community);
};

/** Whether a product is shown to members of the given communities. */
export const isShownTo = ({ status, visibility, communities: shownTo }: Product, ids: readonly string[]): boolean =>
  status === "active" && (visibility === "public" || (visibility === "communities" && shownTo.some((id) => ids.includes(id))));

/** Whether a product is shown to the caller. */
export const isShown = async (ctx: Reading, product: Product): Promise<boolean> =>
  isShownTo(product, []) || isShownTo(product, await communitiesOf(ctx, ctx.principal));

/** The id of a community that anyone may join, by its name. */
export const openCommunity = async (ctx: Reading, name: string): Promise<string | undefined> => {
  const [found] = await ctx.table(communities).find((row) => eq(row.name, name), { limit: 1 });
  return found?.joining === "open" ? found.id : undefined;
};
