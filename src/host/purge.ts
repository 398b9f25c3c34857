/**
 * Removes what is of no use any more: answers kept for repeated Idempotency-Keys, which are given again for 24 hours, and nonces of signed requests.
 * Runs beside the calls, in transactions of a few rows each with pauses between them, so that no call waits long for one; processes that share a
 * database may all do it.
 *
 *   const purge = startPurge(app.store, { logger });
 *   await purge.stop();   // waits for the transaction under way
 */
import { Nonces } from "../batch/nonces.ts";
import { idempotencyTable } from "../batch/system-tables.ts";
import type { Logger } from "../observe/logger.ts";
import { type OpenStore, type Row, type RowsShape, StoreError } from "../store/index.ts";

/** An hour more than an answer is given again, so that the clocks of several processes may differ. */
const keptMs = 25 * 3_600_000;
const everyMsDefault = 5 * 60_000;
const rowsPerStepDefault = 500;
/** A pause lasts so many times as long as the transaction before it: calls have four fifths of the writer. */
const pausesPerStep = 4;
const pauseMsMin = 5;

export interface PurgeOptions {
  readonly logger: Logger;
  /** Between two runs; the first one is so long after the start. */
  readonly everyMs?: number;
  readonly rowsPerStep?: number;
  readonly clock?: () => number;
}

export interface Purge {
  /** Ends the run under way behind its present transaction, and starts no other one. */
  stop(): Promise<void>;
}

const oldShape: RowsShape = {
  kind: "rows",
  key: "pons_idempotency.old",
  table: idempotencyTable,
  joins: [],
  links: [],
  params: [{ name: "before", type: "timestamp" }],
  where: { op: "lt", left: { field: ["at"] }, right: { param: "before" } },
  select: ["caller", "key"],
  order: [
    { path: ["at"], direction: "asc" },
    { path: ["caller"], direction: "asc" },
    { path: ["key"], direction: "asc" },
  ],
};

const keyOf = (row: Row): [string, string] => [row["caller"] as string, row["key"] as string];

/** Removes the oldest rows of a realm in one transaction; returns how many. A key that was used anew meanwhile stays. */
const purgeStep = async (
  store: OpenStore,
  { realm, before, limit }: { readonly realm: number; readonly before: string; readonly limit: number },
): Promise<number> =>
  store.write(async (tx) => {
    const [found = []] = await tx.read(oldShape, [{ realm, params: [before], limit }]);
    if (found.length === 0) return 0;
    const locked = await tx.load(
      idempotencyTable,
      found.map((row) => ({ realm, key: keyOf(row) })),
    );
    const old = locked.filter((row) => row !== undefined).filter((row) => (row["at"] as string) < before);
    const deletes = old.map((row) => ({ realm, key: keyOf(row) }));
    if (deletes.length > 0) await tx.apply([{ table: idempotencyTable, inserts: [], updates: [], deletes }]);
    return deletes.length;
  });

/** Removes all that is too old, of all realms; returns how many rows. Ends early when the signal aborts. */
export const purgeIdempotency = async (
  store: OpenStore,
  options: { readonly signal: AbortSignal; readonly rowsPerStep?: number; readonly clock?: () => number },
): Promise<number> => {
  const { signal, rowsPerStep = rowsPerStepDefault, clock = Date.now } = options;
  const before = new Date(clock() - keptMs).toISOString();
  const realms = await store.admin.query("SELECT realm FROM pons_realms ORDER BY realm");
  let removed = 0;
  for (const { realm } of realms) {
    // Ends: each step but the last removes rows, and none becomes older than `before` meanwhile.
    for (let count = rowsPerStep; count > 0 && !signal.aborted;) {
      const began = performance.now();
      count = await purgeStep(store, { realm: Number(realm), before, limit: rowsPerStep });
      removed += count;
      if (count > 0) await Bun.sleep(Math.max(pauseMsMin, (performance.now() - began) * pausesPerStep));
    }
  }
  return removed;
};

/** Removes nonces that need not be remembered; returns how many. Ends early when the signal aborts. */
const purgeNonces = async (
  store: OpenStore,
  options: { readonly signal: AbortSignal; readonly clock?: () => number },
): Promise<number> => {
  const { signal, clock = Date.now } = options;
  const nonces = new Nonces(store, { clock });
  let removed = 0;
  for (let count = 1; count > 0 && !signal.aborted;) {
    const began = performance.now();
    count = await nonces.purge();
    removed += count;
    if (count > 0) await Bun.sleep(Math.max(pauseMsMin, (performance.now() - began) * pausesPerStep));
  }
  return removed;
};

/** Purges now and then until it is stopped. A run that fails is logged, and made up for by the next one. */
export const startPurge = (store: OpenStore, options: PurgeOptions): Purge => {
  const { logger, everyMs = everyMsDefault } = options;
  const aborter = new AbortController();
  const { signal } = aborter;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      const removed = await purgeIdempotency(store, { ...options, signal });
      if (removed > 0) logger.debug("idempotency_purged", { removed });
      const nonces = await purgeNonces(store, { ...options, signal });
      if (nonces > 0) logger.debug("nonces_purged", { removed: nonces });
    } catch (error) {
      const isPassing = error instanceof StoreError && error.kind !== "broken" && error.kind !== "check";
      logger[isPassing ? "warn" : "error"]("purge_failed", { error });
    }
    plan();
  };
  const plan = (): void => {
    if (signal.aborted) return;
    timer = setTimeout(() => {
      running = run();
    }, everyMs);
    timer.unref();
  };
  plan();
  return {
    async stop() {
      aborter.abort();
      clearTimeout(timer);
      await running;
    },
  };
};
