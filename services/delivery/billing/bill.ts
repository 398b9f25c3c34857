/**
 * Billing of orders: once they were handed over, each is priced by the tariff of that moment and its parts are entered, exactly once. An order whose way of
 * delivery the tariff does not offer is entered as `unpriced`, with nothing, so that nobody overlooks it. What costs something is to be posted (`post.ts`).
 */
import { type CommandContext, type JobEvent, job, type QueryContext } from "pons";
import { orders } from "../orders/order-fields.ts";
import { quote } from "../pricing/quote.ts";
import { billingEntries, type BilledService } from "./billing-fields.ts";
import { firstRetryAt } from "./post.ts";
import { postings } from "./posting-fields.ts";

interface Bill {
  readonly order: { readonly id: string; readonly externalId: string; readonly shipperId: string };
  readonly currency: string | null;
  readonly entries: readonly (readonly [service: BilledService, amount: bigint])[];
}

const unpriced = [["unpriced", 0n]] as const;

/** What an order that was handed over costs. */
const priced = async (ctx: QueryContext, event: JobEvent): Promise<Bill | null> => {
  const order = await ctx.table(orders).get(event.row ?? "");
  if (order === undefined) return null;
  const { goods, customer, declaredCost, seal, isSturdy, amountToBePaid } = order;
  const asked = { orderNumber: order.number, goods, address: customer.address, declaredCost, seal, isSturdy };
  const answer = await quote(
    ctx,
    { ...asked, isCashOnDelivery: amountToBePaid > 0n },
    { at: event.at, cash: Number(amountToBePaid) },
  );
  // What may pass is tried again; what the tariff does not price stays so.
  if ("refused" in answer && answer.type === "packing_busy") throw new Error("too many packings wait");
  const offer = "refused" in answer ? undefined : answer.offers.find(({ deliveryType }) => deliveryType === order.deliveryType);
  if (offer === undefined) return { order, currency: null, entries: unpriced };
  const { carriage, preparing, insurance, total } = offer;
  const parts = [
    ["carriage", carriage],
    ["preparing", preparing],
    ["insurance", insurance],
    ["tax", total - carriage - preparing - insurance],
  ] as const;
  return { order, currency: offer.currency, entries: parts.filter(([, amount]) => amount !== 0n) };
};

const enter = (ctx: CommandContext, bill: Bill | null): void => {
  if (bill === null) return;
  const { order, currency, entries } = bill;
  const { externalId, shipperId } = order;
  for (const [service, amount] of entries) {
    const { id } = ctx.table(billingEntries).insert({ order: order.id, externalId, shipperId, service, amount, currency });
    if (currency === null || amount === 0n) continue;
    ctx.table(postings).insert({ entry: id, externalId, shipperId, service, amount, currency, retryAt: firstRetryAt(ctx.now) });
  }
};

export const bill = job({
  doc: "Bills what was handed over.",
  on: "orders.handedOver",
  timeoutSeconds: 30,
  work: priced,
  run: (ctx, _event, result) => enter(ctx, result),
});
