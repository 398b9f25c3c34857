/** A shop's till: money that moves, rows that do not, what nobody needs to log in for, and secrets. */
import { query, renamed, resource, service, t, version } from "pons";

export const purses = resource(
  "purses",
  {
    doc: "Where money lies.",
    fields: {
      id: t.id("prs"),
      owner: t.string({ minLength: 1, maxLength: 40, doc: "Whose it is." }),
      balance: t.money({ min: 0n, currency: "currency", default: 0n, doc: "What lies in it." }),
      currency: t.currency({ default: "EUR" }),
      pin: t.string({ optional: true, maxLength: 8, read: ["keeper"], mask: "hidden", secret: true }),
      language: t.string({ optional: true, maxLength: 8 }),
      version: t.integer({ set: "version" }),
    },
  },
  ({ self, all, own, filter, count, sum, command, query: ask }) => ({
    rows: { keeper: all, owner: own("id") },
    access: { create: ["keeper"], update: ["keeper"], replace: [], delete: ["keeper"] },
    sortBy: "owner.asc",
    filters: { of: filter({ owner: t.string() }, (row, wanted) => ({ op: "eq", left: row.owner, right: wanted.owner })) },
    stats: { byCurrency: { group: ["currency"], measures: { purses: count(), total: sum("balance") } } },
    functions: {
      pay: command({
        on: "item",
        doc: "Pays something out of a purse.",
        roles: ["keeper", "owner"],
        input: {
          amount: t.money({ min: 1n, doc: "How much.", currency: "currency" }),
          currency: t.currency({ optional: true }),
          note: t.text({ optional: true, maxLength: 200 }),
        },
        refusals: { too_little: { status: 409, doc: "There is not that much in it." } },
        run: (ctx, { row, input }) =>
          row.balance < input.amount
            ? ctx.refuse("too_little", { available: row.balance })
            : ctx.table(self).update(row.id, { balance: row.balance - input.amount }),
      }),
      empty: command({
        on: "item",
        doc: "Takes out all of it.",
        roles: ["keeper"],
        run: (ctx, { row }) => ctx.table(self).update(row.id, { balance: 0n }),
      }),
      reveal: ask({
        on: "item",
        doc: "Tells the code.",
        roles: ["keeper"],
        output: { code: t.string({ secret: true }) },
        run: () => ({ code: "1234" }),
      }),
    },
  }),
);

export const notes = resource(
  "notes",
  { doc: "Remarks.", fields: { id: t.id("nte"), purse: t.ref("purses"), text: t.text({ maxLength: 2_000 }) } },
  ({ all }) => ({ rows: { keeper: all, owner: all }, access: { create: ["keeper", "owner"], delete: ["keeper"] } }),
);

export const till = service("till", {
  doc: "A till.",
  version: "v2",
  roles: { keeper: "Keeps it.", owner: "Has a purse.", watcher: "Looks on." },
  resources: [purses, notes],
  operations: {
    hours: query({
      doc: "When it is open.",
      roles: ["keeper", "owner", "watcher"],
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
  older: [version("v1", { changes: [renamed("purses", { from: "holder", to: "owner" })] })],
  messages: { de: { "error.too_little": "So viel ist nicht darin." } },
});

/** A service that chooses, and that strangers may ask. */
export const kiosk = service("kiosk", {
  doc: "A kiosk.",
  version: "v1",
  roles: { keeper: "Keeps it.", anyone: "Passes by." },
  resources: [
    resource(
      "papers",
      { doc: "Newspapers.", fields: { id: t.id("ppr"), name: t.string(), price: t.money() } },
      ({ all, command }) => ({
        rows: { keeper: all },
        access: { create: ["keeper"], update: ["keeper"], delete: ["keeper"] },
        functions: {
          order: command({
            on: "collection",
            doc: "Orders.",
            roles: ["keeper"],
            input: { copies: t.integer() },
            output: "none",
            run: () => undefined,
          }),
        },
      }),
    ),
  ],
  operations: {
    ask: query({ doc: "Is it open?", roles: ["anyone", "keeper"], output: { open: t.boolean() }, run: () => ({ open: true }) }),
    secret: query({
      doc: "A secret.",
      roles: ["keeper"],
      output: { code: t.string({ secret: true }) },
      run: () => ({ code: "1" }),
    }),
  },
  mcp: {
    tools: ["reads", "papers.create", "papers.order", "secret"],
    confirm: ["papers.order"],
    unconfirmed: ["papers.create"],
    instructions: "Ask before you order.",
  },
});
