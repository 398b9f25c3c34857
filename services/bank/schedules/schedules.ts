/**
 * Standing orders: payments made at set moments, once or again and again. A run is a transfer like any other, fee included; see `run.ts` for what becomes of
 * one that is refused, and `recurrence.ts` for the moments.
 *
 * What is ordered is never changed: cancel the order and give another one.
 */
import { and, type CommandContext, eq, oneOf, resource, rowOf, t } from "pons";
import { accounts } from "../account-fields.ts";
import { assets, isKept } from "../assets.ts";
import { houseAccountId } from "../house.ts";
import { type Account, flawOfForm } from "../outcomes.ts";
import { refusals } from "../refusals.ts";
import { transfers } from "../transfer-fields.ts";
import { firstRunFrom, runAt } from "./recurrence.ts";
import { runSchedule, transferIdOf } from "./run.ts";
import { retriesMax, type Schedule, scheduleFields, terms } from "./schedule-fields.ts";

/** Most orders of one account that are active or paused. */
const ordersMax = 500;
/** How far the first run may lie back: the time a call takes, and clocks that differ. */
const pastMsMax = 60_000;

interface Asked {
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly reference: string | null;
  readonly every: Schedule["every"];
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  readonly times: number | null;
}

const agree = (asked: Asked, row: Schedule): boolean =>
  asked.debit === row.debit &&
  asked.credit === row.credit &&
  asked.amount === row.amount &&
  asked.currency === row.currency &&
  asked.reference === row.reference &&
  asked.every === row.every &&
  (asked.startsAt ?? row.createdAt) === row.startsAt &&
  asked.endsAt === row.endsAt &&
  asked.times === row.times;

/** What stands against an order; whether the money is there is asked when it runs. */
const flawOfOrder = (
  ctx: CommandContext,
  asked: Asked,
  { debit, credit }: { readonly debit: Account | undefined; readonly credit: Account | undefined },
): { readonly type: string; readonly details?: Readonly<Record<string, unknown>> } | undefined => {
  const kept = ctx.table(assets).all();
  const form = flawOfForm({ ...asked, effectiveAt: null }, { keeps: (currency) => isKept(currency, kept), now: ctx.now });
  if (form !== undefined) return form;
  if (asked.startsAt !== null && Date.parse(asked.startsAt) < Date.parse(ctx.now) - pastMsMax)
    return { type: "invalid_starts_at" };
  if (runAt({ ...asked, startsAt: asked.startsAt ?? ctx.now }, 1) === null) return { type: "no_run" };
  if (asked.debit === asked.credit) return { type: "same_account" };
  if (debit === undefined || !ctx.visible(accounts, debit)) return { type: "debit_account_not_found" };
  if (credit === undefined) return { type: "credit_account_not_found" };
  if (debit.currency !== asked.currency || credit.currency !== asked.currency) return { type: "asset_mismatch" };
  const closed = [debit, credit].find(({ status }) => status === "closed");
  return closed === undefined ? undefined : { type: "account_closed", details: { account: closed.id } };
};

export const schedules = resource(
  "schedules",
  { doc: "Standing orders: payments at set moments.", fields: scheduleFields },
  ({ self, own, all, filter, count, sum, command, due }) => ({
    rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
    sortBy: "createdAt.desc",
    filters: {
      active: filter(({ status }) => eq(status, "active")),
      failing: filter((row) => eq(row.status, "failed")),
    },
    stats: {
      byStatus: {
        doc: "Orders per status, interval and currency, and what a run of all of them moves.",
        group: ["status", "every", "currency"],
        measures: { schedules: count(), amount: sum("amount") },
      },
    },
    events: {
      executed: {
        doc: "A run was made.",
        data: { schedule: t.ref("schedules"), run: t.integer(), transfer: t.ref("transfers") },
      },
      refused: {
        doc: "A run was refused; `nextRunAt` says when the order is tried next.",
        data: { schedule: t.ref("schedules"), run: t.integer(), reason: t.string(), nextRunAt: t.dateTime({ optional: true }) },
      },
      ended: { doc: "An order makes no more runs.", data: { schedule: t.ref("schedules"), status: t.string() } },
    },
    due: due({
      doc: `Makes a run. One that is refused is tried again on each of the next ${retriesMax} days, unless the next run comes first.`,
      at: "nextRunAt",
      load: ({ row }) => ({
        debit: rowOf(accounts, row.debit),
        credit: rowOf(accounts, row.credit),
        fees: rowOf(accounts, houseAccountId("fees", row.currency)),
        transfer: rowOf(transfers, transferIdOf(row.id, row.run)),
        spent: rowOf(refusals, transferIdOf(row.id, row.run)),
      }),
      run: (ctx, { row }) => runSchedule(ctx, self, row),
    }),
    create: command({
      on: "collection",
      doc: "Orders payments. Customers debit their own accounts.",
      roles: ["customer", "teller", "supervisor"],
      input: {
        id: t.id("sch", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
        ...terms,
        startsAt: t.dateTime({ optional: true, doc: "Moment of the first run; now unless given." }),
      },
      output: "row",
      refusals: {
        invalid_amount: { status: 400, doc: "The amount must be greater than zero." },
        invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
        invalid_starts_at: { status: 400, doc: "The first run must not lie in the past." },
        no_run: { status: 400, doc: "The order ends before its first run." },
        schedule_exists: { status: 409, doc: "Another order has this id." },
        same_account: { status: 400, doc: "Debit and credit are the same account." },
        debit_account_not_found: { status: 404, doc: "There is no such account to debit." },
        credit_account_not_found: { status: 404, doc: "There is no such account to credit." },
        asset_mismatch: { status: 422, doc: "An account is not kept in the transfer's currency." },
        account_closed: { status: 422, doc: "The account is closed." },
        too_many_schedules: { status: 422, doc: "The account has too many standing orders." },
      },
      load: ({ input }) => ({
        debit: rowOf(accounts, input.debit),
        credit: rowOf(accounts, input.credit),
        existing: rowOf(self, input.id),
      }),
      run: async (ctx, { input: { id, ...asked }, loaded: { existing, ...parties } }) => {
        const table = ctx.table(self);
        if (existing !== undefined) {
          const { subject } = ctx.principal;
          const same = agree(asked, existing) && (subject === null || subject === existing.customer);
          return same ? ctx.replayed(existing) : ctx.refuse("schedule_exists");
        }
        const flaw = flawOfOrder(ctx, asked, parties);
        if (flaw !== undefined) return ctx.refuse(flaw.type, flaw.details);
        const open = await table.count((row) => and(eq(row.debit, asked.debit), oneOf(row.status, ["active", "paused"])));
        if (open >= ordersMax) return ctx.refuse("too_many_schedules", { most: ordersMax });
        const startsAt = asked.startsAt ?? ctx.now;
        return ctx.created(
          table.insert({
            ...asked,
            id: id ?? ctx.id(self),
            customer: parties.debit?.customer ?? null,
            startsAt,
            nextRunAt: startsAt,
          }),
        );
      },
    }),
    functions: {
      pause: command({
        on: "item",
        doc: "Stops the order until it is resumed.",
        roles: ["customer", "teller", "supervisor"],
        refusals: { schedule_not_active: { status: 409, doc: "The order is not active." } },
        run: (ctx, { row }) =>
          row.status === "active"
            ? ctx.table(self).update(row.id, { status: "paused", nextRunAt: null })
            : ctx.refuse("schedule_not_active", { status: row.status }),
      }),
      resume: command({
        on: "item",
        doc: "Lets the order go on with its next run. Runs that fell due while it was paused are not made up; a single payment that did is made at once.",
        roles: ["customer", "teller", "supervisor"],
        refusals: { schedule_not_paused: { status: 409, doc: "The order is not paused." } },
        run: (ctx, { row }) => {
          if (row.status !== "paused") return ctx.refuse("schedule_not_paused", { status: row.status });
          const run = firstRunFrom(row, row.run, ctx.now);
          const nextRunAt = runAt(row, run);
          if (nextRunAt === null) ctx.emit("ended", { schedule: row.id, status: "ended" });
          return ctx.table(self).update(row.id, {
            run,
            attempts: 0,
            nextRunAt,
            status: nextRunAt === null ? "ended" : "active",
          });
        },
      }),
      cancel: command({
        on: "item",
        doc: "Ends the order for good.",
        roles: ["customer", "teller", "supervisor"],
        refusals: { schedule_over: { status: 409, doc: "The order has ended." } },
        run: (ctx, { row }) => {
          if (row.status !== "active" && row.status !== "paused") return ctx.refuse("schedule_over", { status: row.status });
          ctx.emit("ended", { schedule: row.id, status: "ended" });
          return ctx.table(self).update(row.id, { status: "ended", nextRunAt: null });
        },
      }),
    },
  }),
);
