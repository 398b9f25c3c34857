/**
 * Transfers: money from one account to another of the same currency, balanced by construction, and the log of all that happens to the books, in order of
 * `seq`: the steps of holds and the legs of transactions are rows here too. They are only ever added: a mistake is reversed, once.
 *
 * The client may choose the id, and then may repeat the call for as long as it likes: one transfer is made, one answer given. See
 * `outcomes.ts` for the outcomes.
 */
import {
  and,
  eq,
  gte,
  lt,
  oneOf,
  or,
  related,
  resource,
  rowOf,
  t,
  type CommandContext,
  type InputOf,
  type ResourceDefinition,
} from "pons";
import { accounts } from "./accounts.ts";
import { assets, isKept } from "./assets.ts";
import { booksOf } from "./books.ts";
import { availableOf, decide, postingRefusals, type Situation } from "./outcomes.ts";
import { move } from "./movement.ts";
import { refusals, spend } from "./refusals.ts";
import { reversalIdOf, reversalRefusals, reverseTransfers } from "./reversals.ts";
import { transferFields as fields } from "./transfer-fields.ts";

const { debit, credit, amount, currency, kind, reference } = fields;

/** What a caller says of a transfer. */
const asked = {
  id: t.id("trf", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
  debit,
  credit,
  amount,
  currency,
  kind,
  reference,
  effectiveAt: t.dateTime({ optional: true, doc: "Value date, at most a day from now." }),
};

type Asked = InputOf<typeof asked>;

const loadWith =
  (self: ResourceDefinition<string, typeof fields>) =>
  ({ input }: { readonly input: Asked }) => ({
    debit: rowOf(accounts, input.debit),
    credit: rowOf(accounts, input.credit),
    existing: rowOf(self, input.id),
    spent: rowOf(refusals, input.id),
  });

const situationOf = (
  ctx: CommandContext,
  known: Pick<Situation, "terms" | "debit" | "credit" | "existing" | "spent">,
): Situation => {
  const kept = ctx.table(assets).all();
  return {
    ...known,
    caller: ctx.principal,
    sees: (account) => ctx.visible(accounts, account),
    keeps: (currency) => isKept(currency, kept),
    closedThrough: booksOf(ctx).closedThrough,
    now: ctx.now,
  };
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
      supervisor: all,
      auditor: all,
    },
    appendOnly: true,
    sortBy: "seq.desc",
    indexes: [
      ["debit", "seq"],
      ["credit", "seq"],
    ],
    filters: {
      moved: filter((row) => oneOf(row.phase, ["posted", "capture"])),
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
      reversed: {
        doc: "A transfer was taken back.",
        data: { transfer: t.ref("transfers"), reversal: t.ref("transfers") },
      },
    },
    create: command({
      on: "collection",
      doc: "Posts a transfer. Customers debit their own accounts; staff every account.",
      roles: ["customer", "teller", "supervisor"],
      input: asked,
      output: "row",
      refusals: postingRefusals,
      load: loadWith(self),
      run: (ctx, { input, loaded }) => {
        const { id, ...terms } = input;
        const decision = decide(situationOf(ctx, { terms, ...loaded }));
        if (decision.outcome === "exists") return ctx.replayed(loaded.existing);
        if (decision.outcome === "refused") {
          if (id === null || !decision.spends) return ctx.refuse(decision.type, decision.details);
          spend(ctx, id, decision.type);
          return ctx.refuse(decision.type, decision.details, { keep: true });
        }
        const posted = move(ctx, {
          ...terms,
          id,
          phase: "posted",
          pending: 0n,
          transaction: null,
          hold: null,
          reverses: null,
        });
        ctx.emit("posted", {
          transfer: posted.id,
          debit: terms.debit,
          credit: terms.credit,
          amount: terms.amount,
          currency: terms.currency,
        });
        return ctx.created(posted);
      },
    }),
    functions: {
      reverse: command({
        on: "item",
        doc: "Takes a transfer back by one that goes the other way. That is done once only.",
        roles: ["teller", "supervisor"],
        input: {
          reason: t.string({ minLength: 1, maxLength: 140, doc: "Why; the reference of the reversal.", example: "Paid twice" }),
        },
        output: "row",
        refusals: reversalRefusals,
        load: ({ row }) => ({
          debit: rowOf(accounts, row.debit),
          credit: rowOf(accounts, row.credit),
          reversal: rowOf(self, reversalIdOf(row.id)),
        }),
        run: async (ctx, { row, input }) => {
          const reversed = await reverseTransfers(ctx, [row], input.reason);
          if (!reversed.ok) return ctx.refuse(reversed.type, reversed.details);
          const [posted] = reversed.transfers;
          ctx.emit("reversed", { transfer: row.id, reversal: reversalIdOf(row.id) });
          return ctx.created(posted);
        },
      }),
      dryRun: command({
        on: "collection",
        doc: "Says what would become of a transfer if it were posted now. Nothing is posted, and no id is spent.",
        roles: ["customer", "teller", "supervisor"],
        input: asked,
        output: {
          outcome: t.string({ maxLength: 64, doc: "`created`, `exists`, or the type of the refusal.", example: "created" }),
          details: t.json({ optional: true, doc: "What the refusal would tell." }),
          available: t.money({ optional: true, doc: "What may leave the account to debit, before the transfer." }),
        },
        load: loadWith(self),
        run: (ctx, { input: { id: _, ...terms }, loaded }) => {
          const decision = decide(situationOf(ctx, { terms, ...loaded }));
          const { debit: from } = loaded;
          const seen = from !== undefined && ctx.visible(accounts, from);
          return {
            outcome: decision.outcome === "refused" ? decision.type : decision.outcome,
            details: decision.outcome === "refused" ? jsonOf(decision.details) : null,
            available: seen ? availableOf(from) : null,
          };
        },
      }),
    },
  }),
);

/** Details of a refusal as JSON holds them: amounts beyond 2^53 as strings. */
function jsonOf(details: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> | null {
  if (details === undefined) return null;
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === "bigint" ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value,
    ]),
  );
}
