/**
 * What a batch fetches before it is evaluated, for all its commands at once: the leases it writes under, the realms' counters (the write lock), kept
 * answers, and the rows its commands ask for in their first round; all that is sent together, in this order, so that a database that is far away is waited
 * for once. Then the tables kept in memory, where they have changed, and further rounds.
 */
import { directoryTable } from "../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Table } from "../store/table.ts";
import type { Command, Need } from "./command.ts";
import type { Leases } from "./lease.ts";
import { countersTable, idempotencyTable, journalCounter, memoryCounter } from "./system-tables.ts";
import { sequenceName, type Unit } from "./unit.ts";

interface RealmNeed {
  readonly realm: number;
  readonly need: Need;
}

/** Counters and tables in memory of a batch. Commands of one service share their lists: most add nothing. */
class Shared {
  readonly counters: RealmNeed[] = [];
  readonly inMemory = new Map<number, Set<Table>>();
  readonly #names = new Set<string>();
  #last: Pick<Command, "realm" | "sequences" | "inMemory"> | undefined;

  add(command: Command): void {
    const { realm, sequences, inMemory } = command;
    const last = this.#last;
    if (last?.realm === realm && last.sequences === sequences && last.inMemory === inMemory) return;
    this.#last = command;
    this.#count(realm, journalCounter);
    for (const table of sequences) this.#count(realm, sequenceName(table));
    if (inMemory === undefined || inMemory.length === 0) return;
    this.#count(realm, memoryCounter);
    const tables = this.inMemory.get(realm);
    if (tables === undefined) this.inMemory.set(realm, new Set(inMemory));
    else for (const table of inMemory) tables.add(table);
  }

  #count(realm: number, name: string): void {
    const text = `${realm} ${name}`;
    if (this.#names.has(text)) return;
    this.#names.add(text);
    this.counters.push({ realm, need: { by: "key", table: countersTable, key: [name] } });
  }
}

const roundOf = (commands: readonly Command[], round: number, unit: Unit): RealmNeed[] =>
  commands.flatMap(({ realm, needs }) =>
    (needs[round]?.(unit) ?? []).map((need) => ({ realm: need.table === directoryTable ? installationRealm : realm, need })),
  );

export const prefetch = async (unit: Unit, commands: readonly Command[], leases: Leases | undefined): Promise<void> => {
  const shared = new Shared();
  const answers: RealmNeed[] = [];
  let rounds = 0;
  for (const command of commands) {
    shared.add(command);
    const { realm, idempotency, needs } = command;
    if (idempotency !== undefined)
      answers.push({ realm, need: { by: "key", table: idempotencyTable, key: [idempotency.caller, idempotency.key] } });
    rounds = Math.max(rounds, needs.length);
  }
  await Promise.all([
    leases?.check(unit, commands),
    unit.fetch(shared.counters),
    unit.fetch(answers),
    unit.fetch(roundOf(commands, 0, unit)),
  ]);
  for (const [realm, tables] of shared.inMemory) {
    const keeping = unit.keep(realm, [...tables]);
    if (keeping instanceof Promise) await keeping;
  }
  for (let round = 1; round < rounds; round++) await unit.fetch(roundOf(commands, round, unit));
};
