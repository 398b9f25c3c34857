/** How far each webhook has come, and which node delivers for it. In the realm of the webhook's tenant; its id is the webhook's. */
import type { Column, ColumnType, Table } from "../../store/table.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true } = {}): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

export const webhookStateTable: Table = {
  name: "pons_webhooks",
  columns: [
    column("id", "text"),
    // Everything up to and with this event is delivered, given up, or waits in the log of deliveries. An index of -1: all before this row of the journal.
    column("seq", "integer"),
    column("index", "integer"),
    // The node that delivers: one that is replaced finds another here, and has nothing more to say.
    column("holder", "text"),
    // Attempts that have failed in a row.
    column("failures", "integer"),
    column("openUntil", "timestamp", { nullable: true }),
    column("succeededAt", "timestamp", { nullable: true }),
    column("failedAt", "timestamp", { nullable: true }),
    // The moment of the webhook from which on it delivers, as it was when the position was found.
    column("startAt", "timestamp", { nullable: true }),
    column("problem", "text", { nullable: true }),
    // What is delivered again: id, position, and where it ends.
    column("replay", "json", { nullable: true }),
  ],
  key: ["id"],
  indexes: [],
  references: [],
  appendOnly: false,
};
