/** Parcels that orders were packed into; `orders.pack` notes them. */
import { resource, t } from "pons";
import { sizeFields } from "../measures.ts";

export const parcelFields = {
  id: t.id("prc"),
  order: t.ref("orders", { doc: "The order whose goods are in it." }),
  position: t.integer({ min: 1, doc: "1, 2, 3 … within the order." }),
  ...sizeFields,
  carton: t.string({ optional: true, maxLength: 40, doc: "What it was packed in." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const parcels = resource("parcels", { doc: "Parcels of orders.", fields: parcelFields }, ({ all }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "order",
}));
