/** The service on which GraphQL is tried: every kind of field, relations of every kind, rows and fields that not everyone sees, an older version. */
import { command, eq, gte, lt, query, removed, renamed, resource, service, singleton, t, version } from "pons";

export const authors = resource(
  "authors",
  {
    doc: "Who writes.",
    fields: {
      id: t.id("aut"),
      name: t.string({ minLength: 2, maxLength: 60 }),
      country: t.country({ default: "MT" }),
      salary: t.money({ optional: true, read: ["librarian"], write: ["librarian"] }),
      born: t.date({ optional: true }),
    },
  },
  ({ all, many }) => ({
    rows: { librarian: all, reader: all },
    access: { create: ["librarian"], update: ["librarian"], delete: ["librarian"] },
    relations: { books: many("books", { by: "author" }) },
    sortBy: "name.asc",
  }),
);

export const readers = resource(
  "readers",
  {
    doc: "Who reads.",
    fields: {
      id: t.id("rdr"),
      name: t.string({ maxLength: 60 }),
      email: t.email({ optional: true, read: ["librarian"], mask: "email", write: ["librarian"] }),
      level: t.integer({ default: 1, min: 1, max: 3 }),
    },
  },
  ({ all, own, many }) => ({
    rows: { librarian: all, reader: own("id") },
    access: { create: ["librarian"], update: ["reader", "librarian"] },
    relations: { reviews: many("reviews", { by: "reader" }) },
  }),
);

export const books = resource(
  "books",
  {
    doc: "What is read.",
    fields: {
      id: t.id("bok", { client: true }),
      author: t.ref("authors"),
      title: t.string({ minLength: 1, maxLength: 80 }),
      price: t.money({ min: 0n, default: 0n }),
      pages: t.integer({ default: 1, min: 1, max: 10_000 }),
      weight: t.decimal({ scale: 3, optional: true }),
      state: t.enum(["in-print", "sold-out", "3rd"], { default: "in-print", doc: "Whether it can be had." }),
      isRare: t.boolean({ default: false }),
      size: t.object({ width: t.integer(), height: t.integer({ optional: true }) }, { optional: true }),
      tags: t.array(t.string({ maxLength: 20 }), { optional: true, maxItems: 5 }),
      parts: t.array(t.object({ name: t.string(), cost: t.money({ default: 0n }) }), { optional: true, maxItems: 5 }),
      cover: t.binary({ optional: true, maxBytes: 1_024 }),
      facts: t.json({ optional: true }),
      loan: t.duration({ optional: true }),
      shownAt: t.dateTime({ optional: true }),
      cost: t.money({ optional: true, read: ["librarian"], write: ["librarian"] }),
      secret: t.string({ optional: true, read: ["librarian"], write: ["librarian"], mask: "last4" }),
      edition: t.integer({ set: "version", write: "never" }),
    },
  },
  ({ self, all, rows, filter, count, sum, avg, max, many, command: change, query: ask }) => ({
    rows: { librarian: all, reader: rows((row) => eq(row.isRare, false)) },
    access: { create: ["librarian"], update: ["librarian"], delete: ["librarian"] },
    sortBy: "title.asc",
    perPage: 10,
    maxPerPage: 100,
    relations: { reviews: many("reviews", { by: "book" }) },
    filters: {
      rare: filter(({ isRare }) => eq(isRare, true)),
      between: filter({ from: t.money(), to: t.money({ default: 1_000_000n }) }, ({ price }, { from, to }) => ({
        op: "and",
        of: [gte(price, from), lt(price, to)],
      })),
    },
    stats: {
      byState: {
        doc: "Books by state.",
        group: ["state"],
        measures: { books: count(), worth: sum("price"), pages: sum("pages"), mean: avg("price"), dearest: max("price") },
      },
    },
    properties: { worth: sum("price") },
    refusals: { not_lendable: { status: 409, doc: "Rare books stay." } },
    events: {
      added: {
        doc: "A book came in.",
        on: "create",
        data: { book: t.ref("books"), title: t.string(), cost: t.money({ optional: true }) },
      },
      lent: { doc: "A book was lent.", data: { book: t.ref("books"), days: t.integer() } },
    },
    functions: {
      lend: change({
        doc: "Lends a book.",
        on: "item",
        roles: ["librarian", "reader"],
        input: { days: t.integer({ min: 1, max: 30, default: 7 }), why: t.enum(["study", "fun"], { optional: true }) },
        refusals: { not_lendable: { status: 409, doc: "Rare books stay." }, too_long: { status: 422, doc: "Not for so long." } },
        run: (ctx, { row, input }) => {
          if (row.isRare) return ctx.refuse("not_lendable");
          if (input.days > 20) return ctx.refuse("too_long", { days: input.days });
          ctx.emit("lent", { book: row.id, days: input.days });
          return ctx.table(self).update(row.id, { pages: row.pages });
        },
      }),
      appraise: ask({
        doc: "What it is worth.",
        on: "item",
        roles: ["librarian", "reader"],
        input: { times: t.integer({ min: 1, max: 5, default: 1 }) },
        output: { total: t.money(), author: t.ref("authors"), lines: t.array(t.object({ text: t.string(), amount: t.money() })) },
        run: (_, { row, input }) => ({
          total: row.price * BigInt(input.times),
          author: row.author,
          lines: [{ text: row.title, amount: row.price }],
        }),
      }),
      newest: ask({
        doc: "The newest books.",
        on: "collection",
        roles: ["librarian"],
        output: "rows",
        run: (ctx) => ctx.table(self).find((row) => eq(row.isRare, false), { limit: 3, sortBy: "title" }),
      }),
      printed: ask({
        doc: "A list to print.",
        on: "collection",
        roles: ["librarian"],
        output: "document",
        documents: ["text/csv"],
        run: (ctx) => ctx.document({ mediaType: "text/csv", filename: "books.csv", content: "title\nA\n" }),
      }),
      forget: change({
        doc: "Forgets.",
        on: "collection",
        roles: ["librarian"],
        output: "none",
        run: () => undefined,
      }),
      recount: change({
        doc: "Counts anew.",
        on: "collection",
        roles: ["librarian"],
        input: { shelf: t.object({ name: t.string(), rows: t.array(t.integer({ min: 1 })) }) },
        output: { counted: t.integer(), shelf: t.string() },
        run: (_, { input }) => ({ counted: input.shelf.rows.length, shelf: input.shelf.name }),
      }),
    },
  }),
);

export const reviews = resource(
  "reviews",
  {
    doc: "What readers say.",
    fields: {
      id: t.id("rev"),
      book: t.ref("books"),
      reader: t.ref("readers"),
      stars: t.integer({ min: 1, max: 5 }),
      text: t.text({ optional: true, maxLength: 400 }),
    },
  },
  ({ all }) => ({
    rows: { librarian: all, reader: all },
    access: { create: ["librarian", "reader"], delete: ["librarian"] },
  }),
);

export const account = singleton("account", { doc: "The reader's own row.", of: readers, roles: ["reader"], update: ["reader"] });

/** Documents that callers bound to them may execute. */
export const registered = {
  titles: "query Titles { books(first: 3, sort: [{ title: asc }]) { nodes { title } } }",
  add: "mutation Add($input: BookCreateInput!) { bookCreate(input: $input) { book { title } refusal { ... on Refusal { type } } } }",
};

export default service("library", {
  doc: "A library.",
  version: "v2",
  roles: {
    librarian: "Does everything.",
    reader: "Reads.",
    kiosk: "Executes what is registered.",
    guest: "Does nothing.",
    anyone: "Everybody.",
  },
  resources: [authors, readers, books, reviews],
  singletons: [account],
  graphql: { documents: registered, persistedOnly: ["kiosk"] },
  operations: {
    hours: query({ doc: "When it is open.", roles: ["anyone"], output: { text: t.string() }, run: () => ({ text: "9 to 5" }) }),
    echo: query({
      doc: "Says the same.",
      roles: ["librarian", "reader", "kiosk"],
      input: { any: t.json({ optional: true }), amount: t.money({ optional: true }), bytes: t.binary({ optional: true }) },
      output: { any: t.json({ optional: true }), amount: t.money({ optional: true }), bytes: t.binary({ optional: true }) },
      run: (_, { input }) => input,
    }),
    wait: command({
      doc: "Waits.",
      roles: ["librarian"],
      input: { ms: t.integer({ min: 0, max: 2_000 }) },
      output: { ms: t.integer() },
      run: async (_, { input }) => {
        await Bun.sleep(input.ms);
        return { ms: input.ms };
      },
    }),
  },
  older: [
    version("v1", {
      changes: [
        renamed("books", { from: "name", to: "title" }),
        removed("books", "shelf", { field: t.string(), value: () => "A" }),
      ],
      deprecated: "2026-01-01",
      sunset: "2099-01-01",
    }),
  ],
  messages: {
    en: { "error.too_long": "Not for {days} days.", "error.not_lendable": "Rare books stay." },
    de: { "error.too_long": "Nicht für {days} Tage.", "field.authors.name": "Name" },
  },
});
