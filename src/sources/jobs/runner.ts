/** What jobs of both kinds need of the app, and what the writer's outcomes mean to them. */
import type { Outcome } from "../../batch/command.ts";
import { notHolder } from "../../batch/lease.ts";
import type { Writer } from "../../batch/writer.ts";
import type { EventLog } from "../../events/index.ts";
import type { OpenStore } from "../../store/index.ts";
import { type CommandParts, type Happened, outOfTurn } from "./command.ts";
import type { Outside } from "./handler.ts";
import type { Next } from "./turns.ts";

/** After the database was away or busy. */
export const busyMs = 1_000;
/** After somebody else was here. */
const otherMs = 100;

/** What it needs of the app; the same for all jobs. */
export interface RunnerParts {
  readonly store: OpenStore;
  readonly writer: Pick<Writer, "submit">;
  readonly events: Pick<EventLog, "read">;
  readonly clock: () => number;
  /** What the commands and the work outside of a realm are run with; `undefined`: the job has no business there. */
  readonly partsOf: (realm: number) => Promise<(CommandParts & { readonly outside: Outside }) | undefined>;
  /** Whether this node is to work on a realm now. */
  readonly worksOn: (realm: number) => boolean;
  readonly onFailed: (failure: Failure) => void;
}

/** An attempt that failed. */
export interface Failure {
  readonly job: string;
  readonly realm: number;
  /** Position of the event, or the moment of a schedule. */
  readonly event: string;
  readonly attempts: number;
  readonly isParked: boolean;
  readonly error: unknown;
}

export type Parts = NonNullable<Awaited<ReturnType<RunnerParts["partsOf"]>>>;

/** The turn has to begin anew: somebody else was here, or the database was away. */
export class Interrupted extends Error {
  readonly next: Next;

  constructor(next: Next) {
    super("interrupted");
    this.next = next;
  }
}

/** What became of a command; `undefined`: the database refuses it for good. Throws `Interrupted` where it may be tried again. */
export const happenedOf = (outcome: Outcome | undefined, clock: () => number): Happened | undefined => {
  if (outcome?.ok === true) return outcome.data as Happened;
  const refusal = outcome?.refusal;
  // Whoever has the lease goes on from here.
  if (refusal === notHolder) throw new Interrupted(undefined);
  if (refusal === outOfTurn) throw new Interrupted(clock() + otherMs);
  if (refusal === undefined || refusal.status > 500) throw new Interrupted(clock() + busyMs);
  return undefined;
};
