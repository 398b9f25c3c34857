/**
 * Closing the books: after a day was closed, nothing takes effect on it or before. A day is closed once it is over and all its transfers are under a seal;
 * what is wrong in it is corrected on a later day.
 */
import { resource, t } from "pons";
import { books, booksOf } from "./book-fields.ts";
import { sealDay } from "./seals.ts";

const fields = {
  id: t.id("per"),
  through: t.date({ unique: true, doc: "Last day that was closed." }),
  sealedSeq: t.integer({ doc: "Last transfer under a seal at that time." }),
  closedBy: t.string({ maxLength: 255, doc: "Who closed it." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const periods = resource("periods", { doc: "Days whose books were closed.", fields }, ({ self, all, command }) => ({
  rows: { teller: all, supervisor: all, auditor: all },
  appendOnly: true,
  sortBy: "through.desc",
  events: { closed: { doc: "Books were closed.", data: { through: t.date() } } },
  create: command({
    on: "collection",
    doc: "Closes the books through a day that is over (UTC). Its transfers are sealed first, ten thousand per call.",
    roles: ["supervisor"],
    input: { through: t.date({ doc: "Last day to close.", example: "2026-10-31" }) },
    output: "row",
    refusals: {
      day_not_over: { status: 422, doc: "The day is not over." },
      nothing_to_close: { status: 409, doc: "That day is closed already." },
      not_sealed_yet: { status: 409, doc: "More transfers are to be sealed; call again." },
    },
    run: async (ctx, { input: { through } }) => {
      const state = booksOf(ctx);
      if (through >= ctx.now.slice(0, 10)) return ctx.refuse("day_not_over");
      if (state.closedThrough !== null && through <= state.closedThrough)
        return ctx.refuse("nothing_to_close", { closedThrough: state.closedThrough });
      const { more, sealedSeq } = await sealDay(ctx, state);
      // The seal stays: the next call goes on behind it.
      if (more) return ctx.refuse("not_sealed_yet", { sealedSeq }, { keep: true });
      ctx.table(books).update(state.id, { closedThrough: through });
      const { user, app, subject } = ctx.principal;
      ctx.emit("closed", { through });
      return ctx.created(ctx.table(self).insert({ through, sealedSeq, closedBy: user ?? app ?? subject ?? "system" }));
    },
  }),
}));
