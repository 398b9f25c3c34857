/** Rows of the journal: what a command changed, in a form that JSON can hold, each chained to the one before it (chain.ts). */
import type { Value } from "../define/expression.ts";
import { jsonReady } from "../pipeline/json-ready.ts";
import type { MaybePromise, Row, RowsShape, TableChanges } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import { WrittenJson } from "../store/value.ts";
import { chainHash, chainStart, type JournalRow, journalText } from "./chain.ts";
import type { Origin } from "./command.ts";
import { jobTables } from "./job-tables.ts";
import type { JournalHead, JournalHeads } from "./journal-heads.ts";
import { countersTable, idempotencyTable, journalCounter, journalTable } from "./system-tables.ts";
import type { EmittedEvent, Unit } from "./unit.ts";
import { type Change, changedFields } from "./working-set.ts";

const internal: ReadonlySet<string> = new Set(
  [countersTable, journalTable, idempotencyTable, ...jobTables].map(({ name }) => name),
);

/** What stands for a secret: that there is one, and that it has changed. */
const hiddenValue = "••••";
const hiddenChange = "•••• (changed)";

const secretsOf = new WeakMap<Table, ReadonlySet<string>>();

/** Fields whose values are kept out of the journal. */
const secretFields = (table: Table): ReadonlySet<string> => {
  let secrets = secretsOf.get(table);
  if (secrets === undefined) {
    secrets = new Set(table.columns.filter(({ secret }) => secret === true).map(({ field }) => field));
    secretsOf.set(table, secrets);
  }
  return secrets;
};

/** The fields of `row` that `of` names, as JSON holds them. */
const rowReady = (row: Row, of: Row, secrets: ReadonlySet<string>, hidden: string): Row => {
  const ready: Row = {};
  for (const field in of) {
    const value = row[field] ?? null;
    ready[field] = value !== null && secrets.has(field) ? hidden : (jsonReady(value) as Value);
  }
  return ready;
};

/**
 * `[{ table, key, before?, after? }]`: created rows have `after`, deleted ones `before`, updates both with only what changed. A row of an append-only
 * table is only named: it tells for good what it said when it was created. Of a secret it is told that it has changed, not what it is.
 */
const describe = (change: Change): Row => {
  const { entry, before, after } = change;
  const key = entry.key.length === 1 ? (jsonReady(entry.key[0]) as Value) : entry.key.map((part) => jsonReady(part) as Value);
  const described: Row = { table: entry.table.name, key };
  const secrets = secretFields(entry.table);
  if (before === undefined) {
    if (after !== undefined && !entry.table.appendOnly) described["after"] = rowReady(after, after, secrets, hiddenValue);
    return described;
  }
  if (after === undefined) return { ...described, before: rowReady(before, before, secrets, hiddenValue) };
  const changed = changedFields(before, after) ?? {};
  return {
    ...described,
    before: rowReady(before, changed, secrets, hiddenValue),
    after: rowReady(changed, changed, secrets, hiddenChange),
  };
};

/** One row by its number: whose commit it is, and its hash. */
export const journalRowShape: RowsShape = {
  kind: "rows",
  key: "pons_journal.bySeq",
  table: journalTable,
  joins: [],
  links: [],
  params: [{ name: "seq", type: "integer" }],
  where: { op: "eq", left: { field: ["seq"] }, right: { param: "seq" } },
  select: ["seq", "at", "requestId", "hash"],
  order: [{ path: ["seq"], direction: "asc" }],
};

interface Last {
  /** The counter as the batch found it. */
  readonly before: number;
  seq: number;
}

/** The rows of a batch, numbered from the realms' counters. They are only written, so they never enter the working set. */
export class Journal {
  readonly #unit: Unit;
  readonly #heads: JournalHeads;
  readonly #rows: JournalRow[] = [];
  readonly #last = new Map<number, Last>();
  /** The last row of each realm, as the batch leaves it. */
  readonly #ends = new Map<number, JournalHead>();
  /** What was emitted, by realm. */
  readonly #emitted = new Map<number, { readonly after: number; readonly types: Set<string> }>();

  constructor(unit: Unit, heads: JournalHeads) {
    this.#unit = unit;
    this.#heads = heads;
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
      this.#emitted.set(realm, { after: before, types: new Set() });
    }
    last.seq++;
    if (facts.events.length > 0) this.#note(realm, origin, facts.events);
    this.#rows.push({
      realm,
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
      changes: JSON.stringify(changes.map(describe)),
      events: facts.events.length === 0 ? null : JSON.stringify(facts.events),
      actor: origin.actor === undefined ? null : JSON.stringify(origin.actor),
    });
    return last.seq;
  }

  #note(realm: number, { operation }: Origin, events: readonly EmittedEvent[]): void {
    const types = this.#emitted.get(realm)?.types;
    const service = operation.slice(0, operation.indexOf("."));
    for (const { type } of events) types?.add(`${service}.${type}`);
  }

  /** Counts the counters up, chains the rows, and gives them to be inserted. Waits only where another process wrote the last row of a realm. */
  close(): MaybePromise<readonly TableChanges[]> {
    if (this.#rows.length === 0) return [];
    const unknown: { readonly realm: number; readonly seq: number }[] = [];
    for (const [realm, { before, seq }] of this.#last) {
      this.#unit.next(realm, journalCounter, seq - before);
      const hash = before === 0 ? chainStart : this.#heads.hashOf(realm, before);
      if (hash === undefined) unknown.push({ realm, seq: before });
      else this.#ends.set(realm, { seq: before, hash });
    }
    return unknown.length === 0 ? this.#chained() : this.#readHeads(unknown).then(() => this.#chained());
  }

  /** To be called once the rows are committed. */
  committed(): void {
    this.#heads.committed(this.#ends, this.#emitted);
  }

  /** A last row without a hash is older than the chain, which begins behind it. */
  async #readHeads(unknown: readonly { readonly realm: number; readonly seq: number }[]): Promise<void> {
    for (const { realm, seq } of unknown) {
      const [row] = await this.#unit.read(journalRowShape, { realm, params: [seq], limit: 1 });
      this.#ends.set(realm, { seq, hash: (row?.["hash"] as string | null | undefined) ?? chainStart });
    }
  }

  #chained(): readonly TableChanges[] {
    const inserts = this.#rows.map((row) => {
      const { realm, seq } = row;
      const hash = chainHash(journalText(this.#ends.get(realm)?.hash ?? chainStart, row));
      this.#ends.set(realm, { seq, hash });
      return { realm, row: stored(row, hash) };
    });
    return [{ table: journalTable, inserts, updates: [], deletes: [] }];
  }
}

const jsonText = (text: string | null): Value => (text === null ? null : WrittenJson.value(text));

/** The row for the store, whose JSON is the very text that was hashed. */
const stored = (row: JournalRow, hash: string): Row => ({
  seq: row.seq,
  at: row.at,
  operation: row.operation,
  channel: row.channel,
  requestId: row.requestId,
  address: row.address,
  app: row.app,
  user: row.user,
  subject: row.subject,
  status: row.status,
  changes: jsonText(row.changes),
  events: jsonText(row.events),
  actor: jsonText(row.actor),
  hash,
});
