/**
 * Removes from the log of deliveries what is old: what was taken after a week, all else after a month, and of one webhook what was taken beyond the newest
 * ten thousand. In transactions of a few rows each with pauses between them, so that no call waits long for one.
 */
import type { OpenStore, RowsShape, Table } from "../../store/index.ts";
import { webhookStateTable } from "./state-table.ts";

const dayMs = 86_400_000;
const keptMs = { delivered: 7 * dayMs, failed: 30 * dayMs, waiting: 60 * dayMs } as const;
/** Of one webhook. */
const deliveredMax = 10_000;
const rowsPerStep = 500;
/** A pause lasts so many times as long as the transaction before it. */
const pausesPerStep = 4;
const pauseMsMin = 5;

export interface RetentionOptions {
  readonly store: OpenStore;
  readonly deliveries: Table;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

interface Step {
  readonly realm: number;
  readonly table: Table;
  readonly ids: readonly string[];
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #old: RowsShape;
  readonly #delivered: RowsShape;
  readonly #states: RowsShape;

  constructor(options: RetentionOptions) {
    this.#options = options;
    const { deliveries: table } = options;
    const shared = { kind: "rows" as const, joins: [], links: [], select: ["id"] };
    const equals = (field: string) => ({ op: "eq" as const, left: { field: [field] }, right: { param: field } });
    this.#old = {
      ...shared,
      table,
      key: `${table.name}:deliverer:old`,
      params: [
        { name: "status", type: "text" },
        { name: "before", type: "timestamp" },
      ],
      where: { op: "and", of: [equals("status"), { op: "lt", left: { field: ["createdAt"] }, right: { param: "before" } }] },
      order: [
        { path: ["createdAt"], direction: "asc" },
        { path: ["id"], direction: "asc" },
      ],
    };
    this.#delivered = {
      ...shared,
      table,
      key: `${table.name}:deliverer:delivered`,
      params: [
        { name: "webhook", type: "text" },
        { name: "status", type: "text" },
      ],
      where: { op: "and", of: [equals("webhook"), equals("status")] },
      order: [
        { path: ["seq"], direction: "desc" },
        { path: ["id"], direction: "desc" },
      ],
    };
    this.#states = {
      ...shared,
      table: webhookStateTable,
      key: `${webhookStateTable.name}:all`,
      params: [],
      order: [{ path: ["id"], direction: "asc" }],
    };
  }

  /** What is old of one realm; how many rows it took. Throws `StoreError`. */
  async purge(realm: number, isThere: (webhook: string) => boolean): Promise<number> {
    const { store, deliveries, clock } = this.#options;
    let removed = 0;
    for (const [status, ms] of Object.entries(keptMs)) {
      const params = [status, new Date(clock() - ms).toISOString()];
      removed += await this.#remove(async () => {
        const [rows = []] = await store.read(this.#old, [{ realm, params, limit: rowsPerStep }]);
        return { realm, table: deliveries, ids: rows.map((row) => row["id"] as string) };
      });
    }
    const [states = []] = await store.read(this.#states, [{ realm, params: [], limit: 10_000 }]);
    const gone = states.map((row) => row["id"] as string).filter((id) => !isThere(id));
    for (let at = 0; at < gone.length; at += rowsPerStep)
      await this.#step({ realm, table: webhookStateTable, ids: gone.slice(at, at + rowsPerStep) });
    return removed;
  }

  /** What one webhook has beyond what is kept of one. */
  trim({ owner, id }: { readonly owner: number; readonly id: string }): Promise<number> {
    const { store, deliveries } = this.#options;
    return this.#remove(async () => {
      const call = { realm: owner, params: [id, "delivered"], limit: rowsPerStep, offset: deliveredMax };
      const [rows = []] = await store.read(this.#delivered, [call]);
      return { realm: owner, table: deliveries, ids: rows.map((row) => row["id"] as string) };
    });
  }

  async #remove(next: () => Promise<Step>): Promise<number> {
    const { signal } = this.#options;
    let removed = 0;
    for (let count = rowsPerStep; count >= rowsPerStep && !signal.aborted;) {
      const began = performance.now();
      const step = await next();
      count = step.ids.length;
      if (count === 0) break;
      await this.#step(step);
      removed += count;
      await Bun.sleep(Math.max(pauseMsMin, (performance.now() - began) * pausesPerStep));
    }
    return removed;
  }

  async #step({ realm, table, ids }: Step): Promise<void> {
    const deletes = ids.map((id) => ({ realm, key: [id] }));
    await this.#options.store.write((tx) => tx.apply([{ table, inserts: [], updates: [], deletes }]));
  }
}
