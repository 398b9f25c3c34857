/** Rows of the journal: what a command changed, in a form that JSON can hold. */
import type { Value } from "../define/expression.ts";
import { jsonReady } from "../pipeline/json-ready.ts";
import type { Row, TableChanges } from "../store/store.ts";
import type { Origin } from "./command.ts";
import { countersTable, idempotencyTable, journalCounter, journalTable } from "./system-tables.ts";
import type { EmittedEvent, Unit } from "./unit.ts";
import { type Change, changedFields } from "./working-set.ts";

const internal: ReadonlySet<string> = new Set([countersTable.name, journalTable.name, idempotencyTable.name]);

const rowReady = (row: Row): Row => {
  const ready: Row = {};
  for (const field in row) ready[field] = jsonReady(row[field] ?? null) as Value;
  return ready;
};

/**
 * `[{ table, key, before?, after? }]`: created rows have `after`, deleted ones `before`, updates both with only what changed. A row of an append-only
 * table is only named: it tells for good what it said when it was created.
 */
const describe = (change: Change): Row => {
  const { entry, before, after } = change;
  const key = entry.key.length === 1 ? (jsonReady(entry.key[0]) as Value) : entry.key.map((part) => jsonReady(part) as Value);
  const described: Row = { table: entry.table.name, key };
  if (before === undefined) {
    if (after !== undefined && !entry.table.appendOnly) described["after"] = rowReady(after);
    return described;
  }
  if (after === undefined) return { ...described, before: rowReady(before) };
  const changed = changedFields(before, after) ?? {};
  const old: Row = {};
  for (const field in changed) old[field] = jsonReady(before[field] ?? null) as Value;
  return { ...described, before: old, after: rowReady(changed) };
};

/** The rows of a batch, numbered from the realms' counters. They are only written, so they never enter the working set. */
export class Journal {
  readonly #unit: Unit;
  readonly #rows: { readonly realm: number; readonly row: Row }[] = [];
  readonly #last = new Map<number, { readonly before: number; seq: number }>();

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** Adds the row of one command and gives its `seq`; nothing when it changed nothing. */
  add(
    realm: number,
    origin: Origin,
    facts: { readonly status: number; readonly changes: readonly Change[]; readonly events: readonly EmittedEvent[] },
  ): number | undefined {
    const changes = facts.changes.filter((change) => !internal.has(change.entry.table.name));
    if (changes.length === 0 && facts.events.length === 0) return undefined;
    let last = this.#last.get(realm);
    if (last === undefined) {
      const before = this.#unit.counter(realm, journalCounter);
      last = { before, seq: before };
      this.#last.set(realm, last);
    }
    last.seq++;
    this.#rows.push({
      realm,
      row: {
        seq: last.seq,
        at: this.#unit.now,
        operation: origin.operation,
        channel: origin.channel,
        requestId: origin.requestId,
        address: origin.address,
        app: origin.app,
        user: origin.user,
        subject: origin.subject,
        status: facts.status,
        changes: changes.map(describe),
        events: facts.events.length === 0 ? null : (facts.events as unknown as Value),
      },
    });
    return last.seq;
  }

  /** Counts the counters up and gives the rows to insert. */
  close(): readonly TableChanges[] {
    for (const [realm, { before, seq }] of this.#last) this.#unit.next(realm, journalCounter, seq - before);
    return this.#rows.length === 0 ? [] : [{ table: journalTable, inserts: this.#rows, updates: [], deletes: [] }];
  }
}
