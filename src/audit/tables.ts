/**
 * Tables of the audit beside the journal. Both are append-only.
 *
 *   pons_refusals     what was refused, in the realm of whoever asked (0 where nobody knows): each process writes a stream of its own per realm,
 *                     `seq` 1, 2, 3 …, its rows chained by `hash`. Equal refusals of one second are one row with a `count`.
 *   pons_checkpoints  signed statements of where the chains were at a moment; of the installation, a stream per process. See statement.ts.
 */
import type { Column, ColumnType, Table } from "../store/table.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true; readonly name?: string } = {}): Column => ({
  field,
  name: options.name ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

const nullable = { nullable: true } as const;

export const refusalsTable: Table = {
  name: "pons_refusals",
  columns: [
    column("stream", "text"),
    column("seq", "integer"),
    // Of the first of them.
    column("at", "timestamp"),
    column("count", "integer"),
    column("type", "text"),
    column("status", "integer"),
    // As the caller named it, where nobody knows it.
    column("tenant", "text", nullable),
    column("operation", "text", nullable),
    column("channel", "text"),
    // Of the first of them.
    column("requestId", "text", nullable),
    column("address", "text", nullable),
    column("app", "text", nullable),
    // The credential by its id, never itself.
    column("key", "text", { nullable: true, name: "key_id" }),
    column("user", "text", nullable),
    column("subject", "text", nullable),
    column("actor", "json", nullable),
    column("hash", "text"),
  ],
  key: ["stream", "seq"],
  indexes: [],
  references: [],
  appendOnly: true,
};

export const checkpointsTable: Table = {
  name: "pons_checkpoints",
  columns: [
    column("stream", "text"),
    column("seq", "integer"),
    column("at", "timestamp"),
    // What was signed, byte by byte.
    column("statement", "text"),
    // The public key by its id.
    column("signer", "text"),
    column("signature", "text"),
  ],
  key: ["stream", "seq"],
  indexes: [],
  references: [],
  appendOnly: true,
};

export const auditTables: readonly Table[] = [refusalsTable, checkpointsTable];
