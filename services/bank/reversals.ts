/**
 * Reversals: the only way to correct a transfer. A reversal moves the same amount the other way and is made once only: its id follows from the id of the
 * transfer it takes back.
 */
import type { CommandContext, RefusalSpecs } from "pons";
import type { ActionOutcome } from "./approvals/action.ts";
import { partsOf, textIn } from "./approvals/payload.ts";
import { derivedId } from "./derived-id.ts";
import { type PostingRefusal, postingRefusals } from "./outcomes.ts";
import { type Leg, post } from "./posting.ts";
import type { Transfer } from "./transfer-fields.ts";
import { transfers } from "./transfer-fields.ts";

/** Id of the transfer that takes another back, whether or not there is one. */
export const reversalIdOf = (transfer: string): string => derivedId("trf", `reversal of ${transfer}`);

/** Refusals of a reversal. */
export const reversalRefusals = {
  ...postingRefusals,
  not_reversible: { status: 422, doc: "Only a transfer that moved money, and that is no reversal itself, can be reversed." },
} as const satisfies RefusalSpecs;

export type Reversed =
  | { readonly ok: true; readonly transfers: readonly Transfer[] }
  | {
      readonly ok: false;
      readonly type: PostingRefusal | "not_reversible";
      readonly details?: Readonly<Record<string, unknown>>;
    };

type Flaw = Extract<Reversed, { ok: false }>;

/** What stands against taking transfers back, whatever the state of their accounts. */
export const flawOfReversal = async (ctx: CommandContext, originals: readonly Transfer[]): Promise<Flaw | undefined> => {
  for (const { id, amount, reverses } of originals) {
    if (amount === 0n || reverses !== null) return { ok: false, type: "not_reversible", details: { transfer: id } };
    const reversal = reversalIdOf(id);
    if ((await ctx.table(transfers).get(reversal)) !== undefined)
      return { ok: false, type: "already_reversed", details: { transfer: id, reversal } };
  }
  return undefined;
};

/** Takes transfers back, all or none; several become one transaction. */
export const reverseTransfers = async (
  ctx: CommandContext,
  originals: readonly Transfer[],
  reason: string,
): Promise<Reversed> => {
  const flaw = await flawOfReversal(ctx, originals);
  if (flaw !== undefined) return flaw;
  // Last first: what the later ones paid comes back before the earlier ones need it.
  const legs = originals.toReversed().map(({ id, debit, credit, amount, currency }): Leg => ({
    id: reversalIdOf(id),
    debit: credit,
    credit: debit,
    amount,
    currency,
    kind: "reversal",
    reference: reason,
    reverses: id,
  }));
  return post(ctx, legs, { reference: reason });
};

/** The action `transfer.reverse`. */
export const reverseApproved = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const parts = partsOf(payload);
  const id = textIn(parts, "transfer");
  const original = await ctx.table(transfers).get(id);
  if (original === undefined) return { ok: false, type: "not_reversible", details: { transfer: id } };
  const reversed = await reverseTransfers(ctx, [original], textIn(parts, "reason"));
  return reversed.ok ? { ok: true, result: { reversal: reversalIdOf(id) } } : reversed;
};
