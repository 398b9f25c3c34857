/**
 * The fee of a transfer, before it is made. Integer arithmetic throughout: basis points (1/10,000) of the amount, rounded half up to the minor
 * unit, plus a fixed part, between a floor and a ceiling.
 *
 *   feeOf(123_456n, "EUR", "international") → 35 + 617.28 → 652
 */
import { query, t } from "pons";
import { amountMax, exponentOf } from "./assets.ts";

const assetNames = ["EUR", "GBP", "JPY", "USD"] as const;

type Asset = (typeof assetNames)[number];

const isAsset = (currency: string): currency is Asset => (assetNames as readonly string[]).includes(currency);

export const feeKinds = ["internal", "domestic", "international"] as const;

export type FeeKind = (typeof feeKinds)[number];

interface Tariff {
  readonly basisPoints: bigint;
  /** Minor units, per currency. */
  readonly fixed: Readonly<Record<Asset, bigint>>;
  readonly floor: Readonly<Record<Asset, bigint>>;
  readonly ceiling: Readonly<Record<Asset, bigint>>;
}

const free = { EUR: 0n, GBP: 0n, JPY: 0n, USD: 0n } as const;

/** The schedule of fees. */
export const tariffs: Readonly<Record<FeeKind, Tariff>> = {
  internal: { basisPoints: 0n, fixed: free, floor: free, ceiling: free },
  domestic: {
    basisPoints: 5n,
    fixed: free,
    floor: { EUR: 10n, GBP: 10n, JPY: 15n, USD: 10n },
    ceiling: { EUR: 500n, GBP: 450n, JPY: 800n, USD: 550n },
  },
  international: {
    basisPoints: 50n,
    fixed: { EUR: 35n, GBP: 30n, JPY: 50n, USD: 40n },
    floor: { EUR: 150n, GBP: 125n, JPY: 250n, USD: 165n },
    ceiling: { EUR: 7_500n, GBP: 6_500n, JPY: 12_000n, USD: 8_000n },
  },
};

const basis = 10_000n;

const between = (low: bigint, value: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value);

/** Fee in minor units of a positive amount in minor units. */
export const feeOf = (amount: bigint, currency: Asset, kind: FeeKind): bigint => {
  const { basisPoints, fixed, floor, ceiling } = tariffs[kind];
  const share = (amount * basisPoints + basis / 2n) / basis;
  return between(floor[currency], fixed[currency] + share, ceiling[currency]);
};

const amount = t.money({ currency: "currency", doc: "Minor units, greater than zero.", example: 123456 });
const currency = t.currency({ doc: `One of ${assetNames.join(", ")}.`, example: "EUR" });
const kind = t.enum(feeKinds, { default: "domestic" });

export const quoteFee = query({
  doc: "Says what a transfer would cost. Nothing is charged or reserved.",
  roles: ["customer", "teller", "auditor"],
  input: { amount, currency, kind },
  output: {
    amount,
    currency,
    kind,
    fee: t.money({ currency: "currency", doc: "Minor units.", example: 652 }),
    total: t.money({ currency: "currency", doc: "Amount and fee.", example: 124108 }),
    exponent: t.integer({ doc: "Digits after the point of the currency.", example: 2 }),
  },
  refusals: {
    invalid_amount: { status: 400, doc: "The amount must be greater than zero." },
    invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
    overflow: { status: 422, doc: "The account's counters cannot hold the amount." },
  },
  run: (ctx, { input }) => {
    if (input.amount <= 0n) return ctx.refuse("invalid_amount");
    if (!isAsset(input.currency)) return ctx.refuse("invalid_currency", { currency: input.currency, currencies: assetNames });
    const fee = feeOf(input.amount, input.currency, input.kind);
    const total = input.amount + fee;
    if (total > amountMax) return ctx.refuse("overflow");
    return { ...input, fee, total, exponent: exponentOf(input.currency) };
  },
});
