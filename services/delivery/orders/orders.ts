/** Orders: placed by shops, listed on manifests, handed over and followed by the house. */
import { eq, resource, rowOf, t } from "pons";
import { goodsToFill } from "../catalogue/fill.ts";
import { orderLabels, packingSlip } from "../labels/index.ts";
import { lastMoment, nextMoment } from "../moments.ts";
import { versionsIndexed } from "../pricing/tariff-index.ts";
import { bindNumber, bindRefusals } from "../tracking/bind.ts";
import { number, trackingIdOf, trackingNumbers } from "../tracking/tracking-fields.ts";
import { noteStatus, tell } from "./note-status.ts";
import { orderIdOf, orderInput, orders as declared } from "./order-fields.ts";
import { packInput, packOrder, packRefusals } from "./pack.ts";
import { planOf, planRefusals } from "./plan.ts";
import { cancelOrder, orderLocked, pushOrder, pushRefusals } from "./push.ts";
import { mayBecome, travelEvents, travelStates } from "./states.ts";

const data = { order: t.ref("orders"), externalId: t.string(), shipperId: t.string() };

export const orders = resource(declared, ({ self, all, many, filter, count, sum, command, query }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "createdAt.desc",
  relations: { trackingNumbers: many("trackingNumbers"), statuses: many("statuses"), parcels: many("parcels") },
  indexes: [["externalId"]],
  filters: { placed: filter(({ state }) => eq(state, "created")) },
  stats: {
    byState: {
      doc: "Orders per state, and what is declared.",
      group: ["state"],
      measures: { orders: count(), declared: sum("declaredCost") },
    },
  },
  events: {
    created: { doc: "An order was placed.", data },
    updated: { doc: "The shop has changed an order.", data },
    cancelled: { doc: "An order was cancelled.", data },
    restored: { doc: "A cancelled order was placed again.", data },
    numbered: { doc: "An order has a number, or another one.", data },
    packed: { doc: "The parcels of an order are known.", data },
    manifested: { doc: "An order is on a manifest.", data },
    released: { doc: "The manifest of an order was withdrawn.", data },
    handedOver: { doc: "An order was handed over to the carrier.", data },
    inTransit: { doc: "An order is on its way.", data },
    awaitingPickup: { doc: "An order waits where it is picked up.", data },
    delivered: { doc: "An order has arrived.", data },
    returning: { doc: "An order comes back.", data },
    returned: { doc: "An order has come back.", data },
    lost: { doc: "An order was lost.", data },
  },
  create: command({
    on: "collection",
    doc: "Places an order, or changes it until it is on a manifest. The same again changes nothing; one that is not active is cancelled.",
    roles: ["shop", "warehouse"],
    input: orderInput,
    output: "row",
    refusals: pushRefusals,
    load: ({ input }) => ({
      known: rowOf(declared, orderIdOf(input.shipperId, input.externalId)),
      index: versionsIndexed(),
      articles: goodsToFill(input.goods, "order"),
      moment: lastMoment(),
    }),
    run: (ctx, { input, loaded: { known, index, articles } }) =>
      pushOrder(ctx, { id: orderIdOf(input.shipperId, input.externalId), known, input, index, articles }),
  }),
  functions: {
    cancel: command({
      on: "item",
      doc: "Cancels an order that is on no manifest. Placing it again restores it.",
      roles: ["shop", "warehouse"],
      refusals: orderLocked,
      load: () => ({ moment: lastMoment() }),
      run: (ctx, { row }) => cancelOrder(ctx, row),
    }),
    bindNumber: command({
      on: "item",
      doc: "Binds a number to the order. It takes the place of the one that the order has.",
      roles: ["warehouse"],
      input: { number },
      refusals: bindRefusals,
      load: ({ input }) => ({ known: rowOf(trackingNumbers, trackingIdOf(input.number)), moment: lastMoment() }),
      run: (ctx, { row, input, loaded: { known } }) => bindNumber(ctx, row, { number: input.number, known }),
    }),
    pack: command({
      on: "item",
      doc: "Notes the parcels that the order was packed into, in place of those noted before.",
      roles: ["warehouse"],
      input: packInput,
      refusals: packRefusals,
      run: (ctx, { row, input }) => packOrder(ctx, row, input.parcels),
    }),
    plan: command({
      on: "item",
      doc: "Packs the goods by the tariff in force and notes the parcels, with every piece in its place, instead of those noted before. The parcels' pictures show the steps.",
      roles: ["warehouse"],
      cost: 3,
      refusals: planRefusals,
      prepare: (ctx, { row }) => planOf(ctx, row),
      run: (ctx, { row, prepared }) => packOrder(ctx, row, prepared),
    }),
    labels: query({ on: "item", ...orderLabels }),
    packingSlip: query({ on: "item", ...packingSlip }),
    advance: command({
      on: "item",
      doc: "Notes what became of an order after its hand-over. The same state again changes nothing.",
      roles: ["warehouse"],
      input: {
        state: t.enum(travelStates, { doc: "What it is now." }),
        happenedAt: t.dateTime({ optional: true, doc: "When it happened; now unless given." }),
        comment: t.text({ optional: true, maxLength: 500, doc: "Particulars, such as the place." }),
      },
      refusals: { invalid_transition: { status: 409, doc: "The order cannot come to this state from the one it is in." } },
      load: () => ({ moment: lastMoment() }),
      run: (ctx, { row, input }) => {
        if (row.state === input.state) return row;
        if (!mayBecome(row.state, input.state)) return ctx.refuse("invalid_transition", { from: row.state, to: input.state });
        const at = nextMoment(ctx);
        noteStatus(ctx, row, input.state, { at, happenedAt: input.happenedAt, comment: input.comment });
        tell(ctx, travelEvents[input.state], row);
        return ctx.table(self).update(row.id, { state: input.state });
      },
    }),
  },
}));
