/**
 * Merges reads of concurrent callers. The first call of a shape goes at once; while it is in flight, further calls of the shape gather,
 * and all of them go as the next statement. So the batch size follows the load, there is no timer, and a lone call never waits.
 *
 * A statement that takes long must not hold up the calls behind it: after `slowMs` a second statement of the shape may go, up to the
 * number of connections. Other shapes never wait for it, only for a free connection.
 *
 * A merged statement that fails because of a value or by mistake is run again call by call: no caller fails for another's call.
 */
import { callsPerStatementMax, callsWaitingMax } from "../limits.ts";
import { StoreError } from "../store-error.ts";
import type { ReadCall, Row } from "../store.ts";
import { readBatch, readPlain } from "./reader.ts";
import type { Asked, Prepared } from "./reader.ts";
import type { ReadingSession } from "./reading-session.ts";
import { realmsText } from "./row-security.ts";

/** After how many milliseconds a statement of a shape no longer holds back the next one. */
const slowMs = 5;

interface Waiting extends Asked {
  readonly settle: (rows: Row[] | undefined, error: unknown) => void;
}

class Group {
  readonly prepared: Prepared;
  waiting: Waiting[] = [];
  inFlightCount = 0;
  startedMs = 0;

  constructor(prepared: Prepared) {
    this.prepared = prepared;
  }
}

export class Coalescer {
  readonly #idle: ReadingSession[];
  /** Groups with waiting calls, the one that waits longest first. */
  readonly #groups = new Map<string, Group>();
  #waitingCount = 0;
  #scheduled = false;

  constructor(sessions: readonly ReadingSession[]) {
    this.#idle = [...sessions];
  }

  /** The rows of one call; `settle` is called once, later. */
  read(prepared: Prepared, call: ReadCall, settle: Waiting["settle"]): void {
    if (this.#waitingCount >= callsWaitingMax) throw new StoreError("unavailable", `${this.#waitingCount} reads are waiting`);
    const { bound } = prepared.ask(call);
    let group = this.#groups.get(prepared.key);
    if (group === undefined) this.#groups.set(prepared.key, (group = new Group(prepared)));
    group.waiting.push({ call, bound, settle });
    this.#waitingCount += 1;
    this.#schedule();
  }

  /** After the sockets that are ready now have been read, so that requests that arrived together are one statement. */
  #schedule(): void {
    if (this.#scheduled || this.#idle.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    for (const group of this.#groups.values()) {
      if (this.#idle.length === 0) return;
      if (group.waiting.length === 0) continue;
      if (group.inFlightCount > 0 && performance.now() - group.startedMs < slowMs) continue;
      void this.#run(group);
    }
  }

  /** Takes an idle session: one that sees the rows of these realms already, else the one that has been idle longest. */
  #takeSession(batch: readonly Waiting[]): ReadingSession {
    const realms = realmsText(batch.map(({ call }) => call.realm));
    const at = this.#idle.findLastIndex((session) => session.isSetTo(realms));
    const session = at < 0 ? this.#idle.shift() : this.#idle.splice(at, 1)[0];
    if (session === undefined) throw new Error("no session is idle");
    return session;
  }

  async #run(group: Group): Promise<void> {
    const batch = group.waiting.splice(0, callsPerStatementMax);
    const session = this.#takeSession(batch);
    this.#waitingCount -= batch.length;
    group.inFlightCount += 1;
    group.startedMs = performance.now();
    // Behind the others: every group gets its turn.
    this.#groups.delete(group.prepared.key);
    this.#groups.set(group.prepared.key, group);
    try {
      await answer(session, group.prepared, merge(group.prepared, batch));
    } finally {
      group.inFlightCount -= 1;
      this.#idle.push(session);
      if (group.inFlightCount === 0 && group.waiting.length === 0) this.#groups.delete(group.prepared.key);
      this.#start();
    }
  }
}

const keyOf = ({ realm, params, limit, offset }: ReadCall): string =>
  JSON.stringify([realm, params, limit, offset], (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));

/**
 * Callers who ask for the same count or aggregate are answered by one: it costs as much as the rows it looks at, which may be all of a table. Rows
 * are read for each caller: they cost little, and whoever is handed a row may change it.
 */
const merge = ({ shape }: Prepared, batch: readonly Waiting[]): readonly Waiting[] => {
  if (shape.kind === "rows" || batch.length === 1) return batch;
  const groups = new Map<string, Waiting[]>();
  for (const waiting of batch) {
    const key = keyOf(waiting.call);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [waiting]);
    else group.push(waiting);
  }
  return [...groups.values()].map((group) => ({
    call: (group[0] as Waiting).call,
    bound: (group[0] as Waiting).bound,
    settle: (rows, error) => {
      for (const { settle } of group)
        settle(
          rows?.map((row) => ({ ...row })),
          error,
        );
    },
  }));
};

/** Runs the calls and settles each of them. Never throws. */
const answer = async (session: ReadingSession, prepared: Prepared, batch: readonly Waiting[]): Promise<void> => {
  const [only] = batch;
  if (only !== undefined && batch.length === 1) {
    await readPlain(session, prepared, only.call, only).then(
      (rows) => only.settle(rows, undefined),
      (error: unknown) => only.settle(undefined, error),
    );
    return;
  }
  let results: Row[][];
  try {
    results = await readBatch(session, prepared, batch);
  } catch (error) {
    const shared = error instanceof StoreError && (error.kind === "unavailable" || error.kind === "timeout");
    for (const waiting of batch) {
      if (shared) waiting.settle(undefined, error);
      else await answer(session, prepared, [waiting]);
    }
    return;
  }
  batch.forEach(({ settle }, i) => settle(results[i] ?? [], undefined));
};
