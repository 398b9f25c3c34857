/** Moves: append-only, made by code, with rules that look at either of two references. */
import { eq, or, related, resource, t } from "../../../src/index.ts";

export const moves = resource(
  "moves",
  {
    doc: "Value that went from one box into another.",
    fields: {
      id: t.id("mov"),
      source: t.ref("boxes"),
      target: t.ref("boxes"),
      value: t.money(),
      seq: t.integer({ set: "sequence" }),
      at: t.dateTime({ set: "created" }),
    },
  },
  ({ all, rows, sum, command, self }) => ({
    rows: {
      clerk: all,
      owner: rows(({ source, target }, caller) =>
        or(eq(related(source, "owner"), caller.subject), eq(related(target, "owner"), caller.subject)),
      ),
    },
    properties: { moved: sum("value") },
    create: command({
      on: "collection",
      doc: "Notes a move.",
      roles: ["clerk"],
      input: {
        source: t.ref("boxes"),
        target: t.ref("boxes"),
        value: t.money({ min: 1n }),
        again: t.boolean({ default: false }),
      },
      refusals: { same_box: { status: 400, doc: "From a box into itself." } },
      run: (ctx, { input: { again, ...input } }) => {
        if (input.source === input.target) return ctx.refuse("same_box", {}, { fields: { target: ["same_box"] } });
        const row = ctx.table(self).insert(input);
        return again ? ctx.replayed(row) : ctx.created(row);
      },
    }),
    appendOnly: true,
  }),
);
