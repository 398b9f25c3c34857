/** Parcels that orders were packed into; `orders.plan` and `orders.pack` note them. */
import { resource } from "pons";
import { parcelLabel, parcelPicture } from "../labels/index.ts";
import { parcels as declared } from "./parcel-fields.ts";

export const parcels = resource(declared, ({ all, query }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "order",
  functions: {
    label: query({ on: "item", ...parcelLabel }),
    picture: query({ on: "item", ...parcelPicture }),
  },
}));
