/** Fields of a quote: what was asked, what is offered, and what is not. */
import { declare, type RowOf, t } from "pons";
import { address } from "../orders/address-fields.ts";
import { askedGoods, declaredCost, goods, isSturdy, seal } from "../orders/goods-fields.ts";
import { exclusionReasons } from "../tariffs/index.ts";

const rateContent = {
  orderNumber: t.string({ optional: true, maxLength: 60, doc: "For the shop to find it by.", example: "1024" }),
  declaredCost,
  goods,
  address,
  seal,
  isSturdy,
  isCashOnDelivery: t.boolean({ default: false, doc: "Whether the declared value is collected on delivery." }),
};

export const rateInput = { ...rateContent, goods: askedGoods };

const money = (doc: string) => t.money({ doc: `${doc}, in minor units.` });

export const line = t.object({
  code: t.string({ doc: "`container`, `seal`, `carriage`, the code of a surcharge, `tax`." }),
  group: t.enum(["packaging", "carriage", "surcharge", "insurance", "tax"]),
  kind: t.string({ doc: "What it is for: the code, but of a surcharge its kind." }),
  subject: t.string({ optional: true, doc: "Which container or seal." }),
  quantity: t.integer(),
  price: money("Of one"),
  amount: money("Of all"),
});

export const offer = t.object({
  deliveryType: t.integer({ doc: "Number of the way of delivery, as orders name it." }),
  service: t.string(),
  name: t.string(),
  description: t.string({ optional: true }),
  currency: t.currency(),
  total: money("Sum of the lines"),
  insurance: money("Insurance"),
  carriage: money("Carriage and surcharges"),
  preparing: money("Packaging and labour"),
  address: t.string({ optional: true, doc: "Of a service point in the city." }),
  workTime: t.string({ optional: true, doc: "Its hours." }),
  minDays: t.integer({ doc: "Days from the order to the delivery, at least." }),
  maxDays: t.integer({ doc: "And at most." }),
  earliest: t.date(),
  latest: t.date(),
  note: t.string({ optional: true, doc: "Parcels, their chargeable weight and the zone." }),
  lines: t.array(line),
});

export const exclusion = t.object({
  deliveryType: t.integer(),
  service: t.string(),
  reason: t.enum(exclusionReasons),
  limit: t.integer({ optional: true }),
  actual: t.integer({ optional: true }),
  unit: t.enum(["g", "0.1 mm", "minor", "parcels"], { optional: true }),
});

/** What is worked out for a request. */
export const rateAnswer = {
  tariff: t.ref("tariffs", { write: "never", doc: "The version that it was worked out by." }),
  offers: t.array(offer, { filter: false, write: "never", doc: "Ways of delivery, cheapest first." }),
  excluded: t.array(exclusion, { filter: false, write: "never", doc: "Ways of delivery that are not offered, and why." }),
  comments: t.text({
    filter: false,
    write: "never",
    doc: "The same in words, in the language of who asked; a line each, empty where all are offered.",
  }),
};

export const rateFields = {
  id: t.id("rat"),
  serial: t.integer({ set: "sequence", index: true, doc: "Its number where ids are numbers." }),
  ...rateContent,
  ...rateAnswer,
  expiresAt: t.dateTime({ optional: true, write: "never", doc: "Until then it is kept." }),
  createdAt: t.dateTime({ set: "created" }),
};

/** What was asked, with the lines of goods filled. */
export type RateInput = RowOf<typeof rateContent>;
export type RateAnswer = RowOf<typeof rateAnswer>;
export type Offer = RateAnswer["offers"][number];

export const rates = declare("rates", { doc: "What ways of delivery cost.", fields: rateFields });
