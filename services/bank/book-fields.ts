/** The state of the books as others refer to it: fields, and the one row. What is done in time is in `books.ts`. */
import { type CommandContext, declare, type Row, t } from "pons";

const fields = {
  id: t.id("bok"),
  closedThrough: t.date({ optional: true, doc: "Last day whose books are closed: nothing more takes effect on it or before." }),
  sealedSeq: t.integer({ default: 0, doc: "Last transfer under a seal." }),
  sealHash: t.string({ default: "", maxLength: 64, doc: "Hash of the last seal." }),
  sealAt: t.dateTime({ optional: true, doc: "When the day's transfers are sealed next." }),
};

export const books = declare("books", { doc: "The state of the books.", fields });

export type Books = Row<typeof books>;

const theBooks = "bok_00000000000000000000000000";
/** Seals are set five seconds into the next day (UTC). */
const afterMidnightMs = 5_000;
const dayMs = 86_400_000;

export const nextSealAt = (now: string): string =>
  new Date((Math.floor(Date.parse(now) / dayMs) + 1) * dayMs + afterMidnightMs).toISOString();

/** The books, opened by whoever asks first. */
export const booksOf = (ctx: CommandContext): Books => {
  const table = ctx.table(books);
  return table.all()[0] ?? table.insert({ id: theBooks, sealAt: nextSealAt(ctx.now) });
};
