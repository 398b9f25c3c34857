/**
 * Reversals: the only way to correct a transfer. A reversal moves the same amount the other way and is made once only: its id follows from the id of the
 * transfer it takes back.
 */
import type { CommandContext, RefusalSpecs } from "pons";
import { derivedId } from "./derived-id.ts";
import { type PostingRefusal, postingRefusals } from "./outcomes.ts";
import { type Leg, post } from "./posting.ts";
import type { Transfer } from "./transfer-fields.ts";
import { transfers } from "./transfers.ts";

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

/** Takes transfers back, all or none; several become one transaction. */
export const reverseTransfers = async (
  ctx: CommandContext,
  originals: readonly Transfer[],
  reason: string,
): Promise<Reversed> => {
  const table = ctx.table(transfers);
  const legs: Leg[] = [];
  // Last first: what the later ones paid comes back before the earlier ones need it.
  for (const original of originals.toReversed()) {
    const id = reversalIdOf(original.id);
    if (original.amount === 0n || original.reverses !== null)
      return { ok: false, type: "not_reversible", details: { transfer: original.id } };
    if ((await table.get(id)) !== undefined)
      return { ok: false, type: "already_reversed", details: { transfer: original.id, reversal: id } };
    legs.push({
      id,
      debit: original.credit,
      credit: original.debit,
      amount: original.amount,
      currency: original.currency,
      kind: "reversal",
      reference: reason,
      reverses: original.id,
    });
  }
  return post(ctx, legs, { reference: reason });
};
