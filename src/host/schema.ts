/**
 * The schema at start: an empty database gets it, also in production, where there is nothing that could be lost. In development an old one is
 * brought up to date as long as no values are lost. Otherwise a schema that does not fit is refused, with what is missing.
 */
import {
  applyMigration,
  isMigratedTo,
  MigrationError,
  type OpenStore,
  type Plan,
  planMigration,
  type Table,
} from "../store/index.ts";
import type { Mode } from "./setting.ts";
import { StartError } from "./start-error.ts";

const linesMax = 12;

const told = (lines: readonly string[]): string => {
  const shown = lines.slice(0, linesMax).map((line) => `  ${line}`);
  return [...shown, ...(lines.length > linesMax ? [`  and ${lines.length - linesMax} more`] : [])].join("\n");
};

const unfit = (reasons: readonly string[]): StartError =>
  new StartError(
    "schema",
    `The database does not have the schema that the services need:\n${told(reasons)}\nSee and apply the difference with: pons migrate`,
  );

/** Nothing of Pons is in it, and none of the tables it is to have. */
const isEmpty = ({ steps, tables }: Plan): boolean =>
  tables.every((table) => steps.some(({ summary }) => summary === `create table ${table.name}`));

export interface Fitted {
  /** What was done; empty when it fitted already. */
  readonly applied: readonly string[];
  /** Whether the database had nothing of Pons before. */
  readonly wasEmpty: boolean;
}

/**
 * Makes the schema fit, or throws a `StartError`. A database that was migrated to just these tables is not looked at again: what was changed in it
 * by hand is for `pons doctor` and `pons migrate` to find.
 */
export const fitSchema = async (
  store: OpenStore,
  tables: readonly Table[],
  options: { readonly mode: Mode },
): Promise<Fitted> => {
  if (await isMigratedTo(store, tables)) return { applied: [], wasEmpty: false };
  const plan = await planMigration(store, tables);
  const required = plan.steps.filter((step) => step.required);
  if (plan.problems.length > 0) throw unfit(plan.problems);
  if (required.length === 0) return { applied: [], wasEmpty: false };
  const wasEmpty = isEmpty(plan);
  const may = wasEmpty || options.mode === "development";
  if (!may || required.some((step) => step.destructive)) throw unfit(required.map(({ summary }) => summary));
  try {
    const { applied } = await applyMigration(store, plan, { destructive: false });
    return { applied: applied.map(({ summary }) => summary), wasEmpty };
  } catch (error) {
    if (error instanceof MigrationError) throw unfit([error.message]);
    throw error;
  }
};
