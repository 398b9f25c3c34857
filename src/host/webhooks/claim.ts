/** Takes webhooks over: from now on this node delivers for them, and whoever did before is told at his next word. */
import type { EventLog, Position } from "../../events/index.ts";
import type { Row, Store } from "../../store/index.ts";
import type { Webhook } from "./entry.ts";
import { isBefore, positionBefore } from "./position.ts";
import { webhookStateTable } from "./state-table.ts";

/** A webhook, with the realm whose events it is sent. */
export interface Claimed {
  readonly webhook: Webhook;
  readonly realm: number;
}

export interface Taken extends Claimed {
  /** Its row of `pons_webhooks`. */
  readonly row: Row;
  /** Its owner has skipped what lies before `position`. */
  readonly isSkipped: boolean;
}

export interface ClaimOptions {
  readonly store: Store;
  readonly events: Pick<EventLog, "head">;
  readonly holder: string;
}

const positionOf = (row: Row): Position => ({ seq: row["seq"] as number, index: row["index"] as number });

const newRow = ({ id, startAt }: Webhook, holder: string, { seq, index }: Position): Row => ({
  id,
  seq,
  index,
  holder,
  failures: 0,
  openUntil: null,
  succeededAt: null,
  failedAt: null,
  startAt,
  problem: null,
  replay: null,
});

/** Claims webhooks in one transaction. Throws `StoreError`. */
export const claim = async (options: ClaimOptions, wanted: readonly Claimed[]): Promise<readonly Taken[]> => {
  const { store, holder } = options;
  const keys = wanted.map(({ webhook: { owner, id } }) => ({ realm: owner, key: [id] }));
  const load = () => store.write((tx) => tx.load(webhookStateTable, keys));
  const known = await load();
  // Where a webhook begins follows from a moment, and is looked up beforehand: the transaction is not held open for it.
  const starts = new Map<string, Position>();
  for (const [at, { webhook, realm }] of wanted.entries()) {
    const { id, startAt } = webhook;
    if (known[at] === undefined || known[at]["startAt"] !== startAt)
      starts.set(id, await positionBefore(options, realm, startAt ?? new Date().toISOString()));
  }
  return store.write(async (tx) => {
    const rows = await tx.load(webhookStateTable, keys);
    const taken: Taken[] = [];
    const inserts: { realm: number; row: Row }[] = [];
    const updates: { realm: number; key: [string]; changes: Row }[] = [];
    for (const [at, one] of wanted.entries()) {
      const { id, owner, startAt } = one.webhook;
      const row = rows[at];
      const start = starts.get(id);
      if (row === undefined) {
        if (start === undefined) continue;
        const made = newRow(one.webhook, holder, start);
        inserts.push({ realm: owner, row: made });
        taken.push({ ...one, row: made, isSkipped: false });
        continue;
      }
      const isSkipped = start !== undefined && row["startAt"] !== startAt && isBefore(positionOf(row), start);
      const changes: Row = {
        holder,
        startAt,
        ...(isSkipped && start !== undefined ? { seq: start.seq, index: start.index } : {}),
      };
      updates.push({ realm: owner, key: [id], changes });
      taken.push({ ...one, row: { ...row, ...changes }, isSkipped });
    }
    await tx.apply([{ table: webhookStateTable, inserts, updates, deletes: [] }]);
    return taken;
  });
};
