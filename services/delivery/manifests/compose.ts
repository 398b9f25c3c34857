/**
 * Making out a manifest. Every order is on one manifest at most; if any of them cannot be on it, none is, and the refusal lists all that cannot. The same id
 * with the same orders is the manifest that is there.
 */
import { and, type CommandContext, eq, type FunctionRefusal, oneOf } from "pons";
import { nextMoment } from "../moments.ts";
import { noteStatus, tell } from "../orders/note-status.ts";
import { type Order, orders } from "../orders/order-fields.ts";
import { type Manifest, type ManifestInput, manifestIdOf, manifests } from "./manifest-fields.ts";

export const composeRefusals = {
  orders_not_accepted: { status: 409, doc: "Orders are unknown, cancelled, on another manifest, or of several shippers." },
  manifest_differs: { status: 409, doc: "There is a manifest of this id, with other orders." },
  manifest_withdrawn: { status: 409, doc: "The manifest of this id was withdrawn." },
} as const;

/** Orders that one search may find: some of several shippers with the same ids. */
const foundMax = 5_000;

const search = async (ctx: CommandContext, ids: readonly string[], shipper: string | null): Promise<readonly Order[]> =>
  ctx
    .table(orders)
    .find(
      (row) => (shipper === null ? oneOf(row.externalId, ids) : and(eq(row.shipperId, shipper), oneOf(row.externalId, ids))),
      {
        limit: foundMax,
        sortBy: "externalId",
      },
    );

/** Why orders cannot be on a manifest: their ids, by reason. */
const flawsOf = (
  ids: readonly string[],
  byId: ReadonlyMap<string, readonly Order[]>,
): { readonly [reason in "unknown" | "ambiguous" | "cancelled" | "listed"]: readonly string[] } => {
  const are = (test: (found: readonly Order[]) => boolean): readonly string[] => ids.filter((id) => test(byId.get(id) ?? []));
  return {
    unknown: are((found) => found.length === 0),
    ambiguous: are((found) => found.length > 1),
    cancelled: are(([order, ...others]) => others.length === 0 && order?.state === "cancelled"),
    listed: are(([order, ...others]) => others.length === 0 && order !== undefined && order.manifest !== null),
  };
};

const sameOrders = (known: Manifest, ids: readonly string[], shipper: string | null): boolean =>
  known.shipperId === shipper && known.orderIds.length === ids.length && known.orderIds.every((id) => ids.includes(id));

/** `known` is the manifest of that id. */
export const compose = async (
  ctx: CommandContext,
  input: ManifestInput,
  known: Manifest | undefined,
): Promise<FunctionRefusal | ReturnType<typeof ctx.created<Manifest>>> => {
  const ids = [...new Set(input.orderIds)].toSorted();
  if (known !== undefined) {
    if (known.state === "withdrawn") return ctx.refuse("manifest_withdrawn", { manifest: known.externalId });
    if (!sameOrders(known, ids, input.shipperId)) return ctx.refuse("manifest_differs", { manifest: known.externalId });
    return ctx.replayed(known);
  }
  const byId = Map.groupBy(await search(ctx, ids, input.shipperId), ({ externalId }) => externalId);
  const flaws = flawsOf(ids, byId);
  const rejected = Object.values(flaws).flat();
  if (rejected.length > 0) return ctx.refuse("orders_not_accepted", { ...flaws, ids: rejected.join(", ") });
  const manifest = ctx.table(manifests).insert({
    ...input,
    id: manifestIdOf(input.externalId),
    orderIds: ids,
    orderCount: ids.length,
    state: "open",
  });
  const at = nextMoment(ctx);
  for (const [order] of byId.values()) {
    if (order === undefined) continue;
    ctx.table(orders).update(order.id, { manifest: manifest.id, state: "manifested" });
    noteStatus(ctx, order, "manifested", { at });
    tell(ctx, "manifested", order);
  }
  ctx.emit("opened", { manifest: manifest.id, orders: ids.length }, manifests);
  return ctx.created(manifest);
};
