/** What stays of the commands of a batch that were evaluated, and the answers of those that come again within it. */
import { refuse } from "../pipeline/refusal.ts";
import type { Command, Outcome, Verdict } from "./command.ts";
import { fail, outcomeOf } from "./outcome.ts";
import type { Unit } from "./unit.ts";
import type { Change } from "./working-set.ts";

/** One evaluated step that stays: what the journal and the kept answers are made of. */
export interface Kept {
  readonly command: Command;
  readonly verdict: Verdict;
  readonly changes: readonly Change[];
  readonly events: ReturnType<Unit["takeEvents"]>;
}

/** Idempotency keys evaluated in this batch. */
export type BatchKeys = Map<string, Kept>;

export const keyText = ({ realm, idempotency }: Command): string =>
  JSON.stringify([realm, idempotency?.caller, idempotency?.key]);

/** The answer of an earlier command of the same batch with the same key. */
export const replayInBatch = (keys: BatchKeys, command: Command): Outcome | undefined => {
  if (command.idempotency === undefined) return undefined;
  const first = keys.get(keyText(command));
  if (first === undefined) return undefined;
  if (first.command.idempotency?.fingerprint !== command.idempotency.fingerprint) return fail(refuse("idempotency_key_reused"));
  return { ...outcomeOf(first.verdict), replayed: true };
};
