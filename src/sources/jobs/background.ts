/**
 * One background job, over all realms: reads the journal behind where it stands, and has the writer handle what it finds, in order.
 *
 * What fails waits, with the later events of its row behind it; all others go on. What has failed too often is parked, and its row goes on too. Bounds:
 * `pageRows` rows of the journal at a time, `heldMax` events of a realm that wait (standing.ts): with more, the job stands still until some are done.
 */
import type { Command, Outcome } from "../../batch/command.ts";
import type { BackgroundContract } from "../../contract/jobs.ts";
import type { JobEvent } from "../../define/jobs.ts";
import { type Position, positionText, type StoredEvent } from "../../events/index.ts";
import { advanceCommand, againCommand, depthMax, handleCommand, type Happened, indexOf, laneOf } from "./command.ts";
import { type Attempt, attemptOutside, Stopped } from "./handler.ts";
import { isSame } from "./rows.ts";
import { busyMs, happenedOf, Interrupted, type Parts, type RunnerParts } from "./runner.ts";
import { type Held, heldMax, Standing } from "./standing.ts";
import { type Next, turnAgain } from "./turns.ts";

const pageRows = 200;
/** Held events that are tried again in one turn. */
const againMax = 50;
/** So many rows of the journal without an event for it, and where it stands is noted: after a start they are not read again. */
const advanceRows = 5_000;
/** Realms remembered. */
const realmsMax = 10_000;

interface Step {
  readonly event: JobEvent;
  readonly to: Position;
}

const placeOf = (event: StoredEvent): Position => ({ seq: event.seq, index: event.index });

export class Background {
  readonly job: BackgroundContract;
  readonly #parts: RunnerParts;
  /** Resource and event → the field of its data that names the row. */
  readonly #subjectOf: (type: string) => string | undefined;
  readonly #standings = new Map<number, Standing>();
  /** `bank.accounts.opened`. */
  readonly #types: ReadonlySet<string>;

  constructor(job: BackgroundContract, parts: RunnerParts, subjectOf: (type: string) => string | undefined) {
    this.job = job;
    this.#parts = parts;
    this.#subjectOf = subjectOf;
    this.#types = new Set([...job.types].map((type) => `${job.service}.${type}`));
  }

  /** Whether a commit of this process has something for it. Where it has not, and nothing else came before, the job has seen it with that. */
  concerns(
    realm: number,
    seq: number,
    { after, types }: { readonly after: number; readonly types: ReadonlySet<string> },
  ): boolean {
    for (const type of types) if (this.#types.has(type)) return true;
    const standing = this.#standings.get(realm);
    if (standing === undefined || standing.seen < after) return false;
    standing.seen = seq;
    return seq - standing.position.seq >= advanceRows;
  }

  /** Whether there may be something to do: behind what it has seen, or among what waits, where a person may have put something. */
  lags(
    realm: number,
    { head, stored, held }: { readonly head: number; readonly stored: number; readonly held: number },
  ): boolean {
    const standing = this.#standings.get(realm);
    if (standing === undefined) return held > 0 || head > stored;
    if (standing.heldCount === held) return head > standing.seen;
    this.#standings.delete(realm);
    return true;
  }

  /** Forgets where it stands: another node may have worked on it. */
  forget(): void {
    this.#standings.clear();
  }

  /** Goes on in a realm. */
  async turn(realm: number): Promise<Next> {
    if (!this.#parts.worksOn(realm)) {
      this.#standings.delete(realm);
      return undefined;
    }
    const parts = await this.#parts.partsOf(realm);
    if (parts === undefined) return undefined;
    try {
      const standing = await this.#standing(realm);
      const isMore = (await this.#again(standing, parts)) || (await this.#onward(standing, parts));
      return isMore ? turnAgain : this.#rest(realm, standing);
    } catch (error) {
      if (error instanceof Stopped) return undefined;
      this.#standings.delete(realm);
      if (error instanceof Interrupted) return error.next;
      throw error;
    }
  }

  /** When the first waiting event is tried again. */
  #rest(realm: number, { lanes }: Standing): Next {
    if (lanes.size === 0) {
      const [oldest] = this.#standings.keys();
      if (this.#standings.size > realmsMax && oldest !== undefined && oldest !== realm) this.#standings.delete(oldest);
      return undefined;
    }
    let soonest = Number.POSITIVE_INFINITY;
    for (const [first] of lanes.values()) soonest = Math.min(soonest, first?.retryAtMs ?? soonest);
    return Math.max(soonest, this.#parts.clock() + 1);
  }

  async #standing(realm: number): Promise<Standing> {
    const known = this.#standings.get(realm);
    if (known !== undefined) return known;
    const standing = await Standing.read(this.#parts.store, realm, this.job.fullName);
    this.#standings.set(realm, standing);
    return standing;
  }

  /** Tries again what has waited long enough; whether there may be more. */
  async #again(standing: Standing, parts: Parts): Promise<boolean> {
    const nowMs = this.#parts.clock();
    const due = [...standing.lanes.values()].flatMap(([first]) =>
      first !== undefined && first.retryAtMs <= nowMs ? [first] : [],
    );
    if (due.length === 0) return false;
    const isOutside = this.job.definition.work !== undefined;
    const chosen = due.slice(0, isOutside ? this.job.atOnce : againMax);
    const tried = await Promise.allSettled(chosen.map((held) => this.#tryAgain(standing, parts, held)));
    for (const one of tried) if (one.status === "rejected") throw one.reason;
    return true;
  }

  async #tryAgain(standing: Standing, parts: Parts, held: Held): Promise<void> {
    const event = await this.#eventAt(parts.caller.realm, held);
    const submit = async (outside: Attempt): Promise<Happened | undefined> =>
      happenedOf(await this.#submit(againCommand(this.job, parts, { event, held, outside })), this.#parts.clock);
    const happened = (await submit(await this.#outside(parts, event))) ?? (await submit(refusedByDatabase));
    if (happened === undefined) throw new Interrupted(this.#parts.clock() + busyMs);
    this.#tell(parts.caller.realm, event, happened);
    standing.dequeue(held);
    if (happened.is === "waiting") standing.enqueue({ ...held, attempts: happened.attempts, retryAtMs: happened.retryAtMs });
  }

  /** Reads on and handles what is there; whether there may be more. */
  async #onward(standing: Standing, parts: Parts): Promise<boolean> {
    if (standing.heldCount >= heldMax) return false;
    const { realm } = parts.caller;
    const from =
      standing.seen >= standing.position.seq ? { seq: standing.seen, index: Number.POSITIVE_INFINITY } : standing.position;
    const { events, through, isLast } = await this.#parts.events.read(realm, from, pageRows);
    const steps = this.#stepsOf(events, through);
    if (steps.length > 0) await this.#handle(standing, parts, steps);
    if (!isSame(through, from)) standing.seen = Math.max(standing.seen, through.seq);
    if (steps.length === 0 && standing.seen - standing.position.seq >= advanceRows) await this.#advance(standing, parts);
    return !isLast;
  }

  #stepsOf(events: readonly StoredEvent[], through: Position): readonly Step[] {
    const wanted = events.filter(({ service, type }) => service === this.job.service && this.job.types.has(type));
    return wanted.map((stored, at) => ({
      event: this.#jobEvent(stored),
      to: at === wanted.length - 1 ? through : placeOf(stored),
    }));
  }

  #jobEvent(stored: StoredEvent): JobEvent {
    const { seq, at, service, type, data, requestId, depth = 0 } = stored;
    const subject = this.#subjectOf(type);
    const row = subject === undefined ? undefined : data[subject];
    return {
      id: positionText(stored),
      seq,
      at,
      service,
      type,
      row: typeof row === "string" ? row : null,
      data,
      requestId,
      depth,
    };
  }

  async #handle(standing: Standing, parts: Parts, steps: readonly Step[]): Promise<void> {
    const { definition } = this.job;
    let left = steps;
    while (left.length > 0) {
      const chosen = definition.work === undefined ? left : this.#window(left);
      left = left.slice(chosen.length);
      const outside = await Promise.all(
        chosen.map(async ({ event }) => (standing.lanes.has(laneOf(event)) ? nothing : this.#outside(parts, event))),
      );
      await this.#handleAll(
        standing,
        parts,
        chosen.map((step, at) => ({ ...step, outside: outside[at] ?? nothing })),
      );
      if (left.length > 0 && !this.#parts.worksOn(parts.caller.realm)) throw new Interrupted(undefined);
    }
  }

  /** Steps whose work outside may be done at the same time: as many rows at once as the job allows, and of each row one event. */
  #window(steps: readonly Step[]): readonly Step[] {
    const lanes = new Set<string>();
    for (const [at, { event }] of steps.entries()) {
      const lane = laneOf(event);
      if (at === this.job.atOnce || lanes.has(lane)) return steps.slice(0, at);
      lanes.add(lane);
    }
    return steps;
  }

  /** Has the writer handle steps that follow one another; they share a batch. */
  async #handleAll(standing: Standing, parts: Parts, steps: readonly (Step & { readonly outside: Attempt })[]): Promise<void> {
    let from = standing.position;
    const commands = steps.map(({ event, to, outside }) => {
      const command = handleCommand(this.job, parts, { event, from, to, outside, isBehind: standing.lanes.has(laneOf(event)) });
      from = to;
      return command;
    });
    const outcomes = await Promise.all(commands.map((command) => this.#submit(command)));
    for (const [at, { event, to }] of steps.entries()) {
      const happened = happenedOf(outcomes[at], this.#parts.clock);
      if (happened === undefined) {
        // Those behind it were out of turn with it.
        await this.#blame(standing, parts, { event, to });
        throw new Interrupted(turnAgain);
      }
      standing.moveTo(to);
      this.#tell(parts.caller.realm, event, happened);
      if (happened.is === "behind" || happened.is === "waiting") standing.enqueue(waitingOf(event, happened));
    }
  }

  /** The database itself refuses what the handler of this one event wrote: a failed attempt like any other. */
  async #blame(standing: Standing, parts: Parts, { event, to }: Step): Promise<void> {
    const outside = refusedByDatabase;
    const command = handleCommand(this.job, parts, { event, to, outside, from: standing.position, isBehind: false });
    const happened = happenedOf(await this.#submit(command), this.#parts.clock);
    if (happened !== undefined) this.#tell(parts.caller.realm, event, happened);
  }

  async #advance(standing: Standing, parts: Parts): Promise<void> {
    const to = { seq: standing.seen, index: Number.POSITIVE_INFINITY };
    happenedOf(await this.#submit(advanceCommand(this.job, parts, { from: standing.position, to })), this.#parts.clock);
    standing.moveTo(to);
  }

  async #eventAt(realm: number, { seq, index }: Held): Promise<JobEvent> {
    const { events } = await this.#parts.events.read(realm, { seq: seq - 1, index: Number.POSITIVE_INFINITY }, 1);
    const found = events.find((event) => event.index === index);
    if (found === undefined) throw new Error(`${this.job.fullName}: the journal of realm ${realm} has no event ${seq}-${index}`);
    return this.#jobEvent(found);
  }

  #outside({ caller, outside }: Parts, event: JobEvent): Promise<Attempt> {
    const { definition, timeoutMs } = this.job;
    // What it calls would go round in the circle.
    if (event.depth >= depthMax) return Promise.resolve(nothing);
    const about = { job: this.job, of: event.id, depth: event.depth + 1 };
    return attemptOutside(caller, definition.work, event, { ...outside, timeoutMs, about });
  }

  async #submit(command: Command): Promise<Outcome | undefined> {
    return (await this.#parts.writer.submit({ steps: [command] }))[0];
  }

  #tell(realm: number, { id }: JobEvent, happened: Happened): void {
    if (happened.is !== "waiting" && happened.is !== "parked") return;
    const { attempts, error } = happened;
    this.#parts.onFailed({ job: this.job.fullName, realm, event: id, attempts, isParked: happened.is === "parked", error });
  }
}

const refusedByDatabase: Attempt = { ok: false, error: new Error("the database refuses what it wrote; the log tells more") };
const nothing: Attempt = { ok: true, result: undefined };

const waitingOf = (event: JobEvent, happened: Happened): Held => ({
  seq: event.seq,
  index: indexOf(event),
  lane: laneOf(event),
  attempts: happened.is === "waiting" ? happened.attempts : 0,
  retryAtMs: happened.is === "waiting" ? happened.retryAtMs : 0,
});
