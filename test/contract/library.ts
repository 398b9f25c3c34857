/**
 * A lending library: a service made up to show every field kind, relation, function and kind of change of the definition language to the documents,
 * the lock and the versions. v3 is the newest; v2 and v1 are declared by what changed after them.
 */
import {
  added,
  and,
  command,
  contains,
  eq,
  gt,
  isNull,
  lte,
  query,
  removed,
  renamed,
  resource,
  retyped,
  service,
  singleton,
  t,
  version,
} from "../../src/index.ts";

export const authors = resource(
  "authors",
  {
    doc: "People who wrote books.",
    fields: {
      id: t.id("aut"),
      fullName: t.string({ minLength: 1, maxLength: 120, doc: "As printed on the title page." }),
      country: t.country({ optional: true }),
      bornOn: t.date({ optional: true }),
      website: t.url({ optional: true }),
      mother: t.language({ optional: true, doc: "Mother tongue." }),
    },
  },
  ({ all, many, command: fn }) => ({
    rows: { reader: all, librarian: all },
    access: { create: ["librarian"], update: ["librarian"], delete: ["librarian"] },
    relations: { books: many("books", { by: "author" }) },
    functions: {
      merge: fn({
        on: "item",
        doc: "Moves the books of another author here and deletes the other.",
        roles: ["librarian"],
        input: { other: t.ref("authors", { doc: "The author that is a double." }) },
        refusals: { same_author: { status: 422, doc: "An author cannot be merged with itself." } },
        run: (_ctx, { row }) => row,
      }),
    },
  }),
);

export const books = resource(
  "books",
  {
    doc: "Titles the library owns.",
    fields: {
      id: t.id("bok", { client: true }),
      title: t.string({ minLength: 1, maxLength: 300 }),
      author: t.ref("authors", { doc: "Who wrote it." }),
      isbn: t.string({ pattern: "97[89][0-9]{10}", unique: true, optional: true, example: "9780306406157" }),
      summary: t.text({ optional: true, maxLength: 4000 }),
      pages: t.integer({ min: 1, max: 20_000 }),
      price: t.money({ min: 0n, doc: "Replacement price in minor units.", currency: "currency" }),
      currency: t.currency({ default: "EUR" }),
      weight: t.decimal({ scale: 3, min: "0", optional: true, doc: "Kilograms." }),
      reference: t.boolean({ default: false, doc: "Not lent out." }),
      shelf: t.enum(["open", "closed", "cellar"], { default: "open" }),
      printedOn: t.date({ optional: true }),
      loanPeriod: t.duration({ default: "P28D" }),
      tags: t.array(t.string({ maxLength: 40 }), { optional: true, maxItems: 20 }),
      size: t.object({ width: t.integer({ min: 1 }), height: t.integer({ min: 1 }) }, { optional: true, doc: "Millimetres." }),
      extra: t.json({ optional: true }),
      cover: t.binary({ optional: true, maxBytes: 65_536, filter: false }),
      supplier: t.string({ optional: true, read: ["librarian"], mask: "last4" }),
      version: t.integer({ set: "version" }),
      createdAt: t.dateTime({ set: "created" }),
      updatedAt: t.dateTime({ set: "updated" }),
    },
  },
  ({ all, filter, count, sum, max, many, command: fn, query: ask }) => ({
    rows: { reader: all, librarian: all },
    access: { create: ["librarian"], update: ["librarian"], delete: ["librarian"] },
    refusals: { on_loan: { status: 409, doc: "A book that is lent out cannot be deleted." } },
    relations: { loans: many("loans", { by: "book" }) },
    filters: {
      lendable: filter(({ reference }) => eq(reference, false)),
      thick: filter(
        { from: t.integer({ min: 1, default: 500 }), word: t.string({ optional: true }) },
        ({ pages, title }, { from, word }) => and(gt(pages, from), contains(title, word as never)),
      ),
    },
    stats: {
      byShelf: {
        doc: "Books and their worth by shelf.",
        group: ["shelf", "currency"],
        measures: { books: count(), worth: sum("price") },
      },
      bought: { group: [{ by: "createdAt", part: "month" }], measures: { books: count() }, roles: ["librarian"] },
    },
    properties: { longest: max("pages") },
    functions: {
      withdraw: fn({
        on: "item",
        doc: "Takes a book out of use.",
        roles: ["librarian"],
        input: { reason: t.string() },
        run: (_ctx, { row }) => row,
      }),
      discardUnread: fn({
        on: "collection",
        doc: "Discards books that nobody borrowed before a date.",
        roles: ["librarian"],
        input: { before: t.date() },
        output: { discarded: t.integer() },
        run: () => ({ discarded: 0 }),
      }),
      similar: ask({ on: "item", doc: "Books like this one.", roles: ["reader", "librarian"], output: "rows", run: () => [] }),
    },
    maxPerPage: 200,
    sortBy: "title",
  }),
);

export const members = resource(
  "members",
  {
    doc: "Who may borrow.",
    fields: {
      id: t.id("mem"),
      name: t.string({ maxLength: 120 }),
      email: t.email({ unique: true }),
      phone: t.phone({ optional: true }),
      status: t.enum(["active", "blocked"], { write: ["librarian"], default: "active" }),
      joinedAt: t.dateTime({ set: "created" }),
    },
  },
  ({ all, own, manyToMany, command: fn }) => ({
    rows: { reader: own("id"), librarian: all },
    access: { create: ["librarian"], update: ["librarian", "reader"], replace: [] },
    relations: { favourites: manyToMany("books", { through: "favourites", from: "member", to: "book" }) },
    events: { memberBlocked: { doc: "A member was blocked.", data: { member: t.ref("members") } } },
    functions: {
      block: fn({
        on: "item",
        doc: "Stops a member from borrowing.",
        roles: ["librarian"],
        output: "none",
        run: () => undefined,
      }),
    },
  }),
);

export const favourites = resource(
  "favourites",
  { doc: "Books members like.", fields: { id: t.id("fav"), member: t.ref("members"), book: t.ref("books") } },
  ({ own, all }) => ({ rows: { reader: own("member"), librarian: all }, access: { create: ["reader"], delete: ["reader"] } }),
);

export const loans = resource(
  "loans",
  {
    doc: "Books lent to members; never changed, only closed by a return.",
    fields: {
      id: t.id("lon"),
      book: t.ref("books"),
      member: t.ref("members"),
      dueOn: t.date({ write: "create" }),
      returnedAt: t.dateTime({ optional: true, write: "never" }),
      number: t.integer({ set: "sequence" }),
    },
  },
  ({ own, all, filter, command: fn }) => ({
    rows: { reader: own("member"), librarian: all },
    filters: {
      open: filter(({ returnedAt }) => isNull(returnedAt)),
      dueBy: filter({ day: t.date() }, ({ dueOn }, { day }) => lte(dueOn, day)),
    },
    create: fn({
      on: "collection",
      doc: "Lends a book to a member.",
      roles: ["librarian"],
      refusals: {
        already_lent: { status: 409, doc: "Someone else has the book." },
        member_blocked: { status: 422, doc: "The member may not borrow." },
      },
      output: "row",
      run: () => undefined,
    }),
    appendOnly: true,
  }),
);

export const me = singleton("me", { doc: "The member who calls.", of: members, roles: ["reader"], update: ["reader"] });

const quoteFine = query({
  doc: "What a late return would cost.",
  roles: ["reader", "librarian"],
  input: { days: t.integer({ min: 0, max: 3650 }) },
  output: { fine: t.money(), currency: t.currency() },
  run: () => ({ fine: 0n, currency: "EUR" }),
});

const closeDay = command({ doc: "Closes the day's books.", roles: ["librarian"], output: "none", run: () => undefined });

const toCents = (old: string): number => {
  const [whole = "0", cents = ""] = old.split(".");
  return Number(whole) * 100 + Number(cents.padEnd(2, "0"));
};
const fromCents = (cents: number): string => `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;

/** What changed after v2: prices became minor units, `name` became `title`, books got a shelf. */
export const v2 = version("v2", {
  changes: [
    renamed("books", { from: "name", to: "title" }),
    retyped("books", "price", { field: t.decimal({ scale: 2, min: "0" }), up: toCents, down: fromCents }),
    added("books", "shelf"),
    renamed("authors", { from: "name", to: "fullName" }),
    renamed("loans", { from: "borrower", to: "member" }),
  ],
  deprecated: "2026-06-01",
  sunset: "2027-06-01",
  guide: "/guides/library-v3",
});

/** What changed after v1: `heading` became `name`, a branch was dropped, members got a phone, pages were text. */
export const v1 = version("v1", {
  changes: [
    renamed("books", { from: "heading", to: "name" }),
    removed("books", "branch", {
      field: t.string({ maxLength: 20, doc: "Where it stands." }),
      value: (row) => (row["reference"] === true ? "reading room" : "main"),
    }),
    retyped("books", "pages", {
      field: t.string({ pattern: "[0-9]{1,5}" }),
      up: (old: string) => Number(old),
      down: (pages: number) => String(pages),
    }),
    added("members", "phone", { default: "+4930123456" }),
  ],
  deprecated: "2025-01-01",
  sunset: "2026-12-31",
});

export default service("library", {
  title: "Library",
  doc: "Books, who wrote them and who has them.",
  version: "v3",
  roles: { reader: "A member of the library.", librarian: "Staff." },
  resources: [authors, books, members, favourites, loans],
  singletons: [me],
  operations: { quoteFine, closeDay },
  older: [v2, v1],
  messages: { de: { "error.already_lent": "Das Buch ist verliehen.", "field.books.title": "Titel" } },
});
