/**
 * Transfers: money from one account to another of the same currency, balanced by construction, and the log of all that happens to the books, in order of
 * `seq`: the steps of holds and the legs of transactions are rows here too. They are only ever added: a mistake is reversed, once.
 *
 * The client may choose the id, and then may repeat the call for as long as it likes: one transfer is made, one answer given. See
 * `outcomes.ts` for the outcomes.
 */
import {
  type AllOf,
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
  type FunctionRefusal,
  type InputOf,
  type ResourceDefinition,
} from "pons";
import { accounts } from "./account-fields.ts";
import { assets, isKept } from "./assets.ts";
import { booksOf } from "./book-fields.ts";
import { approvals } from "./approvals/fields.ts";
import { needsApproval } from "./approvals/policies.ts";
import { doneNow, outcomeFields, pendingFor, requestApproval, waitsForApproval } from "./approvals/request.ts";
import { withFee } from "./fees/charge.ts";
import { feeFor } from "./fees/fee-for.ts";
import { feeSchedules } from "./fees/fee-schedules.ts";
import { houseAccountId } from "./house.ts";
import { availableOf, decide, type Decision, postingRefusals, type Situation } from "./outcomes.ts";
import { flawOfLegs, type Leg, writeLegs } from "./posting.ts";
import { openRisk, type Risk, riskLoads } from "./risk/index.ts";
import { refusals, spend } from "./refusals.ts";
import { flawOfReversal, reversalIdOf, reversalRefusals, reverseTransfers } from "./reversals.ts";
import { type Transfer, transferFields as fields, transfers as declared } from "./transfer-fields.ts";

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

/** The bank's account for fees, where the transfer costs one. */
const feesAccountOf = (input: Asked, all: AllOf, now: string): string | null => {
  const charge = feeFor(all(feeSchedules), { ...input, now });
  return charge === undefined ? null : houseAccountId("fees", input.currency);
};

/** What spent an id, once the approval that it waited for was decided: a transfer that nobody approved has failed. */
const afterDecision = (spent: Situation["spent"], approval: { readonly status: string } | undefined): Situation["spent"] =>
  spent === undefined || approval === undefined || approval.status === "pending"
    ? spent
    : { ...spent, reason: `review_${approval.status}` };

/** Leaves a transfer to somebody else's approval. Its id is spent until then, and says so when it is asked with again. */
const putToApproval = (
  ctx: CommandContext,
  asking: {
    readonly id: string | null;
    readonly terms: Omit<Asked, "id">;
    readonly action: "transfer.review" | "transfer.adjust";
    readonly details: Readonly<Record<string, unknown>> | undefined;
    readonly risk: Risk;
  },
): FunctionRefusal => {
  const { id, terms, action, details, risk } = asking;
  const transfer = id ?? ctx.id(transfers);
  const approval = requestApproval(ctx, {
    action,
    amount: terms.amount,
    currency: terms.currency,
    payload: { ...terms, id: transfer },
  });
  if (action === "transfer.review") risk.keep(approval.id);
  spend(ctx, transfer, "review_required", { approval: approval.id });
  return ctx.refuse("review_required", { ...details, approval: approval.id, transfer }, { keep: true });
};

/** Refuses a transfer. A refusal that depended on state spends the id; one that fraud rules put to approval leaves it there, and the id says so. */
const refuseTransfer = (
  ctx: CommandContext,
  {
    id,
    terms,
    decision,
    risk,
  }: {
    readonly id: string | null;
    readonly terms: Omit<Asked, "id">;
    readonly decision: Decision & { readonly outcome: "refused" };
    readonly risk: Risk;
  },
): FunctionRefusal => {
  const { type, details, spends } = decision;
  if (!spends) return ctx.refuse(type, details);
  if (type === "review_required") return putToApproval(ctx, { id, terms, action: "transfer.review", details, risk });
  const declined = type === "fraud_declined";
  if (declined) risk.keep();
  if (id !== null) spend(ctx, id, type);
  return id !== null || declined ? ctx.refuse(type, details, { keep: true }) : ctx.refuse(type, details);
};

/** Posts a transfer and, in the same transaction, its fee; both or neither. */
const postWithFee = async (ctx: CommandContext, leg: Leg, risk: Risk): Promise<unknown> => {
  const legs = await withFee(ctx, leg);
  const table = ctx.table(accounts);
  const flaw = flawOfLegs(ctx, legs, (account) => table.loaded(account));
  if (flaw === undefined) return announce(ctx, writeLegs(ctx, legs, { reference: leg.reference ?? null }).transfers, risk);
  const { type, details } = flaw;
  const told = { ...details, ...(flaw.position === 0 ? {} : { fee: legs[flaw.position]?.amount }) };
  if (leg.id === undefined) return ctx.refuse(type, told);
  spend(ctx, leg.id, type);
  return ctx.refuse(type, told, { keep: true });
};

/** Counts what was posted, tells the world, and answers the transfer. */
const announce = (ctx: CommandContext, posted: readonly Transfer[], risk: Risk): unknown => {
  const [first] = posted;
  if (first === undefined) throw new Error("nothing was posted");
  risk.record([first.id]);
  for (const one of posted)
    ctx.emit("posted", { transfer: one.id, debit: one.debit, credit: one.credit, amount: one.amount, currency: one.currency });
  return ctx.created(first);
};

export const transfers = resource(declared, ({ self, rows, all, filter, count, sum, max, command }) => ({
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
    loadMore: ({ input, loaded: { debit, credit, spent }, all, now }) => ({
      ...riskLoads({ all }, [{ ...input, debit, credit }]),
      fees: rowOf(accounts, feesAccountOf(input, all, now)),
      approval: rowOf(approvals, spent?.approval ?? null),
    }),
    run: (ctx, { input, loaded }) => {
      const { id, ...terms } = input;
      const risk = openRisk(ctx);
      const situation = situationOf(ctx, { terms, ...loaded });
      const spent = afterDecision(loaded.spent, loaded.approval);
      const decision = decide({ ...situation, spent, risk: () => risk.check(terms) });
      if (decision.outcome === "exists") return ctx.replayed(loaded.existing);
      if (decision.outcome === "refused") return refuseTransfer(ctx, { id, terms, decision, risk });
      if (terms.kind === "correction" && needsApproval(ctx, "transfer.adjust", terms.amount, terms.currency))
        return putToApproval(ctx, { id, terms, action: "transfer.adjust", details: undefined, risk });
      const leg = { ...terms, ...(id === null ? {} : { id }) };
      if (feeFor(ctx.table(feeSchedules).all(), { ...terms, now: ctx.now }) !== undefined) return postWithFee(ctx, leg, risk);
      const { transfers: posted } = writeLegs(ctx, [leg]);
      return announce(ctx, posted, risk);
    },
  }),
  functions: {
    reverse: command({
      on: "item",
      doc: "Takes a transfer back by one that goes the other way. That is done once only, and needs somebody else's approval unless a policy says otherwise.",
      roles: ["teller", "supervisor"],
      input: {
        reason: t.string({ minLength: 1, maxLength: 140, doc: "Why; the reference of the reversal.", example: "Paid twice" }),
      },
      output: { ...outcomeFields, reversal: t.ref("transfers", { optional: true, doc: "The transfer that takes it back." }) },
      accepted: waitsForApproval,
      refusals: reversalRefusals,
      load: ({ row }) => ({
        debit: rowOf(accounts, row.debit),
        credit: rowOf(accounts, row.credit),
        reversal: rowOf(self, reversalIdOf(row.id)),
      }),
      run: async (ctx, { row, input: { reason } }) => {
        const action = "transfer.reverse";
        if (needsApproval(ctx, action, row.amount, row.currency)) {
          const flaw = await flawOfReversal(ctx, [row]);
          if (flaw !== undefined) return ctx.refuse(flaw.type, flaw.details);
          const payload = { transfer: row.id, reason };
          const about = { amount: row.amount, currency: row.currency, about: row.id };
          return ctx.accepted({ ...pendingFor(requestApproval(ctx, { action, payload, ...about })), reversal: null });
        }
        const reversed = await reverseTransfers(ctx, [row], reason);
        if (!reversed.ok) return ctx.refuse(reversed.type, reversed.details);
        ctx.emit("reversed", { transfer: row.id, reversal: reversalIdOf(row.id) });
        return ctx.created({ ...doneNow, reversal: reversalIdOf(row.id) });
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
      loadMore: ({ input, loaded: { debit, credit }, all }) => riskLoads({ all }, [{ ...input, debit, credit }]),
      run: (ctx, { input: { id: _, ...terms }, loaded }) => {
        const risk = openRisk(ctx);
        const decision = decide({ ...situationOf(ctx, { terms, ...loaded }), risk: () => risk.check(terms) });
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
}));

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
