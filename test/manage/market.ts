/**
 * A small market: the service on which policies and limits are tried. It has what they touch: rows with a field worth hiding, rows that refer to them, a
 * command that answers a row, and answers that do not keep what the definition promises.
 */
import { command, eq, query, resource, service, t } from "pons";

const fits = { note: t.string({ optional: true, maxLength: 200 }) };

export const sellers = resource(
  "sellers",
  {
    doc: "Who sells.",
    fields: {
      id: t.id("sel"),
      name: t.string({ minLength: 1, maxLength: 60 }),
      email: t.email(),
      phone: t.string({ optional: true, maxLength: 30 }),
    },
  },
  ({ all, many }) => ({
    rows: { buyer: all, seller: all },
    access: { create: ["seller"], update: ["seller"], delete: ["seller"] },
    relations: { goods: many("goods", { by: "seller" }) },
  }),
);

export const goods = resource(
  "goods",
  {
    doc: "What is sold.",
    fields: {
      id: t.id("god"),
      title: t.string({ minLength: 1, maxLength: 60 }),
      price: t.integer({ min: 0 }),
      code: t.string({ optional: true, maxLength: 40 }),
      seller: t.ref("sellers", { optional: true }),
    },
  },
  ({ self, all, filter, count, command: change }) => ({
    rows: { buyer: all, seller: all },
    access: { create: ["seller"], update: ["seller"], delete: ["seller"] },
    filters: { titled: filter({ title: t.string() }, ({ title }, wanted) => eq(title, wanted.title)) },
    stats: { byPrice: { group: ["price"], measures: { goods: count() } } },
    functions: {
      reprice: change({
        doc: "Gives it another price.",
        on: "item",
        roles: ["seller"],
        cost: 4,
        input: { price: t.integer({ min: 0 }) },
        run: (ctx, { row, input }) => ctx.table(self).update(row.id, { price: input.price }),
      }),
    },
  }),
);

export default service("market", {
  doc: "A small market.",
  version: "v1",
  roles: { buyer: "Looks.", seller: "Sells." },
  resources: [sellers, goods],
  operations: {
    look: query({
      doc: "Looks around.",
      roles: ["buyer", "seller"],
      input: fits,
      output: { ok: t.boolean() },
      run: () => ({ ok: true }),
    }),
    wait: query({
      doc: "Takes its time.",
      roles: ["buyer", "seller"],
      input: { ms: t.integer({ min: 0, max: 5_000 }) },
      output: { ok: t.boolean() },
      run: async (_, { input }) => {
        await Bun.sleep(input.ms);
        return { ok: true };
      },
    }),
    weigh: query({
      doc: "Answers what it is given, though it promises to answer no more than nine.",
      roles: ["buyer", "seller"],
      input: { n: t.integer() },
      output: { n: t.integer({ max: 9 }) },
      run: (_, { input }) => ({ n: input.n }),
    }),
    haggle: command({
      doc: "Is refused, or costs two units.",
      roles: ["seller"],
      cost: 2,
      input: { isRefused: t.boolean({ default: false }) },
      output: "none",
      refusals: { no_deal: { status: 409, doc: "They do not agree." } },
      run: (ctx, { input }) => (input.isRefused ? ctx.refuse("no_deal") : undefined),
    }),
  },
  messages: { en: { "error.no_deal": "They do not agree." } },
});
