/**
 * Holds: money reserved on an account until it is captured, voided, or its time is up. What a hold reserves leaves the available balance at once and
 * the balance when it is captured, so that a capture never fails for funds.
 *
 * The row tells how a hold stands; each step of its life is a row of `transfers` (phases hold, increment, capture, void, expiry), from which it can be
 * recomputed.
 */
import { and, eq, lt, or, related, resource, rowOf, t } from "pons";
import { accounts } from "./account-fields.ts";
import { capture, incrementHold, openHold, releaseHold, voidHold } from "./hold-steps.ts";
import { type Hold, holdDaysDefault, holdFields, holds as declared } from "./hold-fields.ts";
import { decideHold } from "./hold-outcomes.ts";
import { postingRefusals } from "./outcomes.ts";
import { refusals, spend } from "./refusals.ts";
import { openRisk, releaseLoads, riskLoads, withMore } from "./risk/index.ts";
import { type Transfer, transferFields } from "./transfer-fields.ts";
import { transfers } from "./transfer-fields.ts";

/** What a capture answers: the transfer with both balances after it, and how the hold stands. */
const captureOutput = {
  hold: t.ref("holds"),
  transfer: t.ref("transfers", { doc: "The transfer it made." }),
  amount: t.money({ doc: "What it moved, in minor units." }),
  status: t.enum(["active", "captured", "voided", "expired"], { doc: "Of the hold, now." }),
  captured: t.money({ doc: "What the hold has moved so far." }),
  remaining: t.money({ doc: "What it still reserves." }),
  seq: t.integer({ doc: "Of the transfer." }),
  debitBalance: transferFields.debitBalance,
  debitVersion: transferFields.debitVersion,
  creditBalance: transferFields.creditBalance,
  creditVersion: transferFields.creditVersion,
};

const captured = (transfer: Transfer, hold: Hold) => ({
  hold: hold.id,
  transfer: transfer.id,
  amount: transfer.amount,
  status: hold.status,
  captured: hold.captured,
  remaining: hold.remaining,
  seq: transfer.seq,
  debitBalance: transfer.debitBalance,
  debitVersion: transfer.debitVersion,
  creditBalance: transfer.creditBalance,
  creditVersion: transfer.creditVersion,
});

const amountOf = (doc: string) => t.money({ doc, example: 1250 });

export const holds = resource(declared, ({ self, rows, all, filter, sum, count, many, command, due }) => ({
  rows: {
    customer: rows((row, caller) =>
      or(eq(related(row.debit, "customer"), caller.subject), eq(related(row.credit, "customer"), caller.subject)),
    ),
    teller: all,
    supervisor: all,
    auditor: all,
  },
  relations: { transfers: many("transfers", { by: "hold" }) },
  sortBy: "createdAt.desc",
  filters: {
    active: filter(({ status }) => eq(status, "active")),
    expiring: filter({ before: t.dateTime({ doc: "Moment." }) }, (row, { before }) =>
      and(eq(row.status, "active"), lt(row.expiresAt, before)),
    ),
  },
  stats: {
    byStatus: {
      doc: "Holds per status and currency.",
      group: ["status", "currency"],
      measures: { holds: count(), remaining: sum("remaining") },
    },
  },
  events: {
    authorized: { doc: "Money was reserved.", data: { hold: t.ref("holds"), amount: t.money() } },
    captured: { doc: "Reserved money moved.", data: { hold: t.ref("holds"), transfer: t.ref("transfers"), amount: t.money() } },
    voided: { doc: "A hold was given back.", data: { hold: t.ref("holds"), amount: t.money() } },
    expired: { doc: "A hold's time was up.", data: { hold: t.ref("holds"), amount: t.money() } },
  },
  due: due({
    doc: "Gives back what an expired hold still reserves.",
    at: "releaseAt",
    load: ({ row }) => ({
      debit: rowOf(accounts, row.debit),
      credit: rowOf(accounts, row.credit),
      ...releaseLoads(row.counted),
    }),
    run: async (ctx, { row }) => {
      await releaseHold(ctx, row, "expiry");
      ctx.emit("expired", { hold: row.id, amount: row.remaining });
    },
  }),
  create: command({
    on: "collection",
    doc: `Reserves money (authorizes). Unless said otherwise the hold expires after ${holdDaysDefault} days.`,
    roles: ["customer", "teller", "supervisor"],
    input: {
      id: t.id("hld", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
      debit: holdFields.debit,
      credit: holdFields.credit,
      amount: amountOf("Minor units, greater than zero."),
      currency: holdFields.currency,
      reference: holdFields.reference,
      expiresAt: t.dateTime({ optional: true, doc: "When it is given back by itself." }),
    },
    output: "row",
    refusals: {
      ...postingRefusals,
      invalid_expires_at: { status: 400, doc: "The hold must expire later than now and within 90 days." },
    },
    load: ({ input }) => ({
      debit: rowOf(accounts, input.debit),
      credit: rowOf(accounts, input.credit),
      existing: rowOf(self, input.id),
      spent: rowOf(refusals, input.id),
    }),
    loadMore: ({ input, loaded: { debit, credit }, all }) => riskLoads({ all }, [{ ...input, kind: "payment", debit, credit }]),
    run: (ctx, { input, loaded }) => {
      const { id, ...terms } = input;
      const risk = openRisk(ctx);
      const decision = decideHold(ctx, { terms, ...loaded, risk: () => risk.check({ ...terms, kind: "payment" }) });
      if (decision.outcome === "exists") return ctx.replayed(loaded.existing);
      if (decision.outcome === "refused") {
        // Nobody reviews a hold: what a transfer would wait for is declined here.
        const type = decision.type === "review_required" ? "fraud_declined" : decision.type;
        const declined = type === "fraud_declined";
        if (declined) risk.keep();
        if (id !== null && decision.spends) spend(ctx, id, type);
        const isKept = declined || (id !== null && decision.spends);
        return isKept ? ctx.refuse(type, decision.details, { keep: true }) : ctx.refuse(type, decision.details);
      }
      const hold = openHold(ctx, { ...terms, id, counted: withMore(null, risk.reservations()) });
      risk.record([hold.id]);
      ctx.emit("authorized", { hold: hold.id, amount: hold.amount });
      return ctx.created(hold);
    },
  }),
  functions: {
    increment: command({
      on: "item",
      doc: "Reserves more.",
      roles: ["teller", "supervisor"],
      input: { amount: amountOf("How much more, greater than zero.") },
      refusals: postingRefusals,
      load: ({ row }) => ({ debit: rowOf(accounts, row.debit), credit: rowOf(accounts, row.credit) }),
      loadMore: ({ row: { currency }, input: { amount }, loaded: { debit, credit }, all }) =>
        riskLoads({ all }, [{ amount, currency, kind: "payment", debit, credit }]),
      run: async (ctx, { row, input }) => {
        const risk = openRisk(ctx);
        const done = await incrementHold(ctx, row, input.amount, risk);
        if (!done.ok) {
          const type = done.type === "review_required" ? "fraud_declined" : done.type;
          if (type !== "fraud_declined") return ctx.refuse(type, done.details);
          risk.keep();
          return ctx.refuse(type, done.details, { keep: true });
        }
        ctx.emit("authorized", { hold: row.id, amount: input.amount });
        return done.hold;
      },
    }),
    capture: command({
      on: "item",
      doc: "Moves what is reserved, or a part of it. A final capture, which it is unless said otherwise, gives the rest back.",
      roles: ["teller", "supervisor"],
      input: {
        amount: t.money({ optional: true, doc: "Minor units; all that remains unless given.", example: 1000 }),
        final: t.boolean({ default: true, doc: "Whether the rest is given back." }),
        transfer: t.id("trf", {
          client: true,
          optional: true,
          doc: "Id of the transfer, chosen by the client: makes it safe to repeat.",
        }),
      },
      output: captureOutput,
      refusals: postingRefusals,
      load: ({ row, input }) => ({
        debit: rowOf(accounts, row.debit),
        credit: rowOf(accounts, row.credit),
        existing: rowOf(transfers, input.transfer),
        spent: rowOf(refusals, input.transfer),
        // All that remains is captured unless an amount is given: then there is nothing to give back.
        ...releaseLoads(input.amount === null ? null : row.counted),
      }),
      run: async (ctx, { row, input, loaded: { existing, spent } }) => {
        if (existing !== undefined) {
          const same =
            existing.hold === row.id && existing.phase === "capture" && (input.amount ?? existing.amount) === existing.amount;
          return same ? ctx.replayed(captured(existing, row)) : ctx.refuse("exists_with_different_fields");
        }
        if (spent !== undefined) return ctx.refuse("id_already_failed", { reason: spent.reason });
        const { amount, final, transfer } = input;
        const done = await capture(ctx, row.id, {
          final,
          ...(amount === null ? {} : { amount }),
          ...(transfer === null ? {} : { id: transfer }),
        });
        if (!done.ok) {
          if (transfer === null || done.type === "invalid_amount") return ctx.refuse(done.type, done.details);
          spend(ctx, transfer, done.type);
          return ctx.refuse(done.type, done.details, { keep: true });
        }
        ctx.emit("captured", { hold: row.id, transfer: done.transfer.id, amount: done.transfer.amount });
        return captured(done.transfer, done.hold);
      },
    }),
    void: command({
      on: "item",
      doc: "Gives back what is still reserved.",
      roles: ["teller", "supervisor"],
      refusals: postingRefusals,
      load: ({ row }) => ({
        debit: rowOf(accounts, row.debit),
        credit: rowOf(accounts, row.credit),
        ...releaseLoads(row.counted),
      }),
      run: async (ctx, { row }) => {
        const done = await voidHold(ctx, row.id);
        if (!done.ok) return ctx.refuse(done.type, done.details);
        ctx.emit("voided", { hold: row.id, amount: row.remaining });
        return done.hold;
      },
    }),
  },
}));
