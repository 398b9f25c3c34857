/** Whether a service can run on the database as it is. */
import type { Table } from "../table.ts";
import { isRemembered } from "./memory.ts";
import { planMigration } from "./plan.ts";
import type { Migratable } from "./plan.ts";

export type SchemaCheck =
  | { readonly fits: true }
  /** One line for each thing that is missing or wrong. */
  | { readonly fits: false; readonly missing: readonly string[] };

/**
 * Whether the tables were migrated to just these definitions: one short read. It trusts the store's memory; what somebody changed in the database
 * by hand is found by `checkSchema`.
 */
export const isMigratedTo = (store: Migratable, tables: readonly Table[]): Promise<boolean> => isRemembered(store.admin, tables);

/** Compares only; what is merely left over (an old column, an old table) does not matter. */
export const checkSchema = async (store: Migratable, tables: readonly Table[]): Promise<SchemaCheck> => {
  const { steps, problems } = await planMigration(store, tables);
  const missing = [...problems, ...steps.filter((step) => step.required).map((step) => step.summary)];
  return missing.length === 0 ? { fits: true } : { fits: false, missing };
};
