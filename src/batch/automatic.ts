/**
 * Events that follow from what happened to a row (`on` of an event's definition): emitted by the writer, whatever changed the row, into the same row of the
 * journal. Their data are fields of the row: as it is now, or as it was when it is gone.
 */
import type { Contract, ResourceContract } from "../contract/contract.ts";
import type { Value } from "../define/expression.ts";
import { jsonReady } from "../pipeline/json-ready.ts";
import type { Row } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import type { EmittedEvent } from "./unit.ts";
import { type Change, changedFields } from "./working-set.ts";

interface Automatic {
  readonly type: string;
  /** Names of the data, each with the row's field that it is. */
  readonly fields: readonly (readonly [name: string, field: string])[];
}

type ByKind = Readonly<Record<"create" | "update" | "delete", readonly Automatic[]>>;

const automaticOf = (resource: ResourceContract): ByKind | undefined => {
  const found = { create: [] as Automatic[], update: [] as Automatic[], delete: [] as Automatic[] };
  for (const [event, { on, data }] of Object.entries(resource.events)) {
    if (on === undefined) continue;
    const subject = resource.eventSubjects.get(event);
    const fields = Object.keys(data).map((name) => [name, name === subject ? "id" : name] as const);
    found[on].push({ type: `${resource.name}.${event}`, fields });
  }
  return found.create.length + found.update.length + found.delete.length === 0 ? undefined : found;
};

export class AutomaticEvents {
  readonly #byTable = new Map<Table, ByKind>();

  constructor(contracts: Iterable<Contract>) {
    for (const contract of contracts) {
      for (const resource of contract.resources.values()) {
        const automatic = automaticOf(resource);
        if (automatic !== undefined) this.#byTable.set(resource.table, automatic);
      }
    }
  }

  /** Events of the changes of one command, in their order. */
  of(changes: readonly Change[]): readonly EmittedEvent[] {
    if (this.#byTable.size === 0) return [];
    const events: EmittedEvent[] = [];
    for (const { entry, before, after } of changes) {
      const byKind = this.#byTable.get(entry.table);
      if (byKind === undefined) continue;
      const kind = before === undefined ? "create" : after === undefined ? "delete" : "update";
      const row: Row | undefined = after ?? before;
      if (row === undefined || byKind[kind].length === 0) continue;
      if (kind === "update" && changedFields(before as Row, row) === undefined) continue;
      for (const { type, fields } of byKind[kind]) {
        const data = Object.fromEntries(fields.map(([name, field]) => [name, jsonReady(row[field] ?? null) as Value]));
        events.push({ type, data });
      }
    }
    return events;
  }
}
