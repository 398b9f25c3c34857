/**
 * What the writer runs for a job: the handler, the note of how far the job has come, and what becomes of an event that it could not do, all in one
 * command. Each looks first whether the job still stands where it was thought to stand: whoever comes second, such as a node that has lost its lease or a
 * batch that is run again after a commit without an answer, changes nothing.
 */
import type { Command, Need, Verdict } from "../../batch/command.ts";
import { jobEventsTable, jobsTable } from "../../batch/job-tables.ts";
import type { Unit } from "../../batch/unit.ts";
import { type BackgroundContract, type JobContract, parkedEvent } from "../../contract/jobs.ts";
import type { JobEvent } from "../../define/jobs.ts";
import { type Position, positionText } from "../../events/index.ts";
import { andThen } from "../../pipeline/condition.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { MaybePromise, Row } from "../../store/store.ts";
import type { Table } from "../../store/table.ts";
import type { Caller } from "../code/context.ts";
import { needsOf } from "../code/loading.ts";
import { type Attempt, attemptInside, problemOf } from "./handler.ts";
import { retryAfterMs } from "./moments.ts";
import { freshRow, isSame, itemOf, jobRow, positionOf, putJobRow } from "./rows.ts";

/** Jobs, one because of the other, after which an event is not followed any more: they run in a circle. */
export const depthMax = 16;

/** The job stands elsewhere by now. Recognized by identity. */
export const outOfTurn = refuse("unavailable");

/** What became of an event, or of a run of a schedule. */
export type Happened =
  | { readonly is: "done" }
  /** An earlier event of its row waits. */
  | { readonly is: "behind" }
  | { readonly is: "waiting"; readonly attempts: number; readonly retryAtMs: number; readonly error: unknown }
  | { readonly is: "parked"; readonly attempts: number; readonly error: unknown };

export interface CommandParts {
  readonly caller: Caller;
  /** Tables with a sequence, and tables kept in memory, of the service. */
  readonly sequences: readonly Table[];
  readonly inMemory: readonly Table[];
  readonly random: () => number;
}

/** An event that waits. */
export interface Held {
  readonly seq: number;
  readonly index: number;
  readonly lane: string;
  readonly attempts: number;
  readonly retryAtMs: number;
}

export const verdictOf = (happened: Happened): Verdict => ({ ok: true, status: 200, data: () => happened });

export const wrong: Verdict = { ok: false, refusal: outOfTurn };

export const shared = (
  job: JobContract,
  { caller, sequences, inMemory }: CommandParts,
  { about, depth }: { readonly about: string; readonly depth?: number },
): Pick<Command, "realm" | "origin" | "sequences" | "inMemory" | "depth"> => ({
  realm: caller.realm,
  origin: {
    operation: `${job.service}.jobs.${job.name}`,
    channel: "system",
    requestId: `job ${job.name} ${about}`,
    address: null,
    app: caller.app,
    user: null,
    subject: null,
  },
  sequences,
  inMemory,
  ...(depth === undefined ? {} : { depth }),
});

export const ownNeed = (job: JobContract): Need => ({ by: "key", table: jobsTable, key: [job.fullName] });

const loadNeeds = ({ definition }: BackgroundContract, event: JobEvent): readonly Need[] =>
  definition.load === undefined ? [] : needsOf(definition.load(event));

/** Tells everyone that something was given up: an event of the service, but for the last in a chain that is too long. */
export const tellParked = (
  unit: Unit,
  job: JobContract,
  {
    depth,
    ...data
  }: {
    readonly event: string;
    readonly type: string;
    readonly row: string | null;
    readonly depth: number;
    readonly problem: string;
  },
): void => {
  if (depth >= depthMax) return;
  unit.emit({ type: parkedEvent, data: { job: job.name, ...data } });
};

/** What keeps its order: the events of one row, or all that are about none. */
export const laneOf = ({ row }: JobEvent): string => row ?? "";

interface Holding {
  readonly state: "waiting" | "parked";
  readonly attempts: number;
  readonly retryAt: string | null;
  readonly problem: string | null;
}

const heldRow = (unit: Unit, job: BackgroundContract, event: JobEvent, holding: Holding): Row => ({
  job: job.fullName,
  seq: event.seq,
  item: indexOf(event),
  type: event.type,
  lane: laneOf(event),
  at: unit.now,
  ...holding,
});

/** Which event of its row of the journal it is. */
export const indexOf = ({ id }: JobEvent): number => Number(id.slice(id.indexOf("-") + 1));

/** After a failed attempt: it waits to be tried again, or for a person. */
const hold = (
  unit: Unit,
  job: BackgroundContract,
  event: JobEvent,
  failure: { readonly attempts: number; readonly error: unknown; readonly parts: CommandParts },
): Happened => {
  const { attempts, error, parts } = failure;
  const { realm } = parts.caller;
  const problem = problemOf(error);
  if (attempts >= job.attempts || event.depth >= depthMax) {
    put(unit, realm, heldRow(unit, job, event, { state: "parked", attempts, retryAt: null, problem }));
    tellParked(unit, job, { event: event.id, type: event.type, row: event.row, depth: event.depth, problem });
    return { is: "parked", attempts, error };
  }
  const retryAtMs = Date.parse(unit.now) + retryAfterMs(attempts, parts.random);
  const retryAt = new Date(retryAtMs).toISOString();
  put(unit, realm, heldRow(unit, job, event, { state: "waiting", attempts, retryAt, problem }));
  return { is: "waiting", attempts, retryAtMs, error };
};

const put = (unit: Unit, realm: number, row: Row): void => {
  const key = [row["job"] as string, row["seq"] as number, row["item"] as number];
  unit.rows.set(unit.rows.entry(jobEventsTable, realm, key) ?? unit.rows.adopt(jobEventsTable, realm, key, undefined), row);
};

/** Whether an event of the lane was made to wait in this very batch. */
const isHeldHere = (unit: Unit, realm: number, job: JobContract, lane: string): boolean =>
  unit.rows
    .entriesOf(jobEventsTable, realm)
    .some(({ current }) => current?.["job"] === job.fullName && current["lane"] === lane && current["state"] === "waiting");

const tooDeep = new Error(`jobs follow one another in a circle: ${depthMax} of them, one because of the other`);

/** An event in its turn: the job goes on from `from` to `to`, whatever comes of it. `outside`: what came of the work outside. */
export const handleCommand = (
  job: BackgroundContract,
  parts: CommandParts,
  step: {
    readonly event: JobEvent;
    readonly from: Position;
    readonly to: Position;
    readonly isBehind: boolean;
    readonly outside: Attempt;
  },
): Command => {
  const { event, from, to, isBehind, outside } = step;
  const { realm } = parts.caller;
  const lane = laneOf(event);
  const needs: Command["needs"] = [() => [ownNeed(job), ...(isBehind ? [] : loadNeeds(job, event))]];
  return {
    ...shared(job, parts, { about: event.id, depth: event.depth + 1 }),
    needs,
    evaluate: (unit) => {
      const row = jobRow(unit, realm, job.fullName);
      if (!isSame(positionOf(row), from)) return wrong;
      const goOn = (): void =>
        putJobRow(unit, realm, { ...(row ?? freshRow(job.fullName)), seq: to.seq, item: itemOf(to), doneAt: unit.now });
      if (isBehind || isHeldHere(unit, realm, job, lane)) {
        put(unit, realm, heldRow(unit, job, event, { state: "waiting", attempts: 0, retryAt: null, problem: null }));
        goOn();
        return verdictOf({ is: "behind" });
      }
      return andThen(attempt(unit, job, parts, event, outside), (attempted): Verdict => {
        goOn();
        if (attempted.ok) return verdictOf({ is: "done" });
        return verdictOf(hold(unit, job, event, { attempts: 1, error: attempted.error, parts }));
      });
    },
  };
};

const attempt = (
  unit: Unit,
  job: BackgroundContract,
  { caller }: CommandParts,
  event: JobEvent,
  outside: Attempt,
): MaybePromise<Attempt> => {
  if (event.depth >= depthMax) return { ok: false, error: tooDeep };
  if (!outside.ok) return outside;
  return attemptInside(unit, caller, { run: job.definition.run, subject: event, result: outside.result });
};

/** An event that waits, tried again. */
export const againCommand = (
  job: BackgroundContract,
  parts: CommandParts,
  step: { readonly event: JobEvent; readonly held: Held; readonly outside: Attempt },
): Command => {
  const { event, held, outside } = step;
  const { realm } = parts.caller;
  const key = [job.fullName, held.seq, held.index];
  return {
    ...shared(job, parts, { about: event.id, depth: event.depth + 1 }),
    needs: [() => [{ by: "key", table: jobEventsTable, key }, ...loadNeeds(job, event)]],
    evaluate: (unit) => {
      const entry = unit.rows.entry(jobEventsTable, realm, key);
      const row = entry?.current;
      if (entry === undefined || row === undefined || row["state"] !== "waiting" || Number(row["attempts"]) !== held.attempts)
        return wrong;
      return andThen(attempt(unit, job, parts, event, outside), (attempted): Verdict => {
        if (attempted.ok) {
          unit.rows.set(entry, undefined);
          return verdictOf({ is: "done" });
        }
        return verdictOf(hold(unit, job, event, { attempts: held.attempts + 1, error: attempted.error, parts }));
      });
    },
  };
};

/** Nothing that concerned the job lies between: it stands further on. */
export const advanceCommand = (
  job: JobContract,
  parts: CommandParts,
  { from, to }: { readonly from: Position; readonly to: Position },
): Command => moveCommand(job.fullName, { ...shared(job, parts, { about: positionText(to) }), from, to });

/** Moves a position on; for bridges too. */
export const moveCommand = (
  name: string,
  { from, to, ...rest }: Pick<Command, "realm" | "origin" | "sequences"> & { readonly from: Position; readonly to: Position },
): Command => ({
  ...rest,
  needs: [() => [{ by: "key", table: jobsTable, key: [name] }]],
  evaluate: (unit) => {
    const row = jobRow(unit, rest.realm, name);
    if (!isSame(positionOf(row), from)) return wrong;
    putJobRow(unit, rest.realm, { ...(row ?? freshRow(name)), seq: to.seq, item: itemOf(to) });
    return verdictOf({ is: "done" });
  },
});
