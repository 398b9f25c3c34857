/**
 * Invariants: what must hold of the rows that a batch changes. They are asked before the commit. One that is broken is a mistake of the code: the batch is
 * rolled back, and its realm is halted, since nobody knows what else is wrong. Reads go on. A process that is started anew tries again.
 */
import type { TableInvariant } from "./command.ts";
import type { Unit } from "./unit.ts";

/** Ends the transaction of a batch that would have broken an invariant. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
  readonly realm: number;

  constructor(realm: number, table: string, what: string) {
    super(`${table}: ${what}; nothing is written to this environment any more, until the process is started anew`);
    this.realm = realm;
  }
}

/** Throws `BrokenInvariant` for the first one that does not hold. */
export const checkInvariants = (unit: Unit, invariants: readonly TableInvariant[]): void => {
  for (const { table, check } of invariants) {
    const changed = unit.rows.changedEntries((one) => one === table);
    for (const [realm, entries] of Map.groupBy(changed, (entry) => entry.realm)) {
      const what = check(entries.map(({ first, current }) => ({ before: first, after: current })));
      if (what !== undefined) throw new BrokenInvariant(realm, table.name, what);
    }
  }
};
