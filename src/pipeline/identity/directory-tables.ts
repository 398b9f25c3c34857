/** Tables of the installation's directory; see `batch/directory.ts`, which writes them, and `directory.ts`, which reads them. */
import type { Table } from "../../store/table.ts";

/** An entry that changed, and the realm of the row that publishes it. */
export interface ChangedEntry {
  readonly kind: string;
  readonly name: string;
  readonly owner: number;
}

export const directoryTable: Table = {
  name: "pons_directory",
  columns: [
    { field: "kind", name: "kind", type: "text", nullable: false },
    { field: "name", name: "name", type: "text", nullable: false },
    { field: "owner", name: "owner", type: "integer", nullable: false },
    { field: "value", name: "value", type: "json", nullable: false },
  ],
  key: ["kind", "name"],
  indexes: [],
  references: [],
  appendOnly: false,
};

export const changedTable: Table = {
  name: "pons_changed",
  columns: [
    { field: "id", name: "id", type: "text", nullable: false },
    { field: "at", name: "at", type: "timestamp", nullable: false },
    { field: "kind", name: "kind", type: "text", nullable: false },
    { field: "name", name: "name", type: "text", nullable: false },
    { field: "owner", name: "owner", type: "integer", nullable: false },
  ],
  key: ["id"],
  indexes: [{ name: "pons_changed_at_idx", fields: ["at", "id"], unique: false }],
  references: [],
  appendOnly: false,
};
