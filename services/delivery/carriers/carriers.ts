/** Carriers: each is asked for changes when its time has come, or when somebody wants it. */
import { resource, t } from "pons";
import { carrierInput, carriers as declared } from "./carrier-fields.ts";

/** So long after a question without any outcome, such as after a crash, it is put again. */
const watchMs = 120_000;

export const carriers = resource(declared, ({ self, all, command, due, many }) => ({
  rows: { warehouse: all, manager: all },
  access: { update: ["manager"], replace: [] },
  sortBy: "code",
  relations: { consignments: many("consignments") },
  events: {
    asked: { doc: "A carrier is to be asked for changes.", data: { carrier: t.ref("carriers") } },
  },
  create: command({
    on: "collection",
    doc: "Adds a carrier. Of several that serve a way of delivery the first by its code is given the parcels.",
    roles: ["manager"],
    input: carrierInput,
    output: "row",
    run: (ctx, { input }) => ctx.created(ctx.table(self).insert(input)),
  }),
  functions: {
    ask: command({
      on: "item",
      doc: "Asks the carrier for changes now.",
      roles: ["warehouse", "manager"],
      run: (ctx, { row }) => {
        ctx.emit("asked", { carrier: row.id });
        return row;
      },
    }),
  },
  due: due({
    doc: "Has the carrier asked for changes.",
    at: "askAt",
    run: (ctx, { row }) => {
      if (row.enabled) ctx.emit("asked", { carrier: row.id });
      ctx.table(self).update(row.id, { askAt: new Date(Date.parse(ctx.now) + watchMs).toISOString() });
    },
  }),
}));
