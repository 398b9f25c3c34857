/**
 *   pons_traffic  calls, errors and how long they took, by app, operation, version, outcome, channel and country. `grain` says of how long a time a row is:
 *                 `raw` rows are of what a node counted within a second, at their minute; they are made one per minute, then per hour, then per day, as they
 *                 grow old. Of calls whose caller nobody knows the realm is 0.
 */
import { latencyBuckets } from "../../define/latency.ts";
import type { Column, ColumnType, Table } from "../../store/table.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true } = {}): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

const nullable = { nullable: true } as const;

export const trafficTable: Table = {
  name: "pons_traffic",
  columns: [
    column("id", "text"),
    column("grain", "text"),
    // When its minute, hour or day began.
    column("at", "timestamp"),
    // Of the caller; null where nobody knows him.
    column("environment", "text", nullable),
    column("app", "text", nullable),
    column("service", "text"),
    column("operation", "text"),
    column("version", "text"),
    // 2 for 200 to 299, and so on.
    column("statusClass", "integer"),
    column("channel", "text"),
    // ISO 3166-1 alpha-2, of the caller's address; `ZZ` for an address of no country, null where it is not known.
    column("country", "text", nullable),
    column("calls", "integer"),
    column("errors", "integer"),
    ...latencyBuckets.map((name) => column(name, "integer")),
  ],
  key: ["id"],
  indexes: [{ name: "grain_at", fields: ["grain", "at"], unique: false }],
  references: [],
  appendOnly: false,
};
