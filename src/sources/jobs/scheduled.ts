/** One schedule, over all realms: has the writer run it when its moment has come. */
import type { Outcome } from "../../batch/command.ts";
import type { ScheduleContract } from "../../contract/jobs.ts";
import type { Row } from "../../store/store.ts";
import { type Attempt, attemptOutside, Stopped } from "./handler.ts";
import { specOf } from "./moments.ts";
import { jobShape } from "./rows.ts";
import { busyMs, happenedOf, Interrupted, type Parts, type RunnerParts } from "./runner.ts";
import { planCommand, type Planned, runCommandOf } from "./schedule-command.ts";
import { type Next, turnAgain } from "./turns.ts";

const refusedByDatabase: Attempt = { ok: false, error: new Error("the database refuses what it wrote; the log tells more") };

export class Scheduled {
  readonly job: ScheduleContract;
  readonly #parts: RunnerParts;
  /** Realms where it is planned, and waits. */
  readonly #known = new Set<number>();

  constructor(job: ScheduleContract, parts: RunnerParts) {
    this.job = job;
    this.#parts = parts;
  }

  /** Whether it waits for its moment in a realm. */
  knows(realm: number): boolean {
    return this.#known.has(realm);
  }

  /** Another node may have worked on it. */
  forget(): void {
    this.#known.clear();
  }

  /** Plans it, runs it, or waits for its moment. */
  async turn(realm: number): Promise<Next> {
    const { worksOn, partsOf, store, writer, clock } = this.#parts;
    this.#known.delete(realm);
    if (!worksOn(realm)) return undefined;
    const parts = await partsOf(realm);
    if (parts === undefined) return undefined;
    const [rows = []] = await store.read(jobShape, [{ realm, params: [this.job.fullName], limit: 1 }]);
    const [row] = rows;
    try {
      if (row?.["spec"] === specOf(this.job)) return await this.#onPlan(row, parts);
      const [outcome] = await writer.submit({ steps: [planCommand(this.job, parts)] });
      happenedOf(outcome, clock);
      return turnAgain;
    } catch (error) {
      if (error instanceof Stopped) return undefined;
      if (error instanceof Interrupted) return error.next;
      throw error;
    }
  }

  async #onPlan(row: Row, parts: Parts): Promise<Next> {
    const { clock, writer, onFailed } = this.#parts;
    const { nextAt, retryAt, attempts, doneAt } = row;
    this.#known.add(parts.caller.realm);
    // No moment in the next years.
    if (typeof nextAt !== "string") return undefined;
    const atMs = Math.max(Date.parse(nextAt), typeof retryAt === "string" ? Date.parse(retryAt) : 0);
    if (atMs > clock()) return atMs;
    const planned: Planned = { nextAt, lastAt: typeof doneAt === "string" ? doneAt : null, attempts: Number(attempts) };
    const run = async (outside: Attempt): Promise<Outcome | undefined> =>
      (await writer.submit({ steps: [runCommandOf(this.job, parts, { planned, outside })] }))[0];
    const outside = await this.#outside(parts, planned);
    const happened = happenedOf(await run(outside), clock) ?? happenedOf(await run(refusedByDatabase), clock);
    if (happened === undefined) throw new Interrupted(clock() + busyMs);
    if (happened.is === "waiting" || happened.is === "parked") {
      const { is, attempts: made, error } = happened;
      const { fullName: job } = this.job;
      onFailed({ job, realm: parts.caller.realm, event: nextAt, attempts: made, isParked: is === "parked", error });
    }
    return turnAgain;
  }

  #outside({ caller, outside }: Parts, { nextAt, lastAt }: Planned): Promise<Attempt> {
    const { definition, timeoutMs } = this.job;
    const about = { job: this.job, of: nextAt, depth: 1 };
    return attemptOutside(caller, definition.work, { dueAt: nextAt, lastAt }, { ...outside, timeoutMs, about });
  }
}
