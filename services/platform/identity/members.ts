/** Who belongs to which community. Administrators change it; a member may leave. */
import { eq, resource } from "pons";
import { members as declared } from "./member-fields.ts";

export const memberResource = resource(declared, ({ self, rows, all, command }) => ({
  rows: { person: rows((row, caller) => eq(row.user, caller.user)), admin: all, staff: all, auditor: all },
  access: { create: ["admin"], update: ["admin"], replace: [], delete: ["admin"] },
  indexes: [{ fields: ["community", "user"], unique: true }],
  functions: {
    leave: command({
      on: "item",
      doc: "Ends the caller's membership.",
      roles: ["person"],
      output: "none",
      run: (ctx, { row }) => ctx.table(self).delete(row.id),
    }),
  },
}));
