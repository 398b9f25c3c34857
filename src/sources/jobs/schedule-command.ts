/** What the writer runs for a schedule: the handler, and when it runs next, in one command. */
import type { Command, Verdict } from "../../batch/command.ts";
import type { ScheduleContract } from "../../contract/jobs.ts";
import { andThen } from "../../pipeline/condition.ts";
import { type CommandParts, ownNeed, shared, tellParked, verdictOf, wrong } from "./command.ts";
import { type Attempt, attemptInside, problemOf } from "./handler.ts";
import { momentAfter, retryAfterMs, specOf } from "./moments.ts";
import { freshRow, jobRow, putJobRow } from "./rows.ts";

/** What a schedule's row says. */
export interface Planned {
  readonly nextAt: string;
  readonly lastAt: string | null;
  readonly attempts: number;
}

const nextAtOf = (job: ScheduleContract, afterMs: number): string | null => {
  const next = momentAfter(job, afterMs);
  return next === undefined ? null : new Date(next).toISOString();
};

/** Plans a schedule's next run, where it is new or has been given another time. */
export const planCommand = (job: ScheduleContract, parts: CommandParts): Command => {
  const { realm } = parts.caller;
  return {
    ...shared(job, parts, { about: "plan" }),
    needs: [() => [ownNeed(job)]],
    evaluate: (unit) => {
      const row = jobRow(unit, realm, job.fullName);
      if (row?.["spec"] === specOf(job)) return wrong;
      const nextAt = nextAtOf(job, Date.parse(unit.now));
      putJobRow(unit, realm, { ...(row ?? freshRow(job.fullName)), nextAt, spec: specOf(job), attempts: 0, retryAt: null });
      return verdictOf({ is: "done" });
    },
  };
};

/** One run of a schedule. Moments that were missed are made up for by this one run. */
export const runCommandOf = (
  job: ScheduleContract,
  parts: CommandParts,
  { planned, outside }: { readonly planned: Planned; readonly outside: Attempt },
): Command => {
  const { caller, random } = parts;
  const { realm } = caller;
  return {
    ...shared(job, parts, { about: planned.nextAt }),
    needs: [() => [ownNeed(job)]],
    evaluate: (unit) => {
      const row = jobRow(unit, realm, job.fullName);
      if (row === undefined || row["nextAt"] !== planned.nextAt || Number(row["attempts"]) !== planned.attempts) return wrong;
      const nowMs = Date.parse(unit.now);
      const subject = { dueAt: planned.nextAt, lastAt: planned.lastAt };
      const attempting = outside.ok
        ? attemptInside(unit, caller, { run: job.definition.run, subject, result: outside.result })
        : outside;
      return andThen(attempting, (attempted): Verdict => {
        const nextAt = nextAtOf(job, nowMs);
        const rested = { ...row, nextAt, attempts: 0, retryAt: null };
        if (attempted.ok) {
          putJobRow(unit, realm, { ...rested, problem: null, doneAt: unit.now });
          return verdictOf({ is: "done" });
        }
        const { error } = attempted;
        const problem = problemOf(error);
        const attempts = planned.attempts + 1;
        const retryAtMs = nowMs + retryAfterMs(attempts, random);
        if (attempts < job.attempts) {
          // Where the next moment comes sooner it is the next attempt.
          const isSooner = nextAt !== null && Date.parse(nextAt) <= retryAtMs;
          const retryAt = isSooner ? null : new Date(retryAtMs).toISOString();
          putJobRow(unit, realm, { ...row, attempts, problem, retryAt, ...(isSooner ? { nextAt } : {}) });
          return verdictOf({ is: "waiting", attempts, retryAtMs: isSooner ? Date.parse(nextAt) : retryAtMs, error });
        }
        putJobRow(unit, realm, { ...rested, problem });
        tellParked(unit, job, { event: planned.nextAt, type: "schedule", row: null, depth: 0, problem });
        return verdictOf({ is: "parked", attempts, error });
      });
    },
  };
};
