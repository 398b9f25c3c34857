/** Applies a plan, whole or not at all. */
import type { Table } from "../table.ts";
import { forget, remember, remembered, sameDefinition } from "./memory.ts";
import { planWith } from "./plan.ts";
import type { Migratable } from "./plan.ts";
import type { Plan, Step } from "./step.ts";

export interface Applied {
  readonly applied: readonly Step[];
  /** Destructive steps that were left out because `destructive` was false. */
  readonly left: readonly Step[];
}

export class MigrationError extends Error {
  override readonly name = "MigrationError";
  readonly code: "problems" | "changed" | "destructive";

  constructor(code: MigrationError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Runs the steps in one transaction, under a lock that makes other migrations wait. Destructive steps are left out unless `destructive`.
 * Throws `MigrationError` and changes nothing when the plan has problems, or when the database is no longer as it was planned for (unless
 * somebody else did just this: then nothing is left to do).
 */
export const applyMigration = (store: Migratable, plan: Plan, options: { readonly destructive: boolean }): Promise<Applied> =>
  store.admin.migrate(async (query) => {
    const current = await planWith(store.admin, query, plan.tables);
    if (current.problems.length > 0) throw new MigrationError("problems", current.problems.join("\n"));
    if (current.steps.length === 0) return { applied: [], left: [] };
    if (current.hash !== plan.hash)
      throw new MigrationError("changed", "the database has changed since the migration was planned");
    const applied = current.steps.filter((step) => options.destructive || !step.destructive);
    const left = current.steps.filter((step) => !applied.includes(step));
    for (const step of applied) {
      for (const sql of step.sql) await query(sql);
    }
    const { dialect } = store.admin;
    const now = new Date().toISOString();
    const known = await remembered(query, true);
    for (const table of plan.tables) {
      const before = known.get(table.name);
      if (!sameDefinition(before, table, dialect))
        await query(remember(withLeft(table, before, options.destructive), dialect, now));
    }
    const wanted = new Set(plan.tables.map((table) => table.name));
    if (options.destructive) for (const name of known.keys()) if (!wanted.has(name)) await query(forget(name));
    return { applied, left };
  });

/** Columns whose dropping was left out stay remembered as Pons's own, so that a later migration may drop them. */
const withLeft = (table: Table, before: Table | undefined, destructive: boolean): Table => {
  const names = new Set(table.columns.map((c) => c.name));
  const left = destructive ? [] : (before?.columns ?? []).filter((c) => !names.has(c.name));
  return left.length === 0 ? table : { ...table, columns: [...table.columns, ...left.map((c) => ({ ...c, nullable: true }))] };
};
