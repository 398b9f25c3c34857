/** Notes of the staff about customers; never changed, never deleted, never seen by customers. */
import { resource, rowOf, t } from "pons";
import { identityOf } from "./approvals/identity.ts";
import { customers } from "./customer-fields.ts";

const text = t.text({
  minLength: 1,
  maxLength: 4_000,
  write: "create",
  doc: "What is to be remembered.",
  example: "Prefers to be called in the morning",
});

export const notes = resource(
  "notes",
  {
    doc: "What the staff remembers of customers.",
    fields: {
      id: t.id("nte"),
      customer: t.ref("customers", { write: "create", doc: "Whom it is about." }),
      text,
      author: t.string({ write: "never", maxLength: 255, doc: "Who wrote it." }),
      createdAt: t.dateTime({ set: "created" }),
    },
  },
  ({ self, all, command }) => ({
    rows: { teller: all, supervisor: all, auditor: all },
    appendOnly: true,
    indexes: [["customer", "createdAt"]],
    sortBy: "createdAt.desc",
    create: command({
      on: "collection",
      doc: "Adds a note.",
      roles: ["teller", "supervisor"],
      input: { customer: t.ref("customers", { doc: "Whom it is about." }), text },
      output: "row",
      refusals: { customer_not_found: { status: 404, doc: "There is no such customer." } },
      load: ({ input }) => ({ customer: rowOf(customers, input.customer) }),
      run: (ctx, { input, loaded: { customer } }) =>
        customer === undefined
          ? ctx.refuse("customer_not_found")
          : ctx.created(ctx.table(self).insert({ ...input, author: identityOf(ctx.principal) })),
    }),
  }),
);
