/**
 * Usage and traffic grow coarser as they grow old, so that a year is not many more rows than a week:
 *
 *   pons_usage     raw → hour, once the hour is over → day, after 90 days; without key and user then → removed after ten years
 *   pons_traffic   raw → minute, once it is over → hour, after 48 hours → day, after 90 days → removed after three years
 *
 * A step takes a few rows in one transaction: it locks them, adds them to the coarser row that counts the same, and removes them. So each is counted once,
 * whoever else does the same at that moment, and whenever the process dies. Between the steps it pauses: calls have four fifths of the writer.
 */
import { rawGrain, usageTable } from "../../batch/index.ts";
import { latencyBuckets } from "../../define/latency.ts";
import { type OpenStore, type Row, type RowsShape, StoreError, type Table } from "../../store/index.ts";
import { trafficTable } from "./tables.ts";

/** How long rows stay as fine as they are, in milliseconds. */
export interface Retention {
  readonly usageHoursMs: number;
  readonly usageDaysMs: number;
  readonly trafficMinutesMs: number;
  readonly trafficHoursMs: number;
  readonly trafficDaysMs: number;
}

const dayMs = 86_400_000;

export const retentionDefault: Retention = {
  usageHoursMs: 90 * dayMs,
  usageDaysMs: 3_653 * dayMs,
  trafficMinutesMs: 2 * dayMs,
  trafficHoursMs: 90 * dayMs,
  trafficDaysMs: 1_096 * dayMs,
};

type Grain = "minute" | "hour" | "day";

/** Rows of grain `from` become rows of grain `to` once they are `afterMs` old, or are removed where there is none. */
interface Step {
  readonly table: Table;
  readonly from: string;
  readonly to?: Grain;
  readonly afterMs: number;
  readonly measures: readonly string[];
  /** Dimensions that the coarser rows do not tell any more. */
  readonly without?: readonly string[];
}

const lengthMs = { minute: 60_000, hour: 3_600_000, day: dayMs } as const;
/** How late a row may come: flushes that wait for the database come later still, and are taken then. */
const slackMs = 120_000;

const ofUsage = { table: usageTable, measures: ["calls", "units"] } as const;
const ofTraffic = { table: trafficTable, measures: ["calls", "errors", ...latencyBuckets] } as const;

const stepsOf = (kept: Retention): readonly Step[] => [
  { ...ofUsage, from: rawGrain, to: "hour", afterMs: lengthMs.hour + slackMs },
  { ...ofUsage, from: "hour", to: "day", afterMs: kept.usageHoursMs, without: ["key", "user"] },
  { ...ofUsage, from: "day", afterMs: kept.usageDaysMs },
  { ...ofTraffic, from: rawGrain, to: "minute", afterMs: lengthMs.minute + slackMs },
  { ...ofTraffic, from: "minute", to: "hour", afterMs: kept.trafficMinutesMs },
  { ...ofTraffic, from: "hour", to: "day", afterMs: kept.trafficHoursMs },
  { ...ofTraffic, from: "day", afterMs: kept.trafficDaysMs },
];

const rowsDefault = 500;
const pausesPerStep = 4;
const pauseMsMin = 5;
const racesMax = 5;

const oldShape = (table: Table): RowsShape => ({
  kind: "rows",
  key: `${table.name}.old`,
  table,
  joins: [],
  links: [],
  params: [
    { name: "grain", type: "text" },
    { name: "before", type: "timestamp" },
  ],
  where: {
    op: "and",
    of: [
      { op: "eq", left: { field: ["grain"] }, right: { param: "grain" } },
      { op: "lt", left: { field: ["at"] }, right: { param: "before" } },
    ],
  },
  select: ["id"],
  order: [
    { path: ["at"], direction: "asc" },
    { path: ["id"], direction: "asc" },
  ],
});

const shapes = new Map([usageTable, trafficTable].map((table) => [table, oldShape(table)]));

/** `2026-11-28T09:41:00.000Z` → the hour or day it is of. */
const startOf = (at: string, grain: Grain): string =>
  ({ minute: `${at.slice(0, 16)}:00.000Z`, hour: `${at.slice(0, 13)}:00:00.000Z`, day: `${at.slice(0, 10)}T00:00:00.000Z` })[
    grain
  ];

/** The coarser rows of some rows, by their ids, which follow from what they tell. */
const coarser = (rows: readonly Row[], to: Grain, { measures, without = [] }: Step): ReadonlyMap<string, Row> => {
  const made = new Map<string, Row>();
  for (const row of rows) {
    const dimensions: Row = {};
    for (const field of Object.keys(row).toSorted())
      if (field !== "id" && !measures.includes(field)) dimensions[field] = without.includes(field) ? null : (row[field] ?? null);
    dimensions["grain"] = to;
    dimensions["at"] = startOf(row["at"] as string, to);
    const id = `${to}.${Bun.SHA256.hash(JSON.stringify(dimensions), "base64url")}`;
    const sum = made.get(id);
    if (sum === undefined)
      made.set(id, { ...dimensions, id, ...Object.fromEntries(measures.map((name) => [name, row[name] ?? 0])) });
    else for (const name of measures) sum[name] = Number(sum[name]) + Number(row[name]);
  }
  return made;
};

export class RollUp {
  readonly #store: OpenStore;
  readonly #steps: readonly Step[];
  readonly #clock: () => number;
  readonly #worksOn: (realm: number) => boolean;
  readonly #rowsMax: number;
  #isStopped = false;

  constructor(
    store: OpenStore,
    options: {
      readonly retention: Retention;
      readonly clock: () => number;
      readonly worksOn?: (realm: number) => boolean;
      readonly rowsPerStep?: number;
    },
  ) {
    this.#store = store;
    this.#steps = stepsOf(options.retention);
    this.#clock = options.clock;
    this.#worksOn = options.worksOn ?? (() => true);
    this.#rowsMax = options.rowsPerStep ?? rowsDefault;
  }

  /** Takes all that has grown old, of the realms that are this node's; how many rows. Rejects with `StoreError`. */
  async run(): Promise<number> {
    let taken = 0;
    for (const table of [usageTable, trafficTable])
      for (let realm = await this.#realmAfter(table, -1); realm !== undefined; realm = await this.#realmAfter(table, realm)) {
        if (!this.#worksOn(realm)) continue;
        for (const step of this.#steps) if (step.table === table) taken += await this.#all(step, realm);
      }
    return taken;
  }

  /** Ends a run behind its present transaction. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The next realm that has rows; found by the index. */
  async #realmAfter(table: Table, realm: number): Promise<number | undefined> {
    if (this.#isStopped) return undefined;
    const sql = `SELECT realm FROM ${table.name} WHERE realm > $1 ORDER BY realm LIMIT 1`;
    const [row] = await this.#store.admin.query(sql, [realm]);
    return row === undefined ? undefined : Number(row["realm"]);
  }

  async #all(step: Step, realm: number): Promise<number> {
    const before = new Date(this.#clock() - step.afterMs).toISOString();
    // A coarser row is begun once all of its time is that old.
    const ended = step.to === undefined ? before : startOf(before, step.to);
    let taken = 0;
    // Ends: every step but the last removes rows, and none becomes older meanwhile.
    for (let count = 1; count > 0 && !this.#isStopped;) {
      const began = performance.now();
      count = await this.#raced(step, realm, ended);
      taken += count;
      if (count > 0) await Bun.sleep(Math.max(pauseMsMin, (performance.now() - began) * pausesPerStep));
    }
    return taken;
  }

  /** Another node may make the same coarser row at the same moment. */
  async #raced(step: Step, realm: number, before: string): Promise<number> {
    for (let races = 0; ; races++) {
      try {
        return await this.#take(step, realm, before);
      } catch (error) {
        const isRace = error instanceof StoreError && (error.kind === "unique" || error.kind === "conflict");
        if (!isRace || races >= racesMax) throw error;
      }
    }
  }

  /** Takes the oldest rows, in one transaction; how many were there. */
  #take(step: Step, realm: number, before: string): Promise<number> {
    const { table, from, to, measures } = step;
    const shape = shapes.get(table) ?? oldShape(table);
    return Promise.resolve(
      this.#store.write(async (tx) => {
        const [found = []] = await tx.read(shape, [{ realm, params: [from, before], limit: this.#rowsMax }]);
        if (found.length === 0) return 0;
        const keys = found.map((row) => ({ realm, key: [row["id"] as string] }));
        // What another node has taken meanwhile is gone.
        const rows = (await tx.load(table, keys)).filter((row) => row !== undefined);
        const deletes = rows.map((row) => ({ realm, key: [row["id"] as string] }));
        const sums = to === undefined ? new Map<string, Row>() : coarser(rows, to, step);
        const ids = [...sums.keys()];
        const known = await tx.load(
          table,
          ids.map((id) => ({ realm, key: [id] })),
        );
        const inserts = ids.flatMap((id, at) => (known[at] === undefined ? [{ realm, row: sums.get(id) ?? {} }] : []));
        const updates = ids.flatMap((id, at) => {
          const [row, sum] = [known[at], sums.get(id)];
          if (row === undefined || sum === undefined) return [];
          const changes = Object.fromEntries(measures.map((name) => [name, Number(row[name]) + Number(sum[name])]));
          return [{ realm, key: [id], changes }];
        });
        await tx.apply([{ table, inserts, updates, deletes }]);
        return found.length;
      }),
    );
  }
}
