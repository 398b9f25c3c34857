/**
 * One run of a standing order, in the writer, when its moment has come. The transfer's id follows from the order and the number of the run, and the row
 * moves on in the same commit: a run is never made twice.
 *
 * A run that is refused (no funds, a frozen account, a closed period …) is tried again a day later, at most three times, and only before the next run's
 * moment: an order for every day has its next run instead. Then it is given up and the order goes on. A refusal that will not pass, such as a closed account,
 * ends the order. Runs missed because the bank was not in service are made one after the other once it is, each once, in its turn.
 */
import type { CommandContext } from "pons";
import { derivedId } from "../derived-id.ts";
import { withFee } from "../fees/charge.ts";
import { post, type PostingRefusal } from "../posting.ts";
import { transfers } from "../transfers.ts";
import { runAt } from "./recurrence.ts";
import { type Schedule, schedules } from "./schedules.ts";

export const retriesMax = 3;
const retryAfterMs = 86_400_000;

/** These will be the same tomorrow. */
const lasting: ReadonlySet<string> = new Set([
  "account_closed",
  "asset_mismatch",
  "debit_account_not_found",
  "credit_account_not_found",
  "same_account",
] satisfies PostingRefusal[]);

/** Id of the transfer that a run makes. */
export const transferIdOf = (schedule: string, run: number): string => derivedId("trf", `schedule ${schedule} run ${run}`);

type Outcome = { readonly ok: true; readonly transfer: string } | { readonly ok: false; readonly reason: string };

/** Posts the transfer and its fee, or nothing. */
const pay = async (ctx: CommandContext, schedule: Schedule): Promise<Outcome> => {
  const { debit, credit, amount, currency, reference } = schedule;
  const id = transferIdOf(schedule.id, schedule.run);
  // Somebody chose this id for a transfer of theirs: the run cannot be told from it.
  if ((await ctx.table(transfers).get(id)) !== undefined) return { ok: false, reason: "exists_with_different_fields" };
  const legs = await withFee(ctx, { id, debit, credit, amount, currency, kind: "payment", reference });
  const posted = await post(ctx, legs, { reference });
  return posted.ok ? { ok: true, transfer: id } : { ok: false, reason: posted.type };
};

/** What changes when a run is done with: the next one, or the end. */
const after = (schedule: Schedule, isPosted: boolean): Partial<Schedule> => {
  const run = schedule.run + 1;
  const nextRunAt = runAt(schedule, run);
  const over = { status: isPosted ? "ended" : "failed" } as const;
  return { run, attempts: 0, nextRunAt, ...(nextRunAt === null ? over : {}) };
};

/** When a refused run is tried again; null: never. */
const retryAt = (schedule: Schedule, now: string): string | null => {
  if (schedule.attempts >= retriesMax) return null;
  const at = new Date(Date.parse(now) + retryAfterMs).toISOString();
  const next = runAt(schedule, schedule.run + 1);
  return next === null || at < next ? at : null;
};

const refused = (schedule: Schedule, reason: string, now: string): Partial<Schedule> => {
  const failures = schedule.failures + 1;
  if (lasting.has(reason)) return { failures, status: "failed", nextRunAt: null };
  const again = retryAt(schedule, now);
  return again === null ? { ...after(schedule, false), failures } : { attempts: schedule.attempts + 1, nextRunAt: again };
};

/** Makes the run whose moment has come. */
export const runSchedule = async (ctx: CommandContext, schedule: Schedule): Promise<void> => {
  const { id, run } = schedule;
  const outcome = await pay(ctx, schedule);
  const changes: Partial<Schedule> = outcome.ok
    ? { ...after(schedule, true), runsPosted: schedule.runsPosted + 1, lastOutcome: "posted", lastTransfer: outcome.transfer }
    : { ...refused(schedule, outcome.reason, ctx.now), lastOutcome: outcome.reason };
  const now = ctx.table(schedules).update(id, { ...changes, lastRunAt: ctx.now });
  if (outcome.ok) ctx.emit("executed", { schedule: id, run, transfer: outcome.transfer });
  else ctx.emit("refused", { schedule: id, run, reason: outcome.reason, nextRunAt: now.nextRunAt });
  if (now.status !== "active") ctx.emit("ended", { schedule: id, status: now.status });
};
