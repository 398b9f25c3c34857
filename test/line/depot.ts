/** A store of boxes, with every kind of field, and words of its own for some operations. */
import { query, renamed, resource, service, t, version } from "pons";

export const boxes = resource(
  "boxes",
  {
    doc: "What is kept.",
    fields: {
      id: t.id("box", { client: true }),
      name: t.string({ minLength: 1, maxLength: 60 }),
      weight: t.integer({ min: 0, max: 10_000, default: 1 }),
      price: t.money({ default: 0n, currency: "currency" }),
      currency: t.currency({ default: "EUR" }),
      volume: t.decimal({ scale: 3, optional: true }),
      isFull: t.boolean({ default: false }),
      state: t.enum(["here", "gone"], { default: "here" }),
      checkedOn: t.date({ optional: true }),
      seenAt: t.dateTime({ optional: true }),
      note: t.text({ optional: true, maxLength: 2_000 }),
      tags: t.array(t.string({ maxLength: 40 }), { optional: true, maxItems: 20 }),
      place: t.object({ hall: t.string({ maxLength: 20 }), shelf: t.integer({ optional: true }) }, { optional: true }),
      parts: t.array(
        t.object({
          sku: t.string({ maxLength: 20 }),
          amount: t.integer({ min: 1 }),
          marks: t.array(t.string(), { optional: true }),
        }),
        {
          optional: true,
          maxItems: 50,
        },
      ),
      extra: t.json({ optional: true }),
      seal: t.binary({ optional: true, maxBytes: 100 }),
      inside: t.ref("boxes", { optional: true }),
      cost: t.money({ optional: true, read: ["keeper"], write: ["keeper"] }),
      language: t.string({ optional: true, maxLength: 8 }),
      edition: t.integer({ set: "version" }),
    },
  },
  ({ self, all, filter, count, sum, many, max, command, query: ask }) => ({
    rows: { keeper: all, visitor: all },
    access: { create: ["keeper"], update: ["keeper"], delete: ["keeper"] },
    relations: { contents: many("boxes", { by: "inside" }) },
    sortBy: "name.asc",
    perPage: 10,
    maxPerPage: 100,
    filters: { lighter: filter({ than: t.integer() }, (row, wanted) => ({ op: "lt", left: row.weight, right: wanted.than })) },
    stats: { byState: { group: ["state"], measures: { boxes: count(), weight: sum("weight") } } },
    properties: { heaviest: max("weight") },
    functions: {
      weigh: command({
        on: "item",
        doc: "Notes a weight.",
        roles: ["keeper"],
        input: { weight: t.integer({ min: 0 }), comment: t.string({ optional: true }) },
        refusals: { too_heavy: { status: 409, doc: "It would break." } },
        run: (ctx, { row, input }) =>
          input.weight > 5_000
            ? ctx.refuse("too_heavy", { most: 5_000 })
            : ctx.table(self).update(row.id, { weight: input.weight }),
      }),
      label: ask({
        on: "item",
        doc: "A label to print.",
        roles: ["keeper", "visitor"],
        output: "document",
        documents: ["text/plain"],
        run: (ctx, { row }) =>
          ctx.document({ mediaType: "text/plain", filename: "label.txt", content: `Box:\n"${row.name}", handle with care\n` }),
      }),
    },
  }),
);

export const depot = service("depot", {
  doc: "A depot.",
  version: "v2",
  roles: { keeper: "Keeps it.", visitor: "Looks.", anyone: "Passes by." },
  resources: [boxes],
  operations: {
    hours: query({
      doc: "When it is open.",
      roles: ["anyone", "keeper"],
      output: { from: t.string(), to: t.string() },
      run: () => ({ from: "09:00", to: "17:00" }),
    }),
    fail: query({
      doc: "Fails.",
      roles: ["keeper"],
      output: { nothing: t.string() },
      run: () => {
        throw new Error("broken inside");
      },
    }),
  },
  older: [version("v1", { changes: [renamed("boxes", { from: "title", to: "name" })] })],
  messages: {
    de: { "error.too_heavy": "Höchstens {most} hält sie.", "field.boxes.name": "Name" },
  },
  line: {
    operations: {
      "boxes.get": { command: "SHOW", titles: { id: "Box", weight: "Grams" }, order: ["name", "weight"] },
      "boxes.weigh": { command: "WEIGH", titles: { id: "Box", weight: "Grams" } },
    },
  },
});
