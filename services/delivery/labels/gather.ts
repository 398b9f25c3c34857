/** What is printed of orders: their parcels, their senders and the tariff in force, read at once; or all that keeps them from being printed. */
import { eq, type FunctionRefusal, oneOf, type QueryContext } from "pons";
import type { Party } from "../documents/index.ts";
import type { Manifest } from "../manifests/manifest-fields.ts";
import { changesMax } from "../moments.ts";
import { type Order, orders as orderTable } from "../orders/order-fields.ts";
import { type Parcel, parcels as parcelTable, parcelsMax } from "../orders/parcel-fields.ts";
import { noTariff } from "../pricing/quote.ts";
import { versionAt } from "../pricing/versions.ts";
import type { TariffVersion } from "../tariffs/index.ts";
import { type Sender, senderIdOf, senders as senderTable } from "./sender-fields.ts";

/** Orders that are read at once. */
const readMax = 100;

export const gatherRefusals = {
  ...noTariff,
  sender_unknown: { status: 409, doc: "It was not said who the sender is: `senders` has none for `shippers`." },
} as const;

export const nothingOnIt = {
  nothing_to_hand_over: { status: 409, doc: "The manifest was withdrawn: no order is on it." },
} as const;

/** Orders on a manifest, by their external ids. */
export const ordersOn = (ctx: QueryContext, { id }: Manifest): Order[] | Promise<Order[]> =>
  ctx.table(orderTable).find((row) => eq(row.manifest, id), { limit: changesMax, sortBy: "externalId" });

export interface Printed {
  readonly order: Order;
  /** By their position. */
  readonly parcels: readonly Parcel[];
  readonly sender: Sender;
}

export interface Gathered {
  readonly version: TariffVersion;
  readonly printed: readonly Printed[];
}

const parcelsOf = async (ctx: QueryContext, orders: readonly Order[]): Promise<ReadonlyMap<string, readonly Parcel[]>> => {
  const found: Parcel[] = [];
  for (let at = 0; at < orders.length; at += readMax) {
    const ids = orders.slice(at, at + readMax).map(({ id }) => id);
    const limit = ids.length * parcelsMax;
    found.push(...(await ctx.table(parcelTable).find((row) => oneOf(row.order, ids), { limit, sortBy: "position" })));
  }
  return Map.groupBy(found, ({ order }) => order);
};

/** `orders` in the order they are to be printed. */
export const gather = async (ctx: QueryContext, orders: readonly Order[]): Promise<Gathered | FunctionRefusal> => {
  const inForce = await versionAt(ctx, ctx.now);
  if (inForce === null) return ctx.refuse("no_tariff");
  const shippers = [...new Set(orders.map(({ shipperId }) => shipperId))].toSorted();
  const senders = new Map<string, Sender>();
  for (let at = 0; at < shippers.length; at += readMax) {
    const ids = shippers.slice(at, at + readMax).map(senderIdOf);
    const found = await ctx.table(senderTable).find((row) => oneOf(row.id, ids), { limit: readMax });
    for (const sender of found) senders.set(sender.shipperId, sender);
  }
  const unknown = shippers.filter((shipper) => !senders.has(shipper));
  if (unknown.length > 0) return ctx.refuse("sender_unknown", { shippers: unknown });
  const parcels = await parcelsOf(ctx, orders);
  const printed = orders.flatMap((order) => {
    const sender = senders.get(order.shipperId);
    return sender === undefined ? [] : [{ order, sender, parcels: parcels.get(order.id) ?? [] }];
  });
  return { version: inForce.version, printed };
};

/** Those of the given ids, in their order; the ids that are none are named. */
export const ordersOf = async (ctx: QueryContext, ids: readonly string[]): Promise<readonly Order[] | FunctionRefusal> => {
  const found = new Map<string, Order>();
  for (let at = 0; at < ids.length; at += readMax) {
    const some = ids.slice(at, at + readMax);
    for (const order of await ctx.table(orderTable).find((row) => oneOf(row.id, some), { limit: readMax }))
      found.set(order.id, order);
  }
  const orders = ids.flatMap((id) => found.get(id) ?? []);
  const missing = ids.filter((id) => !found.has(id));
  return missing.length > 0 ? ctx.refuse("orders_not_found", { missing, ids: missing.join(", ") }) : orders;
};

interface AddressParts {
  readonly index: string | null;
  readonly region: string | null;
  readonly district: string | null;
  readonly city: string | null;
  readonly settlement: string | null;
  readonly street: string | null;
  readonly home: string | null;
  readonly housing: string | null;
  readonly flat: string | null;
}

const joined = (separator: string, ...parts: readonly (string | null)[]): string =>
  parts.filter((part) => part !== null && part.trim() !== "").join(separator);

/** Characters of a line of street and house that a label prints in full size. */
const streetMax = 38;
/** Lines of an address on a label. */
const linesMax = 4;

/**
 * Lines of an address, as they stand on paper: street and house, place, postal code and city, region. At most four. Beside a long street the house has a
 * line of its own, so that it is never what is cut; where that is one too many, the region stands behind the city.
 */
export const linesOf = ({
  index,
  region,
  district,
  city,
  settlement,
  street,
  home,
  housing,
  flat,
}: AddressParts): readonly string[] => {
  const whole = joined(", ", joined(" ", street, home), housing, flat);
  const streets = whole.length <= streetMax ? [whole] : [joined("", street), joined(", ", home, housing, flat)];
  const area = region === city ? null : region;
  const place = joined(", ", settlement, district);
  const lines = [...streets, place, joined(" ", index, city), joined("", area)].filter((line) => line !== "");
  if (lines.length <= linesMax) return lines;
  return [...streets, place, joined(", ", joined(" ", index, city), area)].filter((line) => line !== "");
};

export const partyOf = ({
  name,
  address,
  phone,
}: {
  readonly name: string;
  readonly address: AddressParts;
  readonly phone: string | null;
}): Party => ({
  name,
  address: linesOf(address),
  ...(phone === null || phone.trim() === "" ? {} : { phone }),
});
