/** Lines of goods in an order or a basket. */
import { t } from "pons";
import { amount, askedSizeFields, goodsMax, moneyMax, quantity, sizeFields } from "../measures.ts";

const sku = t.string({ minLength: 1, maxLength: 60, doc: "The shop's number of the article.", example: "MUG-01" });
const name = t.string({ optional: true, maxLength: 200, doc: "Needed in orders.", example: "Stoneware mug" });

const rest = {
  quantity,
  price: t.money({
    optional: true,
    min: 0n,
    max: moneyMax,
    doc: "Of one piece, in minor units; needed in orders.",
    example: 1290,
  }),
  isFragile: t.boolean({ optional: true, doc: "Nothing heavier is packed on it, and the label says so." }),
  isUpright: t.boolean({ optional: true, doc: "Its height stays upright." }),
  vatRate: t.string({ optional: true, maxLength: 20, doc: "As the shop names it.", example: "20%" }),
};

/** A line that is kept: with its measures. */
export const goodsLine = t.object({ sku, name, ...sizeFields, ...rest });

const bounds = { minItems: 1, maxItems: goodsMax } as const;

export const goods = t.array(goodsLine, { ...bounds, doc: "Lines of goods." });

/** Lines as they are asked for. */
export const askedGoods = t.array(t.object({ sku, name, ...askedSizeFields, ...rest }), {
  ...bounds,
  doc: "Lines of goods. What one leaves out is taken from the catalogue, by its `sku`; an order keeps what it was placed with.",
});

export const declaredCost = amount("Declared value", 2580);
export const amountToBePaid = amount("Cash to be collected on delivery", 0);
export const seal = t.integer({ min: 1, max: 3, doc: "1 none, 2 bubble wrap, 3 filler.", example: 1 });
export const isSturdy = t.boolean({ default: false, doc: "Whether it is packed in sturdy packaging." });
