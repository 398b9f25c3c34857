/** Rows of jobs: how far they have come, and what waits. See batch/job-tables.ts. */
import { jobEventsTable, jobsTable } from "../../batch/job-tables.ts";
import type { Unit } from "../../batch/unit.ts";
import { beginning, type Position } from "../../events/index.ts";
import type { Row, RowsShape, Store } from "../../store/store.ts";

/** Stands for "all events of the row": no row has so many. */
const wholeRow = 2_147_483_647;

export const itemOf = ({ index }: Position): number => (Number.isFinite(index) ? index : wholeRow);

export const positionOf = (row: Row | undefined): Position => {
  if (row === undefined) return beginning;
  const item = Number(row["item"]);
  return { seq: Number(row["seq"]), index: item === wholeRow ? Number.POSITIVE_INFINITY : item };
};

export const isSame = (one: Position, other: Position): boolean => one.seq === other.seq && one.index === other.index;

/** A row of a job that has done nothing yet. */
export const freshRow = (name: string, at: Position = beginning): Row => ({
  name,
  seq: at.seq,
  item: itemOf(at),
  nextAt: null,
  spec: null,
  attempts: 0,
  retryAt: null,
  problem: null,
  doneAt: null,
});

/** Its row in a realm. */
export const jobShape: RowsShape = {
  kind: "rows",
  key: "pons_jobs.byName",
  table: jobsTable,
  joins: [],
  links: [],
  params: [{ name: "name", type: "text" }],
  where: { op: "eq", left: { field: ["name"] }, right: { param: "name" } },
  select: jobsTable.columns.map(({ field }) => field),
  order: [{ path: ["name"], direction: "asc" }],
};

/** Up to where it has come in a realm. */
export const readPosition = async (store: Pick<Store, "read">, realm: number, name: string): Promise<Position> => {
  const [rows = []] = await store.read(jobShape, [{ realm, params: [name], limit: 1 }]);
  return positionOf(rows[0]);
};

/** Its events in a state, oldest first. */
export const heldShape: RowsShape = {
  kind: "rows",
  key: "pons_job_events.ofState",
  table: jobEventsTable,
  joins: [],
  links: [],
  params: [
    { name: "job", type: "text" },
    { name: "state", type: "text" },
  ],
  where: {
    op: "and",
    of: [
      { op: "eq", left: { field: ["job"] }, right: { param: "job" } },
      { op: "eq", left: { field: ["state"] }, right: { param: "state" } },
    ],
  },
  select: jobEventsTable.columns.map(({ field }) => field),
  order: [
    { path: ["job"], direction: "asc" },
    { path: ["seq"], direction: "asc" },
    { path: ["item"], direction: "asc" },
  ],
};

/** The row of a job in a command that has fetched it. */
export const jobRow = (unit: Unit, realm: number, name: string): Row | undefined =>
  unit.rows.entry(jobsTable, realm, [name])?.current;

/** Puts a row in place, whether there was one or not. */
export const putJobRow = (unit: Unit, realm: number, row: Row): void => {
  const key = [row["name"] as string];
  unit.rows.set(unit.rows.entry(jobsTable, realm, key) ?? unit.rows.adopt(jobsTable, realm, key, undefined), row);
};
