/** Fields of a shop's goods: what lines of goods take from the catalogue. */
import { declare, type RowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { moneyMax, sizeFields } from "../measures.ts";

export const goodInput = {
  sku: t.string({
    minLength: 1,
    maxLength: 60,
    unique: true,
    write: "create",
    doc: "The shop's number of the article: what lines of goods name.",
    example: "MUG-01",
  }),
  name: t.string({ minLength: 1, maxLength: 200, doc: "As papers have it.", example: "Stoneware mug" }),
  ...sizeFields,
  price: t.money({ min: 0n, max: moneyMax, doc: "Of one piece, in minor units.", example: 1290 }),
  vatRate: t.string({ optional: true, maxLength: 20, doc: "As the shop names it.", example: "20%" }),
  isFragile: t.boolean({ default: false, doc: "Nothing heavier is packed on it, and the label says so." }),
  isUpright: t.boolean({ default: false, doc: "Its height stays upright." }),
};

const goodFields = {
  id: t.id("gds"),
  ...goodInput,
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Good = RowOf<typeof goodFields>;

export const goods = declare("goods", {
  doc: "The shop's catalogue: what an article is called, measures and costs.",
  fields: goodFields,
});

/** One article per number. */
export const goodIdOf = (sku: string): string => derivedId("gds", `good ${sku}`);
