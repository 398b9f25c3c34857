/**
 * Merges reads of concurrent callers. The first call of a shape goes at once; while it is in flight, further calls of the shape gather,
 * and all of them go as the next statement. So the batch size follows the load, there is no timer, and a lone call never waits.
 *
 * A statement that takes long must not hold up the calls behind it: after `slowMs` a second statement of the shape may go, up to the
 * number of connections. Other shapes never wait for it, only for a free connection.
 *
 * Calls that ask for the same ask once (see same-calls.ts). A merged statement that fails because of a value or by mistake is run again call by call: no
 * caller fails for another's call.
 */
import { callsPerStatementMax, callsWaitingMax } from "../limits.ts";
import { StoreError } from "../store-error.ts";
import type { ReadCall, Row } from "../store.ts";
import { readBatch, readPlain } from "./reader.ts";
import type { Prepared } from "./reader.ts";
import type { ReadingSession } from "./reading-session.ts";
import { realmsText } from "./row-security.ts";
import { sameOnce } from "./same-calls.ts";
import type { Waiting } from "./same-calls.ts";

/** After how many milliseconds a statement of a shape no longer holds back the next one. */
const slowMs = 5;

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
      await answer(session, group.prepared, sameOnce(group.prepared, batch));
    } finally {
      group.inFlightCount -= 1;
      this.#idle.push(session);
      if (group.inFlightCount === 0 && group.waiting.length === 0) this.#groups.delete(group.prepared.key);
      this.#start();
    }
  }
}

/** Runs the calls and settles each of them. Never throws. */
const answer = async (session: ReadingSession, prepared: Prepared, batch: readonly Waiting[]): Promise<void> => {
  const [first] = batch;
  if (first === undefined) return;
  const isOne = batch.length === 1;
  let results: Row[][];
  try {
    results = isOne ? [await readPlain(session, prepared, first.call, first)] : await readBatch(session, prepared, batch);
  } catch (error) {
    const isEverybodys = error instanceof StoreError && (error.kind === "unavailable" || error.kind === "timeout");
    const parts = isOne ? first.parts : batch;
    if (isEverybodys || parts === undefined) for (const { settle } of batch) settle(undefined, error);
    else for (const part of parts) await answer(session, prepared, [part]);
    return;
  }
  batch.forEach(({ settle }, i) => settle(results[i] ?? [], undefined));
};
