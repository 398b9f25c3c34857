/** Quotes: what the ways of delivery cost, kept for a day with the version they were worked out by. */
import { eq, resource, t } from "pons";
import { filledLines, goodsUnknown } from "../catalogue/fill.ts";
import { everybody } from "../roles.ts";
import { quote, quoteRefusals } from "./quote.ts";
import { rateInput, rates as declared } from "./rate-fields.ts";
import { lineWords } from "./words.ts";

const keptMs = 86_400_000;

export const rates = resource(declared, ({ self, all, command, query, due }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "createdAt.desc",
  due: due({ doc: "Forgets a quote after a day.", at: "expiresAt", run: (ctx, { row }) => ctx.table(self).delete(row.id) }),
  create: command({
    on: "collection",
    doc: "Packs the goods and prices the ways of delivery. Kept for 24 hours.",
    roles: everybody,
    cost: 5,
    input: rateInput,
    output: "row",
    refusals: { ...quoteRefusals, ...goodsUnknown },
    prepare: async (ctx, { input }) => {
      const goods = await filledLines(ctx, input.goods, "packing");
      if ("refused" in goods) return goods;
      const answer = await quote(ctx, { ...input, goods });
      return "refused" in answer ? answer : { ...answer, goods };
    },
    run: (ctx, { input, prepared }) =>
      ctx.created(
        ctx.table(self).insert({ ...input, ...prepared, expiresAt: new Date(Date.parse(ctx.now) + keptMs).toISOString() }),
      ),
  }),
  functions: {
    charges: query({
      on: "collection",
      doc: "What packing and marking cost in an offer of a quote: materials and labour.",
      roles: everybody,
      input: {
        serial: t.integer({ min: 0, doc: "Number of the quote." }),
        deliveryType: t.integer({ min: 0, doc: "Number of the way of delivery." }),
      },
      output: {
        charges: t.array(
          t.object({
            description: t.string(),
            price: t.money({ doc: "Of one, in minor units." }),
            quantity: t.integer(),
            amount: t.money({ doc: "Of all, in minor units." }),
          }),
        ),
      },
      refusals: {
        rate_not_found: { status: 404, doc: "There is no such quote, or it is older than a day." },
        not_offered: { status: 404, doc: "The quote has no offer of this way of delivery." },
      },
      run: async (ctx, { input }) => {
        const [found] = await ctx.table(self).find((row) => eq(row.serial, input.serial), { limit: 1 });
        if (found === undefined || (found.expiresAt ?? "") <= ctx.now)
          return ctx.refuse("rate_not_found", { serial: input.serial });
        const offer = found.offers.find(({ deliveryType }) => deliveryType === input.deliveryType);
        if (offer === undefined) return ctx.refuse("not_offered", { deliveryType: input.deliveryType });
        return {
          charges: offer.lines
            .filter(({ group }) => group === "packaging")
            .map((line) => ({
              description: lineWords(ctx.locale, line),
              price: line.price,
              quantity: line.quantity,
              amount: line.amount,
            })),
        };
      },
    }),
  },
}));
