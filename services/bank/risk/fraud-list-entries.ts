/** Lists of accounts and customers that fraud rules look into. Kept in memory by the writer, so bounded. */
import { resource, t } from "pons";
import { fraudListFields } from "./fraud-fields.ts";

/** Most entries of all lists together. */
export const entriesMax = 900;

export const fraudListEntries = resource(
  "fraudListEntries",
  { doc: "Accounts and customers that are watched, blocked or trusted.", singular: "fraudListEntry", fields: fraudListFields },
  ({ self, all, command }) => ({
    rows: { supervisor: all, auditor: all },
    access: { update: ["supervisor"], delete: ["supervisor"] },
    inMemory: true,
    sortBy: "createdAt.desc",
    indexes: [{ fields: ["list", "subject"], unique: true }],
    create: command({
      on: "collection",
      doc: "Puts an account or a customer on a list.",
      roles: ["supervisor"],
      input: {
        list: fraudListFields.list,
        subject: fraudListFields.subject,
        note: t.string({ optional: true, maxLength: 200, doc: "Why." }),
      },
      output: "row",
      refusals: {
        already_listed: { status: 409, doc: "It is on that list already." },
        list_full: { status: 422, doc: `The lists hold ${entriesMax} entries together, and that many are there.` },
      },
      run: (ctx, { input }) => {
        const table = ctx.table(self);
        const entries = table.all();
        if (entries.some(({ list, subject }) => list === input.list && subject === input.subject))
          return ctx.refuse("already_listed");
        if (entries.length >= entriesMax) return ctx.refuse("list_full");
        return ctx.created(table.insert(input));
      },
    }),
  }),
);
