/** The service of the common suite: one of everything that channels have to carry. */
import { eq, query, renamed, resource, service, t, version } from "pons";

const currencies = { price: t.money({ min: 0n, currency: "currency" }), currency: t.currency({ default: "EUR" }) };

export const stalls = resource(
  "stalls",
  {
    doc: "Where goods are sold.",
    fields: {
      id: t.id("stl"),
      name: t.string({ minLength: 1, maxLength: 40, unique: true }),
      place: t.object({ row: t.integer(), side: t.enum(["left", "right"]) }, { optional: true }),
    },
  },
  ({ all, many }) => ({
    rows: { seller: all, buyer: all },
    access: { create: ["seller"], update: ["seller"], delete: ["seller"] },
    relations: { wares: many("wares", { by: "stall" }) },
  }),
);

export const wares = resource(
  "wares",
  {
    doc: "What is sold.",
    fields: {
      id: t.id("war"),
      stall: t.ref("stalls"),
      name: t.string({ minLength: 2, maxLength: 40 }),
      ...currencies,
      stock: t.integer({ min: 0, max: 1_000, default: 5 }),
      weight: t.decimal({ scale: 3, optional: true }),
      state: t.enum(["offered", "sold", "kept_back"], { default: "offered" }),
      isFragile: t.boolean({ default: false }),
      madeOn: t.date({ optional: true }),
      shownAt: t.dateTime({ optional: true }),
      note: t.text({ optional: true, maxLength: 400 }),
      tags: t.array(t.string({ maxLength: 20 }), { optional: true, maxItems: 5 }),
      cost: t.money({ optional: true, read: ["seller"], write: ["seller"] }),
      code: t.string({ default: "A-123456", read: ["seller"], mask: "last4" }),
      edition: t.integer({ set: "version", write: "never" }),
    },
  },
  ({ self, all, filter, count, sum, command: change, query: ask }) => ({
    rows: { seller: all, buyer: all },
    access: { create: ["seller"], update: ["seller"], delete: ["seller"] },
    sortBy: "name.asc",
    perPage: 5,
    maxPerPage: 50,
    filters: { named: filter({ name: t.string() }, (row, wanted) => eq(row.name, wanted.name)) },
    stats: { byState: { group: ["state"], measures: { wares: count(), value: sum("price") } } },
    events: {
      offered: {
        doc: "Something new is offered.",
        on: "create",
        data: { ware: t.ref("wares"), name: t.string(), price: t.money(), cost: t.money() },
      },
      sold: { doc: "Something was sold.", data: { ware: t.ref("wares"), left: t.integer() } },
    },
    functions: {
      sell: change({
        doc: "Sells some of it.",
        on: "item",
        roles: ["seller", "buyer"],
        input: { amount: t.integer({ min: 1, max: 100, default: 1 }) },
        refusals: { out_of_stock: { status: 409, doc: "There are not that many." } },
        run: (ctx, { row, input }) => {
          if (row.stock < input.amount) return ctx.refuse("out_of_stock", { left: row.stock });
          ctx.emit("sold", { ware: row.id, left: row.stock - input.amount });
          return ctx.table(self).update(row.id, { stock: row.stock - input.amount });
        },
      }),
      quote: ask({
        doc: "What some of it would cost.",
        on: "item",
        roles: ["seller", "buyer"],
        input: { amount: t.integer({ min: 1, max: 100 }) },
        output: { total: t.money(), currency: t.currency() },
        run: (_, { row, input }) => ({ total: row.price * BigInt(input.amount), currency: row.currency }),
      }),
    },
  }),
);

export default service("bazaar", {
  doc: "A bazaar.",
  version: "v2",
  roles: { buyer: "Buys.", seller: "Sells.", watcher: "Looks on." },
  resources: [stalls, wares],
  operations: {
    greet: query({
      doc: "Says hello.",
      roles: ["buyer", "seller", "watcher"],
      input: { name: t.string({ minLength: 1, maxLength: 40 }), times: t.integer({ min: 1, max: 3, default: 1 }) },
      output: { text: t.string() },
      run: (_, { input }) => ({ text: Array.from({ length: input.times }, () => `Hello ${input.name}`).join(", ") }),
    }),
  },
  older: [version("v1", { changes: [renamed("wares", { from: "title", to: "name" })] })],
  messages: {
    en: { "error.out_of_stock": "Only {left} are left." },
    de: {
      "error.out_of_stock": "Es sind nur noch {left} da.",
      "field.wares.name": "Name",
      "field.wares.price": "Preis",
      "field.wares.stock": "Vorrat",
    },
  },
});
