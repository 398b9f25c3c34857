/** Rows of the journal: what a command changed, in a form that JSON can hold. */
import type { Value } from "../define/expression.ts";
import { jsonReady } from "../pipeline/json-ready.ts";
import type { Row } from "../store/store.ts";
import type { Origin } from "./command.ts";
import { countersTable, idempotencyTable, journalTable } from "./system-tables.ts";
import type { EmittedEvent } from "./unit.ts";
import { type Change, changedFields } from "./working-set.ts";

const internal: ReadonlySet<string> = new Set([countersTable.name, journalTable.name, idempotencyTable.name]);

const rowReady = (row: Row): Row => {
  const ready: Row = {};
  for (const field in row) ready[field] = jsonReady(row[field] ?? null) as Value;
  return ready;
};

/** `[{ table, key, before?, after? }]`: created rows have `after`, deleted ones `before`, updates both with only what changed. */
const describe = (change: Change): Row => {
  const { entry, before, after } = change;
  const key = entry.key.length === 1 ? (jsonReady(entry.key[0]) as Value) : entry.key.map((part) => jsonReady(part) as Value);
  const described: Row = { table: entry.table.name, key };
  if (before === undefined) {
    if (after !== undefined) described["after"] = rowReady(after);
    return described;
  }
  if (after === undefined) return { ...described, before: rowReady(before) };
  const changed = changedFields(before, after) ?? {};
  const old: Row = {};
  for (const field in changed) old[field] = jsonReady(before[field] ?? null) as Value;
  return { ...described, before: old, after: rowReady(changed) };
};

/** The journal's row of one command; `undefined` when it changed nothing. */
export const journalRow = (
  origin: Origin,
  facts: {
    readonly seq: () => number;
    readonly at: string;
    readonly status: number;
    readonly changes: readonly Change[];
    readonly events: readonly EmittedEvent[];
  },
): Row | undefined => {
  const changes = facts.changes.filter((change) => !internal.has(change.entry.table.name));
  if (changes.length === 0 && facts.events.length === 0) return undefined;
  return {
    seq: facts.seq(),
    at: facts.at,
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
  };
};
