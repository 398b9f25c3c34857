/** Which products are shown to whom: what is public, and what the communities list that somebody belongs to. */
import { and, type CommandContext, eq, oneOf, type QueryContext } from "pons";
import { communities } from "../identity/community-fields.ts";
import { members } from "../identity/member-fields.ts";
import type { Product } from "./product-fields.ts";

type Reading = Pick<QueryContext, "principal"> & { readonly table: QueryContext["table"] | CommandContext["table"] };

/** Ids of the products that the caller's communities list, and that the named one does where anyone may join it. */
export const listedProducts = async (ctx: Reading, community?: string | null): Promise<ReadonlySet<string>> => {
  const { user } = ctx.principal;
  const own = user === null ? [] : await ctx.table(members).find((row) => eq(row.user, user));
  const ids = own.map((member) => member.community);
  const joined = ids.length === 0 ? [] : await ctx.table(communities).find((row) => oneOf(row.id, ids));
  const named =
    community === null || community === undefined
      ? []
      : await ctx.table(communities).find((row) => and(eq(row.name, community), eq(row.joining, "open")), { limit: 1 });
  return new Set([...joined, ...named].flatMap(({ products }) => products));
};

/** Whether a product is shown to somebody whose communities list these ids. */
export const isShownTo = ({ id, status, visibility }: Product, listed: ReadonlySet<string>): boolean =>
  status === "active" && (visibility === "public" || (visibility === "communities" && listed.has(id)));

/** Whether a product is shown to the caller. */
export const isShown = async (ctx: Reading, product: Product): Promise<boolean> =>
  isShownTo(product, new Set()) || isShownTo(product, await listedProducts(ctx));
