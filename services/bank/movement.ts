/** Puts a movement that was found to be in order into the books: both accounts and the row of the log, in one step. */
import type { CommandContext } from "pons";
import { accounts } from "./account-fields.ts";
import { credited, debited, type Phase } from "./outcomes.ts";
import type { Transfer } from "./transfer-fields.ts";
import { transfers } from "./transfer-fields.ts";

export interface Movement {
  readonly debit: string;
  readonly credit: string;
  readonly currency: string;
  /** Minor units that move, and by which what is reserved changes. */
  readonly amount: bigint;
  readonly pending: bigint;
  readonly phase: Phase;
  readonly kind: Transfer["kind"];
  readonly reference: string | null;
  /** Value date; null: now. */
  readonly effectiveAt: string | null;
  /** Null: made here. */
  readonly id: string | null;
  readonly transaction: string | null;
  readonly hold: string | null;
  readonly reverses: string | null;
}

/** Moves the money. Both accounts were read in this batch. Throws when they were not, or when a counter would fall below zero. */
export const move = (ctx: CommandContext, movement: Movement): Transfer => {
  const table = ctx.table(accounts);
  const { amount, pending } = movement;
  const from = table.loaded(movement.debit);
  const to = table.loaded(movement.credit);
  if (from === undefined || to === undefined) throw new Error("money was to move between accounts that are not there");
  if (amount < 0n || from.debitsPending + pending < 0n || to.creditsPending + pending < 0n)
    throw new Error(`a counter of ${from.id} or ${to.id} would fall below zero`);
  const debitAfter = table.update(from.id, debited(from, movement));
  const creditAfter = table.update(to.id, credited(to, movement));
  const { id, effectiveAt, ...rest } = movement;
  return ctx.table(transfers).insert({
    ...rest,
    id: id ?? ctx.id(transfers),
    effectiveAt: effectiveAt ?? ctx.now,
    debitBalance: debitAfter.balance,
    debitVersion: debitAfter.version,
    creditBalance: creditAfter.balance,
    creditVersion: creditAfter.version,
  });
};
