/**
 * Transactions: transfers that are posted together or not at all, in their order, each on what those before it left. They are only ever added.
 *
 * The client may choose the id, and then may repeat the call for as long as it likes: one transaction is made, one answer given.
 */
import { type CommandContext, type FunctionRefusal, resource, rowOf, rowsOf, t } from "pons";
import { accounts } from "./account-fields.ts";
import { needsApproval } from "./approvals/policies.ts";
import { withFee } from "./fees/charge.ts";
import { feeFor } from "./fees/fee-for.ts";
import { feeSchedules } from "./fees/fee-schedules.ts";
import { flawOfLegs, type Leg, writeLegs } from "./posting.ts";
import { refusals, spend } from "./refusals.ts";
import { openRisk, type Risk, riskLoads } from "./risk/index.ts";
import { legsMax, transactions as declared } from "./transaction-fields.ts";
import { digestOf, type Flaw, flawOfTransaction, legFields, type LegInput } from "./transaction-outcomes.ts";

const staff: readonly string[] = ["teller", "supervisor", "auditor"];

/** A correction that needs somebody's approval is asked for by itself: a transaction does not wait. */
const unapproved = (ctx: CommandContext, legs: readonly LegInput[]): Flaw | undefined => {
  const position = legs.findIndex(
    ({ kind, amount, currency }) => kind === "correction" && needsApproval(ctx, "transfer.adjust", amount, currency),
  );
  return position === -1 ? undefined : { type: "review_required", position, spends: false };
};

/** Refuses the whole because of one leg; the id is spent where the refusal depended on state. */
const refuseTransaction = (
  ctx: CommandContext,
  { id, flaw, risk }: { readonly id: string | null; readonly flaw: Flaw; readonly risk: Risk },
): FunctionRefusal => {
  const details = { leg: flaw.position, reason: flaw.type, ...flaw.details };
  // A leg that would have to be reviewed fails: a transaction does not wait.
  const declined = flaw.type === "fraud_declined" || (flaw.type === "review_required" && flaw.spends);
  if (declined) risk.keep();
  if (id !== null && flaw.spends) spend(ctx, id, flaw.type === "review_required" ? "linked_failed" : flaw.type);
  const isKept = declined || (id !== null && flaw.spends);
  return isKept ? ctx.refuse("linked_failed", details, { keep: true }) : ctx.refuse("linked_failed", details);
};

interface Asked {
  readonly id: string;
  readonly reference: string | null;
  readonly digest: string;
  readonly legs: readonly LegInput[];
  readonly risk: Risk;
}

/** Posts the legs as they were asked for. */
const postAsked = (ctx: CommandContext, { id, reference, digest, legs, risk }: Asked): unknown => {
  const posted = writeLegs(ctx, legs, { transaction: id, reference, digest });
  risk.record(posted.transfers.map((transfer) => transfer.id));
  ctx.emit("posted", { transaction: id, legs: legs.length });
  return ctx.created(posted.row);
};

/** Posts the legs, and behind each that costs something the leg of its fee. */
const postCharged = async (ctx: CommandContext, asked: Asked & { readonly chosen: string | null }): Promise<unknown> => {
  const { id, chosen, reference, digest, legs, risk } = asked;
  const groups: (readonly Leg[])[] = [];
  for (const leg of legs) groups.push(await withFee(ctx, leg));
  const charged = groups.flat();
  const positions = groups.flatMap((group, position) => group.map(() => position));
  const table = ctx.table(accounts);
  const flaw = flawOfLegs(ctx, charged, (account) => table.loaded(account));
  if (flaw !== undefined)
    return refuseTransaction(ctx, { id: chosen, risk, flaw: { ...flaw, position: positions[flaw.position] ?? 0, spends: true } });
  const posted = writeLegs(ctx, charged, { transaction: id, reference, digest });
  const first = new Set(groups.map((_, position) => positions.indexOf(position)));
  risk.record(posted.transfers.flatMap((transfer, position) => (first.has(position) ? [transfer.id] : [])));
  ctx.emit("posted", { transaction: id, legs: charged.length });
  return ctx.created(posted.row);
};

export const transactions = resource(declared, ({ self, own, all, many, command }) => ({
  rows: { customer: own("subject"), teller: all, supervisor: all, auditor: all },
  relations: { transfers: many("transfers", { by: "transaction" }) },
  appendOnly: true,
  sortBy: "createdAt.desc",
  events: { posted: { doc: "A transaction was posted.", data: { transaction: t.ref("transactions"), legs: t.integer() } } },
  create: command({
    on: "collection",
    doc: `Posts up to ${legsMax} transfers, all or none.`,
    roles: ["customer", "teller", "supervisor"],
    input: {
      id: t.id("txn", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
      reference: t.string({ optional: true, maxLength: 140, doc: "What it is for." }),
      legs: t.array(t.object(legFields), { minItems: 1, maxItems: legsMax, doc: "Transfers, in their order." }),
    },
    output: "row",
    refusals: {
      linked_failed: {
        status: 422,
        doc: "A leg was refused, and with it all of them; `reason` says why, `leg` which (from 0).",
      },
      exists_with_different_fields: { status: 409, doc: "Another transaction has this id." },
      id_already_failed: { status: 422, doc: "This id was spent by a refusal; use a new one." },
    },
    load: ({ input }) => ({
      accounts: rowsOf(accounts, [...new Set(input.legs.flatMap(({ debit, credit }) => [debit, credit]))]),
      existing: rowOf(self, input.id),
      spent: rowOf(refusals, input.id),
    }),
    loadMore: ({ input: { legs }, loaded, all }) => {
      const byId = new Map(loaded.accounts.map((account) => [account?.id, account]));
      return riskLoads(
        { all },
        legs.map((leg) => ({ ...leg, debit: byId.get(leg.debit), credit: byId.get(leg.credit) })),
      );
    },
    run: (ctx, { input: { id, reference, legs }, loaded: { existing, spent } }) => {
      const digest = digestOf(legs, reference);
      const { principal } = ctx;
      const isStaff = principal.roles.some((role) => staff.includes(role));
      if (existing !== undefined) {
        const same = existing.digest === digest && (isStaff || existing.subject === principal.subject);
        return same ? ctx.replayed(existing) : ctx.refuse("exists_with_different_fields");
      }
      if (spent !== undefined) {
        const known = isStaff || spent.subject === principal.subject;
        return ctx.refuse("id_already_failed", known ? { reason: spent.reason } : {});
      }
      const risk = openRisk(ctx);
      const flaw = unapproved(ctx, legs) ?? flawOfTransaction(ctx, legs, (leg) => risk.check(leg));
      if (flaw !== undefined) return refuseTransaction(ctx, { id, flaw, risk });
      const asked = { id: id ?? ctx.id(self), reference, digest, legs };
      const schedules = ctx.table(feeSchedules).all();
      if (legs.some((leg) => feeFor(schedules, { ...leg, now: ctx.now }) !== undefined))
        return postCharged(ctx, { ...asked, chosen: id, risk });
      return postAsked(ctx, { ...asked, risk });
    },
  }),
}));
