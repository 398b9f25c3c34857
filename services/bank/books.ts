/**
 * The state of the books as a whole: one row, kept in memory by the writer. Internal: no role sees it; `periods` and `seals` tell what it says.
 */
import { resource } from "pons";
import { books as declared, nextSealAt } from "./book-fields.ts";
import { sealDay } from "./seals.ts";

export const books = resource(declared, ({ due }) => ({
  rows: {},
  inMemory: true,
  due: due({
    doc: "Seals the transfers of the days that are over.",
    at: "sealAt",
    run: async (ctx, { row }) => {
      const { more } = await sealDay(ctx, row);
      ctx.table(declared).update(row.id, { sealAt: more ? ctx.now : nextSealAt(ctx.now) });
    },
  }),
}));
