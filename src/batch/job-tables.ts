/**
 * Tables of jobs and bridges. What they hold is no business of a caller's and not in the journal: it commits with what a job did.
 *
 *   pons_jobs        per realm and job: up to where in the journal it has come, or when it runs next. Of the installation's own realm: that a job is known.
 *   pons_job_events  events that a job could not do at once: `waiting` to be tried again, `behind` another one of their row, or `parked` for a person.
 */
import type { Column, ColumnType, Table } from "../store/table.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true } = {}): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

export const jobsTable: Table = {
  name: "pons_jobs",
  columns: [
    // `bank.welcome`; of a bridge `bridge.nats`.
    column("name", "text"),
    // Done up to here: a row of the journal, and which event of it.
    column("seq", "integer"),
    column("item", "integer"),
    // Of schedules: the next moment, and what it was reckoned from.
    column("nextAt", "timestamp", { nullable: true }),
    column("spec", "text", { nullable: true }),
    column("attempts", "integer"),
    column("retryAt", "timestamp", { nullable: true }),
    // Why it failed last; null: it did not.
    column("problem", "text", { nullable: true }),
    // When it last did something.
    column("doneAt", "timestamp", { nullable: true }),
  ],
  key: ["name"],
  indexes: [],
  references: [],
  appendOnly: false,
};

export const jobEventsTable: Table = {
  name: "pons_job_events",
  columns: [
    column("job", "text"),
    column("seq", "integer"),
    column("item", "integer"),
    column("type", "text"),
    // What keeps its order: the row that the event is about, or all events about none.
    column("lane", "text"),
    column("state", "text"),
    column("attempts", "integer"),
    column("retryAt", "timestamp", { nullable: true }),
    column("problem", "text", { nullable: true }),
    column("at", "timestamp"),
  ],
  key: ["job", "seq", "item"],
  indexes: [],
  references: [],
  appendOnly: false,
};

export const jobTables: readonly Table[] = [jobsTable, jobEventsTable];
