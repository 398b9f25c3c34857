/**
 * Customers: the people and companies the bank keeps accounts for. Staff maintain them; a customer sees the own row, and changes phone and
 * language through the singleton `profile`. A customer is never deleted: accounts and transfers refer to it.
 */
import { and, eq, isNull, lt, ne, type Operand, type Operands, or, resource, t } from "pons";

/** Most customers archived by one call of `archiveInactive`. */
const archivedMax = 500;

const fields = {
  id: t.id("cus"),
  name: t.string({ minLength: 1, maxLength: 255, write: ["teller"], index: true, example: "Ada Lovelace" }),
  email: t.email({ unique: true, write: ["teller"], example: "ada@example.com" }),
  phone: t.phone({ optional: true, example: "+35621234567" }),
  country: t.country({ write: ["teller"], index: true, doc: "Country of residence or seat.", example: "MT" }),
  language: t.language({ default: "en", doc: "Language of letters and messages.", example: "en" }),
  birthDate: t.date({ optional: true, write: ["teller"], doc: "Of persons.", example: "1985-12-10" }),
  kind: t.enum(["person", "company"], { default: "person", write: ["teller"] }),
  status: t.enum(["active", "inactive", "archived"], {
    default: "active",
    write: "never",
    index: true,
    doc: "Only an active customer opens accounts.",
  }),
  taxNumber: t.string({
    optional: true,
    minLength: 4,
    maxLength: 32,
    write: ["teller"],
    read: ["teller", "auditor"],
    mask: "last4",
    filter: false,
    doc: "Tax identification number.",
    example: "MT12345678",
  }),
  openAccounts: t.integer({ default: 0, min: 0, write: "never", doc: "Accounts that are not closed." }),
  lastActiveAt: t.dateTime({ optional: true, write: "never", index: true, doc: "When an account was last opened or closed." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

/** Not active since a moment; one who never had an account counts from the day of entry. */
const idleSince = (row: Operands<typeof fields>, moment: Operand<string> | string) =>
  or(lt(row.lastActiveAt, moment), and(isNull(row.lastActiveAt), lt(row.createdAt, moment)));

export const customers = resource(
  "customers",
  { doc: "People and companies the bank keeps accounts for.", fields },
  ({ self, own, all, filter, count, many, command }) => ({
    rows: { customer: own("id"), teller: all, auditor: all },
    access: { create: ["teller"], update: ["teller"] },
    relations: { accounts: many("accounts") },
    sortBy: "name",
    filters: {
      companies: filter(({ kind, status }) => and(eq(kind, "company"), eq(status, "active"))),
      dormant: filter({ since: t.dateTime({ doc: "No account opened or closed after this moment." }) }, (row, { since }) =>
        and(ne(row.status, "archived"), idleSince(row, since)),
      ),
      from: filter({ country: t.country(), language: t.language() }, (row, wanted) =>
        and(eq(row.country, wanted.country), eq(row.language, wanted.language)),
      ),
    },
    stats: {
      byCountry: {
        doc: "Customers per country and status.",
        group: ["country", "status"],
        measures: { customers: count() },
        roles: ["teller", "auditor"],
      },
    },
    functions: {
      deactivate: command({
        on: "item",
        doc: "Stops a customer from opening accounts. What is open goes on.",
        roles: ["teller"],
        refusals: { customer_not_active: { status: 422, doc: "The customer is not active." } },
        run: (ctx, { row }) =>
          row.status === "active"
            ? ctx.table(self).update(row.id, { status: "inactive" })
            : ctx.refuse("customer_not_active", { status: row.status }),
      }),
      reactivate: command({
        on: "item",
        doc: "Makes an inactive or archived customer active again.",
        roles: ["teller"],
        refusals: { customer_active: { status: 422, doc: "The customer is active already." } },
        run: (ctx, { row }) =>
          row.status === "active"
            ? ctx.refuse("customer_active")
            : ctx.table(self).update(row.id, { status: "active", lastActiveAt: ctx.now }),
      }),
      archiveInactive: command({
        on: "collection",
        doc: `Archives customers without open accounts whose last activity lies before a moment, at most ${archivedMax} per call, longest inactive first.`,
        roles: ["teller"],
        input: {
          before: t.dateTime({ doc: "Customers active at this moment or later are kept.", example: "2026-01-01T00:00:00Z" }),
        },
        output: {
          archived: t.integer({ doc: "Customers archived by this call." }),
          more: t.boolean({ doc: "Others are left; call again." }),
        },
        run: async (ctx, { input }) => {
          const table = ctx.table(self);
          const found = await table.find(
            (row) => and(ne(row.status, "archived"), eq(row.openAccounts, 0), idleSince(row, input.before)),
            { limit: archivedMax + 1, sortBy: "lastActiveAt" },
          );
          const chosen = found.slice(0, archivedMax);
          for (const { id } of chosen) table.update(id, { status: "archived" });
          return { archived: chosen.length, more: found.length > chosen.length };
        },
      }),
    },
  }),
);
