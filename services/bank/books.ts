/**
 * The state of the books as a whole: one row, kept in memory by the writer. Internal: no role sees it; `periods` and `seals` tell what it says.
 */
import { type CommandContext, resource, type Row, t } from "pons";
import { sealDay } from "./seals.ts";

const fields = {
  id: t.id("bok"),
  closedThrough: t.date({ optional: true, doc: "Last day whose books are closed: nothing more takes effect on it or before." }),
  sealedSeq: t.integer({ default: 0, doc: "Last transfer under a seal." }),
  sealHash: t.string({ default: "", maxLength: 64, doc: "Hash of the last seal." }),
  sealAt: t.dateTime({ optional: true, doc: "When the day's transfers are sealed next." }),
};

export const books = resource("books", { doc: "The state of the books.", fields }, ({ due }) => ({
  rows: {},
  inMemory: true,
  due: due({
    doc: "Seals the transfers of the days that are over.",
    at: "sealAt",
    run: async (ctx, { row }) => {
      const { more } = await sealDay(ctx, row);
      ctx.table(books).update(row.id, { sealAt: more ? ctx.now : nextSealAt(ctx.now) });
    },
  }),
}));

export type Books = Row<typeof books>;

const theBooks = "bok_00000000000000000000000000";
/** Seals are set five seconds into the next day (UTC). */
const afterMidnightMs = 5_000;
const dayMs = 86_400_000;

const nextSealAt = (now: string): string =>
  new Date((Math.floor(Date.parse(now) / dayMs) + 1) * dayMs + afterMidnightMs).toISOString();

/** The books, opened by whoever asks first. */
export const booksOf = (ctx: CommandContext): Books => {
  const table = ctx.table(books);
  return table.all()[0] ?? table.insert({ id: theBooks, sealAt: nextSealAt(ctx.now) });
};
