/**
 * Transfers: money from one account to another of the same currency, in one step, balanced by construction. They are only ever added: a
 * mistake is corrected by a transfer the other way.
 *
 * The client may choose the id, and then may repeat the call for as long as it likes: one transfer is made, one answer given. See
 * `posting.ts` for the outcomes.
 */
import { and, eq, gte, lt, or, related, type Row, resource, rowOf, t } from "pons";
import { accounts } from "./accounts.ts";
import { credited, debited, decide, transferRefusals } from "./posting.ts";
import { refusals } from "./refusals.ts";

const kinds = ["payment", "deposit", "withdrawal", "fee", "interest", "correction"] as const;

const debit = t.ref("accounts", { write: "create", doc: "Account the money leaves." });
const credit = t.ref("accounts", { write: "create", doc: "Account the money reaches." });
const amount = t.money({ write: "create", currency: "currency", doc: "Minor units, greater than zero.", example: 1250 });
const currency = t.currency({ write: "create", index: true, doc: "That of both accounts.", example: "EUR" });
const kind = t.enum(kinds, { default: "payment", write: "create", doc: "Customers make payments; staff all of them." });
const reference = t.string({
  optional: true,
  maxLength: 140,
  write: "create",
  doc: "What it is for, for both sides.",
  example: "Invoice 2026-117",
});

/** For staff only: each side's owner may know one of them, never the other's. */
const result = { write: "never", read: ["teller", "auditor"], filter: false } as const;

const fields = {
  id: t.id("trf", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  seq: t.integer({ set: "sequence", doc: "1, 2, 3 … in order of commit." }),
  debit,
  credit,
  amount,
  currency,
  kind,
  reference,
  effectiveAt: t.dateTime({ write: "create", index: true, doc: "Value date; the moment of posting unless given." }),
  debitBalance: t.money({ ...result, currency: "currency", doc: "Balance of the debited account after this transfer." }),
  debitVersion: t.integer({ ...result, doc: "Version of the debited account after this transfer." }),
  creditBalance: t.money({ ...result, currency: "currency", doc: "Balance of the credited account after this transfer." }),
  creditVersion: t.integer({ ...result, doc: "Version of the credited account after this transfer." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export const transfers = resource(
  "transfers",
  { doc: "Money moved from one account to another; never changed, never deleted.", fields },
  ({ self, rows, all, filter, count, sum, max, command }) => ({
    rows: {
      customer: rows((row, caller) =>
        or(eq(related(row.debit, "customer"), caller.subject), eq(related(row.credit, "customer"), caller.subject)),
      ),
      teller: all,
      auditor: all,
    },
    appendOnly: true,
    sortBy: "seq.desc",
    filters: {
      payments: filter((row) => eq(row.kind, "payment")),
      between: filter(
        { from: t.dateTime({ doc: "First moment." }), to: t.dateTime({ doc: "Moment after the last." }) },
        ({ effectiveAt }, { from, to }) => and(gte(effectiveAt, from), lt(effectiveAt, to)),
      ),
      atLeast: filter({ currency: t.currency(), amount: t.money({ doc: "Minor units." }) }, (row, wanted) =>
        and(eq(row.currency, wanted.currency), gte(row.amount, wanted.amount)),
      ),
    },
    stats: {
      perDay: {
        doc: "Transfers and turnover per value date and currency.",
        group: [{ by: "effectiveAt", part: "day" }, "currency"],
        measures: { transfers: count(), total: sum("amount") },
      },
    },
    properties: { lastSeq: max("seq") },
    events: {
      posted: {
        doc: "A transfer was posted.",
        data: {
          transfer: t.ref("transfers"),
          debit: t.ref("accounts"),
          credit: t.ref("accounts"),
          amount: t.money({ currency: "currency" }),
          currency: t.currency(),
        },
      },
    },
    create: command({
      on: "collection",
      doc: "Posts a transfer. Customers debit their own accounts; staff every account.",
      roles: ["customer", "teller"],
      input: {
        id: t.id("trf", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
        debit,
        credit,
        amount,
        currency,
        kind,
        reference,
        effectiveAt: t.dateTime({ optional: true, doc: "Value date, at most a day from now." }),
      },
      output: "row",
      refusals: transferRefusals,
      load: ({ input }) => ({
        debit: rowOf(accounts, input.debit),
        credit: rowOf(accounts, input.credit),
        existing: rowOf(self, input.id),
        spent: rowOf(refusals, input.id),
      }),
      run: (ctx, { input, loaded }) => {
        const { id, ...terms } = input;
        const sees = (account: Row<typeof accounts>): boolean => ctx.visible(accounts, account);
        const decision = decide({ terms, caller: ctx.principal, sees, now: ctx.now, ...loaded });
        if (decision.outcome === "exists") return ctx.replayed(loaded.existing);
        if (decision.outcome === "refused") {
          if (id === null || !decision.spends) return ctx.refuse(decision.type, decision.details);
          ctx.table(refusals).insert({ id, reason: decision.type, subject: ctx.principal.subject });
          return ctx.refuse(decision.type, decision.details, { keep: true });
        }
        const { debit: from, credit: to } = loaded;
        if (from === undefined || to === undefined) throw new Error("a transfer was allowed between accounts that are not there");
        const debitAfter = ctx.table(accounts).update(from.id, debited(from, terms.amount));
        const creditAfter = ctx.table(accounts).update(to.id, credited(to, terms.amount));
        const posted = ctx.table(self).insert({
          ...terms,
          id: id ?? ctx.id(self),
          effectiveAt: terms.effectiveAt ?? ctx.now,
          debitBalance: debitAfter.balance,
          debitVersion: debitAfter.version,
          creditBalance: creditAfter.balance,
          creditVersion: creditAfter.version,
        });
        ctx.emit("posted", {
          transfer: posted.id,
          debit: from.id,
          credit: to.id,
          amount: terms.amount,
          currency: terms.currency,
        });
        return ctx.created(posted);
      },
    }),
  }),
);
