/**
 * Tables of the writer itself. All are ordinary tables to the store.
 *
 *   pons_journal      one row per command that changed something: who, what, when, with what before and after, and its events.
 *                     The audit trail and the outbox are this one table. `seq` counts 1, 2, 3 … per realm without gaps, in order of commit. `actor`
 *                     is who really acted where somebody acted for another; `hash` chains the rows of a realm, see chain.ts.
 *   pons_counters     the last value of every sequence of a realm. Its row for the journal is the realm's write lock on Postgres.
 *   pons_idempotency  answers kept for repeated Idempotency-Keys, for 24 hours.
 *   pons_jobs, pons_job_events  how far jobs have come, and what they could not do. See job-tables.ts.
 *   pons_leases       which node writes which partition, on Postgres; of the installation. See lease.ts.
 */
import type { Column, ColumnType, Table } from "../store/table.ts";
import { jobTables } from "./job-tables.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true } = {}): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

export const journalTable: Table = {
  name: "pons_journal",
  columns: [
    column("seq", "integer"),
    column("at", "timestamp"),
    column("operation", "text"),
    column("channel", "text"),
    column("requestId", "text"),
    column("address", "text", { nullable: true }),
    column("app", "text", { nullable: true }),
    column("user", "text", { nullable: true }),
    column("subject", "text", { nullable: true }),
    column("status", "integer"),
    column("changes", "json"),
    column("events", "json", { nullable: true }),
    column("actor", "json", { nullable: true }),
    // Null in rows that are older than the chain.
    column("hash", "text", { nullable: true }),
  ],
  key: ["seq"],
  indexes: [],
  references: [],
  appendOnly: true,
};

export const countersTable: Table = {
  name: "pons_counters",
  columns: [column("name", "text"), column("value", "integer")],
  key: ["name"],
  indexes: [],
  references: [],
  appendOnly: false,
};

export const idempotencyTable: Table = {
  name: "pons_idempotency",
  columns: [
    column("caller", "text"),
    column("key", "text"),
    column("fingerprint", "text"),
    column("at", "timestamp"),
    column("reply", "json"),
  ],
  key: ["caller", "key"],
  indexes: [{ name: "pons_idempotency_at_idx", fields: ["at"], unique: false }],
  references: [],
  appendOnly: false,
};

export const leasesTable: Table = {
  name: "pons_leases",
  columns: [
    column("partition", "integer"),
    // Counts every change of hands.
    column("epoch", "integer"),
    // A node's id, new with each process; null: nobody has it.
    column("holder", "text", { nullable: true }),
    column("address", "text", { nullable: true }),
    // Milliseconds since the epoch, by the database's clock.
    column("until", "integer"),
  ],
  key: ["partition"],
  indexes: [],
  references: [],
  appendOnly: false,
};

/** Name of the journal's counter. */
export const journalCounter = "journal";

/** Name of the counter of changes to tables that are kept in memory. */
export const memoryCounter = "memory";

export const systemTables: readonly Table[] = [countersTable, journalTable, idempotencyTable, leasesTable, ...jobTables];
