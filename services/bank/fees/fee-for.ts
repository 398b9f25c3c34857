/**
 * Which schedule a movement is charged by, and the leg that charges it.
 *
 * Of the schedules for its kind, reach and currency that are enabled and in force, the one that came into force last counts; of several of that moment,
 * the one with the greatest id. At most one fee is charged.
 *
 *   const charge = feeFor(ctx.table(feeSchedules).all(), { kind: "payment", currency: "EUR", amount: 10_000n, now: ctx.now });
 *   const fee = charge && feeLeg(leg, charge, houseAccountId("fees", leg.currency));
 */
import type { Leg } from "../posting.ts";
import { type FeeLine, feeLines, type Tariff } from "./fee.ts";

/** Kinds of movements that may be charged. Fees, interest, corrections and reversals are not; currencies are exchanged for a spread. */
export const chargeableKinds = ["payment", "deposit", "withdrawal", "payout", "investment", "repayment"] as const;

/** How far the money goes: to an account of the bank, to another bank of the country, abroad. What the ledger posts is internal. */
export const reaches = ["internal", "domestic", "international"] as const;

export type Reach = (typeof reaches)[number];

/** What of a row of `feeSchedules` counts here. */
export interface Schedule extends Tariff {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly reach: Reach;
  readonly currency: string;
  readonly payer: "debit" | "credit";
  readonly validFrom: string;
  readonly validTo: string | null;
  readonly enabled: boolean;
}

export interface Chargeable {
  readonly kind: string;
  readonly currency: string;
  /** Minor units, zero or more. */
  readonly amount: bigint;
  /** RFC 3339 in UTC. */
  readonly now: string;
  /** Internal unless given. */
  readonly reach?: Reach;
}

export interface Charge {
  /** Minor units, zero or more. */
  readonly fee: bigint;
  readonly lines: readonly FeeLine[];
  readonly schedule: Schedule;
}

const isNewer = (schedule: Schedule, than: Schedule): boolean =>
  schedule.validFrom === than.validFrom ? schedule.id > than.id : schedule.validFrom > than.validFrom;

/** The fee of a movement; undefined where no schedule applies. */
export const feeFor = (schedules: readonly Schedule[], charged: Chargeable): Charge | undefined => {
  const { kind, currency, amount, now, reach = "internal" } = charged;
  let chosen: Schedule | undefined;
  for (const schedule of schedules) {
    const applies =
      schedule.enabled &&
      schedule.kind === kind &&
      schedule.reach === reach &&
      schedule.currency === currency &&
      schedule.validFrom <= now &&
      (schedule.validTo === null || now < schedule.validTo);
    if (applies && (chosen === undefined || isNewer(schedule, chosen))) chosen = schedule;
  }
  if (chosen === undefined) return undefined;
  const lines = feeLines(amount, chosen);
  return { fee: lines.reduce((sum, line) => sum + line.amount, 0n), lines, schedule: chosen };
};

/** The leg that moves a fee from whoever pays it to the bank's account for fees. Undefined: nothing to charge, or the bank would pay itself. */
export const feeLeg = (
  leg: Pick<Leg, "debit" | "credit" | "currency" | "effectiveAt">,
  { fee, schedule }: Charge,
  feesAccount: string,
): Leg | undefined => {
  const payer = leg[schedule.payer];
  if (fee === 0n || payer === feesAccount) return undefined;
  return {
    debit: payer,
    credit: feesAccount,
    amount: fee,
    currency: leg.currency,
    kind: "fee",
    reference: schedule.name,
    ...(leg.effectiveAt === undefined ? {} : { effectiveAt: leg.effectiveAt }),
  };
};
