/** Fields of a parcel of an order. */
import { declare, type RowOf, t } from "pons";
import { sizeFields } from "../measures.ts";

const inner = (doc: string) => t.integer({ doc: `${doc}, 0.1 mm.` });

/** Where a piece lies in its box. */
export const placement = t.object({
  item: t.integer({ doc: "Line of goods, from 1." }),
  step: t.integer({ doc: "1, 2, 3 … in the order of packing." }),
  x: t.integer({ doc: "Along the length, 0.1 mm." }),
  y: t.integer({ doc: "Along the width." }),
  z: t.integer({ doc: "Upwards." }),
  length: t.integer({ doc: "As it stands." }),
  width: t.integer(),
  height: t.integer(),
});

const contents = t.object(
  {
    length: inner("Length inside"),
    width: inner("Width inside"),
    height: inner("Height inside"),
    placements: t.array(placement, { doc: "Where each piece lies, in the order of packing." }),
  },
  { optional: true, filter: false, doc: "How the goods lie in it; absent where the parcel was noted by hand." },
);

export const parcelFields = {
  id: t.id("prc"),
  order: t.ref("orders", { doc: "The order whose goods are in it." }),
  position: t.integer({ min: 1, doc: "1, 2, 3 … within the order." }),
  ...sizeFields,
  carton: t.string({
    optional: true,
    maxLength: 40,
    doc: "What it was packed in, as `tariffs.cartons` lists them.",
    example: "carton-05",
  }),
  contents,
  createdAt: t.dateTime({ set: "created" }),
};

export type Parcel = RowOf<typeof parcelFields>;

export const parcels = declare("parcels", { doc: "Parcels of orders, by their outer sides.", fields: parcelFields });

/** Most parcels of one order. */
export const parcelsMax = 50;
