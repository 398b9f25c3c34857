/** The service on which streams are tried: events of every kind, rows that not everyone sees, fields that not everyone reads, and calls that take their time. */
import { command, query, renamed, resource, service, t, version } from "pons";

export const parcels = resource(
  "parcels",
  {
    doc: "Parcels on their way.",
    fields: {
      id: t.id("par"),
      label: t.string({ maxLength: 40 }),
      lane: t.string({ maxLength: 20 }),
      weight: t.integer({ default: 1 }),
      owner: t.string({ optional: true, maxLength: 64 }),
      worth: t.money({ optional: true, read: ["clerk"], write: ["clerk"] }),
      note: t.text({ optional: true }),
      edition: t.integer({ set: "version", write: "never" }),
    },
  },
  ({ self, all, own, command: change }) => ({
    rows: { clerk: all, carrier: all, owner: own("owner") },
    access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
    maxPerPage: 500,
    events: {
      posted: {
        doc: "A parcel was posted.",
        on: "create",
        data: { parcel: t.ref("parcels"), lane: t.string(), weight: t.integer(), worth: t.money({ optional: true }) },
      },
      moved: { doc: "A parcel went on.", data: { parcel: t.ref("parcels"), lane: t.string(), step: t.integer() } },
    },
    functions: {
      move: change({
        doc: "Sends it on, some steps in one go.",
        on: "item",
        roles: ["clerk"],
        input: { lane: t.string(), steps: t.integer({ min: 1, max: 5, default: 1 }) },
        run: (ctx, { row, input }) => {
          for (let step = 1; step <= input.steps; step++) ctx.emit("moved", { parcel: row.id, lane: input.lane, step });
          return ctx.table(self).update(row.id, { lane: input.lane });
        },
      }),
    },
  }),
);

export const alarms = resource(
  "alarms",
  { doc: "Alarms.", fields: { id: t.id("alm"), text: t.text({ maxLength: 20_000 }) } },
  ({ all }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    events: { rang: { doc: "An alarm rang.", on: "create", data: { alarm: t.ref("alarms"), text: t.text() } } },
  }),
);

export const entries = resource(
  "entries",
  { doc: "What was written, in order.", fields: { id: t.id("ent"), number: t.integer(), at: t.integer({ set: "sequence" }) } },
  ({ all }) => ({ rows: { clerk: all }, access: { create: ["clerk"] }, appendOnly: true, sortBy: "at.asc", maxPerPage: 500 }),
);

export default service("post", {
  doc: "A post office.",
  version: "v2",
  roles: {
    clerk: "Does everything.",
    carrier: "Sees parcels.",
    owner: "Sees the own ones.",
    guest: "Sees nothing.",
    anyone: "Everybody.",
  },
  resources: [parcels, alarms, entries],
  operations: {
    wait: query({
      doc: "Waits.",
      roles: ["clerk", "carrier", "guest"],
      input: { ms: t.integer({ min: 0, max: 20_000 }), name: t.string({ default: "" }) },
      output: { name: t.string() },
      run: async (_, { input }) => {
        await Bun.sleep(input.ms);
        return { name: input.name };
      },
    }),
    fill: query({
      doc: "Answers a text of some size.",
      roles: ["clerk"],
      input: { bytes: t.integer({ min: 0, max: 20_000_000 }) },
      output: { text: t.text() },
      run: (_, { input }) => ({ text: "x".repeat(input.bytes) }),
    }),
    hello: query({
      doc: "Greets anyone.",
      roles: ["anyone"],
      output: { text: t.string() },
      run: () => ({ text: "hello" }),
    }),
    ring: command({ doc: "Does nothing.", roles: ["clerk"], output: "none", run: () => undefined }),
  },
  older: [version("v1", { changes: [renamed("parcels", { from: "title", to: "label" })] })],
  messages: { en: {}, de: { "field.parcels.label": "Aufschrift" } },
});
