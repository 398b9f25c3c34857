/** Manifests: registers of parcels that the shop hands over together. */
import { type CommandContext, eq, resource, rowOf, t } from "pons";
import { handOverAct, manifestLabels } from "../labels/index.ts";
import { changesMax, lastMoment, nextMoment } from "../moments.ts";
import { noteStatus, tell } from "../orders/note-status.ts";
import { type Order, orders } from "../orders/order-fields.ts";
import { compose, composeRefusals } from "./compose.ts";
import { type Manifest, manifestIdOf, manifestInput, manifests as declared } from "./manifest-fields.ts";

const notOpen = {
  manifest_not_open: { status: 409, doc: "The parcels were handed over, or the manifest was withdrawn." },
} as const;

/** Gives all orders of a manifest another state, and what goes with it. */
const eachOrder = async (
  ctx: CommandContext,
  manifest: Manifest,
  {
    state,
    event,
    changes,
  }: { readonly state: "handed_over" | "created"; readonly event: string; readonly changes: Partial<Order> },
): Promise<void> => {
  const at = nextMoment(ctx);
  const table = ctx.table(orders);
  for (const order of await table.find((row) => eq(row.manifest, manifest.id), { limit: changesMax })) {
    table.update(order.id, { ...changes, state });
    noteStatus(ctx, order, state, { at });
    tell(ctx, event, order);
  }
};

const data = { manifest: t.ref("manifests"), orders: t.integer() };

export const manifests = resource(declared, ({ self, all, many, filter, command, query }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "createdAt.desc",
  relations: { orders: many("orders") },
  filters: { open: filter(({ state }) => eq(state, "open")) },
  events: {
    opened: { doc: "Parcels will be handed over.", data },
    handedOver: { doc: "The parcels were handed over.", data },
    withdrawn: { doc: "The parcels will not be handed over together.", data },
  },
  create: command({
    on: "collection",
    doc: "Lists orders for their hand-over. The same id with the same orders is the manifest that is there, whatever else was sent; with other orders it is refused (`manifest_differs`): withdraw it and use another id.",
    roles: ["shop", "warehouse"],
    input: manifestInput,
    output: "row",
    refusals: composeRefusals,
    load: ({ input }) => ({ known: rowOf(declared, manifestIdOf(input.externalId)), moment: lastMoment() }),
    run: (ctx, { input, loaded: { known } }) => compose(ctx, input, known),
  }),
  functions: {
    handOver: command({
      on: "item",
      doc: "Notes that the parcels were handed over to the carrier.",
      roles: ["warehouse"],
      refusals: notOpen,
      load: () => ({ moment: lastMoment() }),
      run: async (ctx, { row }) => {
        if (row.state !== "open") return ctx.refuse("manifest_not_open", { state: row.state });
        await eachOrder(ctx, row, { state: "handed_over", event: "handedOver", changes: {} });
        ctx.emit("handedOver", { manifest: row.id, orders: row.orderCount });
        return ctx.table(self).update(row.id, { state: "handed_over", handedOverAt: ctx.now });
      },
    }),
    labels: query({ on: "item", ...manifestLabels }),
    act: query({ on: "item", ...handOverAct }),
    withdraw: command({
      on: "item",
      doc: "Takes a manifest back: its orders may be changed, cancelled and listed again.",
      roles: ["shop", "warehouse"],
      refusals: notOpen,
      load: () => ({ moment: lastMoment() }),
      run: async (ctx, { row }) => {
        if (row.state !== "open") return ctx.refuse("manifest_not_open", { state: row.state });
        await eachOrder(ctx, row, { state: "created", event: "released", changes: { manifest: null } });
        ctx.emit("withdrawn", { manifest: row.id, orders: row.orderCount });
        return ctx.table(self).update(row.id, { state: "withdrawn" });
      },
    }),
  },
}));
