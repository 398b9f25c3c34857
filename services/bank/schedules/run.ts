/**
 * One run of a standing order, in the writer, when its moment has come. The transfer's id follows from the order and the number of the run, and the row
 * moves on in the same commit: a run is never made twice.
 *
 * A run that is refused (no funds, a frozen account, a closed period …) is tried again a day later, at most three times, and only before the next run's
 * moment: an order for every day has its next run instead. Then it is given up and the order goes on. A refusal that will not pass, such as a closed account,
 * ends the order. A run that a fraud rule wants reviewed is put to approval with its own id, and the order goes on. Runs missed because the bank was not in service are made one after the other once it is, each once, in its turn.
 */
import type { CommandContext, ResourceDefinition } from "pons";
import { requestApproval } from "../approvals/request.ts";
import { derivedId } from "../derived-id.ts";
import { withFee } from "../fees/charge.ts";
import { type Leg, post, type PostingRefusal } from "../posting.ts";
import { refusals, spend } from "../refusals.ts";
import { openRisk, prepareRisk } from "../risk/index.ts";
import { transfers } from "../transfer-fields.ts";
import { runAt } from "./recurrence.ts";
import { retriesMax, type Schedule, type scheduleFields } from "./schedule-fields.ts";

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

type Outcome =
  { readonly is: "posted" | "review_required"; readonly transfer: string } | { readonly is: "refused"; readonly reason: string };

/** Puts the transfer to approval; its id is spent until then, so that nobody else takes it. */
const askForReview = (ctx: CommandContext, schedule: Schedule, leg: Leg & { readonly id: string }): string => {
  const { id, debit, credit, amount, currency, kind, reference = null } = leg;
  const payload = { id, debit, credit, amount, currency, kind, reference, effectiveAt: null };
  const { customer } = schedule;
  const approval = requestApproval(ctx, { action: "transfer.review", amount, currency, payload, about: schedule.id, customer });
  spend(ctx, id, "review_required", { approval: approval.id });
  return approval.id;
};

/** Posts the transfer and its fee, or nothing. */
const pay = async (ctx: CommandContext, schedule: Schedule): Promise<Outcome> => {
  const { debit, credit, amount, currency, reference } = schedule;
  const id = transferIdOf(schedule.id, schedule.run);
  // Somebody chose this id for something of theirs: the run could not be told from it.
  const taken = (await ctx.table(transfers).get(id)) ?? (await ctx.table(refusals).get(id));
  if (taken !== undefined) return { is: "refused", reason: "exists_with_different_fields" };
  const leg = { id, debit, credit, amount, currency, kind: "payment", reference } as const;
  await prepareRisk(ctx, [leg]);
  const risk = openRisk(ctx);
  const posted = await post(ctx, await withFee(ctx, leg), {
    reference,
    risk: (_, position) => (position === 0 ? risk.check(leg) : undefined),
  });
  if (posted.ok) {
    risk.record([id]);
    for (const one of posted.transfers) {
      const { id: transfer, debit: from, credit: to, amount: moved } = one;
      ctx.emit("posted", { transfer, debit: from, credit: to, amount: moved, currency }, transfers);
    }
    return { is: "posted", transfer: id };
  }
  if (posted.type === "review_required") {
    risk.keep(askForReview(ctx, schedule, leg));
    return { is: "review_required", transfer: id };
  }
  if (posted.type === "fraud_declined") risk.keep();
  return { is: "refused", reason: posted.type };
};

/** What changes when a run is done with: the next one, or the end. */
const after = (schedule: Schedule, { isGivenUp }: { readonly isGivenUp: boolean }): Partial<Schedule> => {
  const run = schedule.run + 1;
  const nextRunAt = runAt(schedule, run);
  const over = { status: isGivenUp ? "failed" : "ended" } as const;
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
  return again === null
    ? { ...after(schedule, { isGivenUp: true }), failures }
    : { attempts: schedule.attempts + 1, nextRunAt: again };
};

const changesOf = (schedule: Schedule, outcome: Outcome, now: string): Partial<Schedule> => {
  if (outcome.is === "refused") return { ...refused(schedule, outcome.reason, now), lastOutcome: outcome.reason };
  const next = { ...after(schedule, { isGivenUp: false }), lastOutcome: outcome.is };
  if (outcome.is === "review_required") return next;
  return { ...next, runsPosted: schedule.runsPosted + 1, lastTransfer: outcome.transfer };
};

/** Makes the run whose moment has come. */
export const runSchedule = async (
  ctx: CommandContext,
  schedules: ResourceDefinition<string, typeof scheduleFields>,
  schedule: Schedule,
): Promise<void> => {
  const { id, run } = schedule;
  const outcome = await pay(ctx, schedule);
  const row = ctx.table(schedules).update(id, { ...changesOf(schedule, outcome, ctx.now), lastRunAt: ctx.now });
  if (outcome.is === "posted") ctx.emit("executed", { schedule: id, run, transfer: outcome.transfer });
  else {
    const reason = outcome.is === "refused" ? outcome.reason : outcome.is;
    ctx.emit("refused", { schedule: id, run, reason, nextRunAt: row.nextRunAt });
  }
  if (row.status !== "active") ctx.emit("ended", { schedule: id, status: row.status });
};
