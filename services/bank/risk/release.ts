/**
 * What a hold counted towards limits and did not use is given back, when it is voided, expires or is captured in part, to the window in which it was
 * counted. Where that window is over, nobody asks for it any more and nothing is changed.
 */
import { type CommandContext, type RowsRequest, rowsOf, t } from "pons";
import type { limitUsageFields } from "./limit-fields.ts";
import { limitUsage } from "./limit-usage.ts";
import type { Reservation } from "./risk.ts";

/** Most counters that one hold keeps: every limit rule, in each window the hold was increased in. */
const reservationsMax = 1_000;

/** For the fields of a hold. */
export const countedField = t.array(
  t.object({ usage: t.string(), windowStart: t.dateTime(), amount: t.money(), count: t.integer() }),
  {
    optional: true,
    write: "never",
    read: [],
    filter: false,
    maxItems: reservationsMax,
    doc: "What it has added to the counters of limits.",
  },
);

/** The counters of a hold, for `load`. */
export const releaseLoads = (
  counted: readonly Reservation[] | null,
): { readonly riskUsage: RowsRequest<typeof limitUsageFields> } => ({
  riskUsage: rowsOf(limitUsage, [...new Set((counted ?? []).map(({ usage }) => usage))]),
});

/** What a hold keeps after it has added more. */
export const withMore = (counted: readonly Reservation[] | null, more: readonly Reservation[]): Reservation[] | null => {
  const merged = new Map<string, Reservation>();
  for (const one of [...(counted ?? []), ...more]) {
    const key = `${one.usage} ${one.windowStart}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? one : { ...known, amount: known.amount + one.amount, count: known.count + one.count });
  }
  return merged.size === 0 ? null : [...merged.values()].slice(-reservationsMax);
};

/**
 * What is taken from each counter when `amount` is given back, the latest first: an increment before what it came on top of. With `all`, the hold was
 * not used at all and its number is given back too.
 */
export const shares = (
  counted: readonly Reservation[],
  amount: bigint,
  { all }: { readonly all: boolean },
): readonly Reservation[] => {
  const left = new Map<string, bigint>();
  return counted.toReversed().flatMap((reservation) => {
    const rest = left.get(reservation.usage) ?? amount;
    const share = rest < reservation.amount ? rest : reservation.amount;
    left.set(reservation.usage, rest - share);
    const count = all ? reservation.count : 0;
    return share === 0n && count === 0 ? [] : [{ ...reservation, amount: share, count }];
  });
};

/**
 * Gives back what a hold reserved and did not use: `amount`, of all that `counted` says. `all`: nothing of it was captured. Reads the counters that were
 * not loaded.
 */
export const releaseRisk = async (
  ctx: CommandContext,
  counted: readonly Reservation[] | null,
  amount: bigint,
  options: { readonly all: boolean },
): Promise<void> => {
  if (counted === null || counted.length === 0 || amount === 0n) return;
  const table = ctx.table(limitUsage);
  for (const share of shares(counted, amount, options)) {
    const usage = await table.get(share.usage);
    if (usage === undefined || usage.windowStart !== share.windowStart) continue;
    table.update(usage.id, { amount: usage.amount - share.amount, count: usage.count - share.count });
  }
};
