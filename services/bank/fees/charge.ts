/** Adds to what is posted the leg of its fee, so that both are posted or neither. */
import type { CommandContext } from "pons";
import { houseAccount } from "../house.ts";
import type { Leg } from "../posting.ts";
import { feeFor, feeLeg } from "./fee-for.ts";
import { feeSchedules } from "./fee-schedules.ts";

/** The leg, and after it that of the fee where there is one. Opens the bank's account for fees when it is first needed. */
export const withFee = async (ctx: CommandContext, leg: Leg): Promise<readonly Leg[]> => {
  const charge = feeFor(ctx.table(feeSchedules).all(), { ...leg, now: ctx.now });
  if (charge === undefined || charge.fee === 0n) return [leg];
  const { id } = await houseAccount(ctx, "fees", leg.currency);
  const fee = feeLeg(leg, charge, id);
  return fee === undefined ? [leg] : [leg, fee];
};
