/** The tariff for money that leaves the bank, by currency, that holds until the bank sets schedules of its own for that reach and currency. */
import type { Reach, Schedule } from "./fee-for.ts";

const standard = (
  reach: Reach,
  currency: string,
  [fixed, basisPoints, minFee, maxFee]: readonly [bigint, number, bigint, bigint],
): Schedule => ({
  id: `standard ${reach} ${currency}`,
  name: `Standard ${reach}`,
  kind: "payment",
  reach,
  currency,
  fixed,
  basisPoints,
  minFee,
  maxFee,
  payer: "debit",
  validFrom: "2026-01-01T00:00:00.000Z",
  validTo: null,
  enabled: true,
});

const tariff: readonly Schedule[] = [
  standard("domestic", "EUR", [0n, 5, 10n, 500n]),
  standard("domestic", "GBP", [0n, 5, 10n, 450n]),
  standard("domestic", "JPY", [0n, 5, 15n, 800n]),
  standard("domestic", "USD", [0n, 5, 10n, 550n]),
  standard("international", "EUR", [35n, 50, 150n, 7_500n]),
  standard("international", "GBP", [30n, 50, 125n, 6_500n]),
  standard("international", "JPY", [50n, 50, 250n, 12_000n]),
  standard("international", "USD", [40n, 50, 165n, 8_000n]),
];

/** The bank's own schedules for payments of a reach and currency, the standard ones where it never set any. */
export const schedulesFor = (own: readonly Schedule[], reach: Reach, currency: string): readonly Schedule[] => {
  const set = own.filter((row) => row.kind === "payment" && row.reach === reach && row.currency === currency);
  return set.length > 0 ? set : tariff.filter((row) => row.reach === reach && row.currency === currency);
};
