/** Outcomes of commands: from a verdict, from a refusal, from an error of the store. */
import { type Refusal, refuse } from "../pipeline/refusal.ts";
import { StoreError } from "../store/store-error.ts";
import type { Group, Outcome, Verdict } from "./command.ts";
import { systemTables } from "./system-tables.ts";

/** Seconds. */
export const overloadedRetryAfter = 1;

export const fail = (refusal: Refusal): Outcome => ({ ok: false, refusal });

/** The outcomes of a group because of one of its steps. */
export const failedAt = (group: Group, position: number, outcome: Outcome): readonly Outcome[] =>
  group.steps.map((_, at) => (at === position ? outcome : fail(refuse("rolled_back"))));

/** The refusal that stands for an error of the store, for a command that ran alone. */
export const refusalOf = (error: unknown): Refusal => {
  if (!(error instanceof StoreError)) return refuse("internal");
  switch (error.kind) {
    case "unique":
      return refuse("already_exists");
    case "reference":
      // Without a field it is the row that was to go that others refer to.
      return refuse(error.field === undefined ? "still_referenced" : "invalid_reference");
    case "conflict":
    case "unavailable":
    case "timeout":
      return refuse("unavailable", { retryAfter: overloadedRetryAfter });
    case "unknown_fate":
      return refuse("unknown_fate", { retryAfter: overloadedRetryAfter });
    case "full":
      return refuse("storage_full");
    case "check":
    case "broken":
      return refuse("internal");
  }
};

const systemNames: ReadonlySet<string> = new Set(systemTables.map(({ name }) => name));

/** Whether running the batch again may help: a lost race, also one for the first row of a counter or of an idempotency key. */
export const isRace = (error: unknown): boolean =>
  error instanceof StoreError &&
  (error.kind === "conflict" || (error.kind === "unique" && error.table !== undefined && systemNames.has(error.table)));

export const outcomeOf = (verdict: Verdict): Outcome => {
  if (!verdict.ok) return fail(verdict.refusal);
  const { status, page, id, replayed, session } = verdict;
  return {
    ok: true,
    status,
    data: verdict.data(),
    ...(page === undefined ? {} : { page }),
    ...(id === undefined ? {} : { id }),
    ...(replayed === undefined ? {} : { replayed }),
    ...(session === undefined ? {} : { session }),
  };
};

/** An outcome as it is kept to be given again: what was shown once is not shown twice, nor kept. */
export const withoutSecrets = (outcome: Outcome, secrets: readonly string[] | undefined): Outcome => {
  if (!outcome.ok || (secrets === undefined && outcome.session === undefined)) return outcome;
  const { session: _session, ...kept } = outcome;
  if (secrets === undefined || typeof kept.data !== "object" || kept.data === null) return kept;
  return { ...kept, data: { ...kept.data, ...Object.fromEntries(secrets.map((name) => [name, null])) } };
};
