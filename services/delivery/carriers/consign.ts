/**
 * Gives orders that were handed over to the carrier that serves their way of delivery, and binds the numbers that it assigns. An order whose way no carrier
 * serves stays with the house, and so does one that has a number already: it was booked by hand. Asked with the same key however often it takes: a carrier
 * books it once.
 */
import { type CommandContext, eq, job, type JobEvent, type WorkContext } from "pons";
import { orders } from "../orders/order-fields.ts";
import { parcels, parcelsMax } from "../orders/parcel-fields.ts";
import { loadMoment, numberOf, takeWaiting } from "./apply.ts";
import { carriers, type CarrierRow, consignmentIdOf, consignments } from "./carrier-fields.ts";
import { connectors } from "./connectors.ts";
import { type Booked, Engine } from "./engine.ts";

const carriersMax = 100;

interface Given {
  readonly order: string;
  readonly carrier: Pick<CarrierRow, "id" | "connector">;
  readonly booked: Booked;
}

const carrierFor = async (ctx: WorkContext, way: number): Promise<CarrierRow | undefined> => {
  const all = await ctx.table(carriers).find((row) => eq(row.enabled, true), { limit: carriersMax, sortBy: "code" });
  return all.find(
    ({ deliveryTypes, connector }) => deliveryTypes.includes(way) && connectors[connector].deliveryTypes.includes(way),
  );
};

const give = async (ctx: WorkContext, event: JobEvent): Promise<Given | null> => {
  const order = await ctx.table(orders).get(String(event.data["order"]));
  if (order === undefined || order.trackingNumber !== null) return null;
  const carrier = await carrierFor(ctx, order.deliveryType);
  if (carrier === undefined) return null;
  const packed = await ctx.table(parcels).find((row) => eq(row.order, order.id), { limit: parcelsMax, sortBy: "position" });
  const weight = order.goods.reduce((sum, line) => sum + line.weight * line.quantity, 0);
  const reference = consignmentIdOf(ctx.principal, order.id);
  const booked = await new Engine(ctx, carrier, connectors[carrier.connector]).book(
    { ...order, reference, parcels: packed.length > 0 ? packed : [{ weight }] },
    `${reference}-${event.id}`,
  );
  return { order: order.id, carrier, booked };
};

const note = async (ctx: CommandContext, given: Given | null): Promise<void> => {
  if (given === null) return;
  const { carrier, booked } = given;
  await loadMoment(ctx);
  const order = await ctx.table(orders).get(given.order);
  if (order === undefined) return;
  const table = ctx.table(consignments);
  const id = consignmentIdOf(ctx.principal, order.id);
  const known = await table.get(id);
  if (known?.state === "booked") return;
  const content = { order: order.id, carrier: carrier.id };
  const put = (values: { state: "booked" | "refused"; number: string | null; problem: string | null }) =>
    known === undefined ? table.insert({ id, ...content, ...values }) : table.update(id, { ...content, ...values });
  const tell = (event: string): void => ctx.emit(event, { consignment: id, ...content }, consignments);
  if ("refused" in booked) {
    put({ state: "refused", number: null, problem: booked.refused });
    tell("refused");
    return;
  }
  const outcome = await numberOf(ctx, order, booked.number);
  const isBound = outcome === "applied" || outcome === "unchanged";
  const consignment = put({ state: "booked", number: isBound ? booked.number : null, problem: isBound ? null : outcome });
  tell("booked");
  const asked = await ctx.table(carriers).get(carrier.id);
  if (asked?.askAt === null) ctx.table(carriers).update(carrier.id, { askAt: ctx.now });
  await takeWaiting(ctx, consignment, connectors[carrier.connector]);
};

export const consign = job({
  doc: "Gives what was handed over to the carrier, and binds the numbers it assigns.",
  on: ["orders.handedOver", "consignments.retried"],
  // Over a day.
  attempts: 36,
  atOnce: 8,
  timeoutSeconds: 30,
  work: give,
  run: (ctx, _event, given) => note(ctx, given),
});
