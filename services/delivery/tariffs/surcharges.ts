/** Surcharges in the order in which the service declares them. */
import type { AddressIndex } from "./address-index.ts";
import { girthOf, type GrossParcel, longestOf } from "./parcels.ts";
import type { Line, RateRequest } from "./rating.ts";
import type { CashOnDeliverySurcharge, InsuranceSurcharge, OversizeSurcharge, Surcharge } from "./tariff.ts";
import { shareOf } from "./whole-numbers.ts";

export interface Charged {
  readonly request: RateRequest;
  readonly parcels: readonly (GrossParcel & { readonly chargeableWeight: number })[];
  readonly carriage: number;
  /** Places of the surcharge of this code. */
  readonly remoteOf: (code: string) => AddressIndex<true> | undefined;
}

const isOver = (actual: number, limit: number | undefined): boolean => limit !== undefined && actual > limit;

const isOversize = (parcel: GrossParcel, { sideOver, girthOver, weightOver }: OversizeSurcharge): boolean =>
  isOver(longestOf(parcel), sideOver) || isOver(girthOf(parcel), girthOver) || isOver(parcel.grossWeight, weightOver);

const described = ({ kind, code }: Surcharge): Pick<Line, "code" | "description"> => ({
  code,
  description: `delivery.line.${kind}`,
});

const perParcel = (surcharge: Surcharge & { readonly price: number }, quantity: number): Line => ({
  ...described(surcharge),
  group: "surcharge",
  quantity,
  price: surcharge.price,
  amount: surcharge.price * quantity,
});

const share = (
  surcharge: Surcharge & { readonly basisPoints: number },
  base: number,
  {
    group = "surcharge",
    amount = shareOf(base, surcharge.basisPoints),
  }: { readonly group?: Line["group"]; readonly amount?: number },
): Line => ({
  ...described(surcharge),
  group,
  quantity: 1,
  price: amount,
  amount,
  base,
  basisPoints: surcharge.basisPoints,
});

const cashOnDelivery = (surcharge: CashOnDeliverySurcharge, cash: number): Line => {
  const { basisPoints, min, max = Number.POSITIVE_INFINITY } = surcharge;
  return share(surcharge, cash, { amount: Math.min(Math.max(shareOf(cash, basisPoints), min), max) });
};

const insurance = (surcharge: InsuranceSurcharge, declared: number): Line =>
  share(surcharge, Math.max(0, declared - surcharge.freeUpTo), { group: "insurance" });

/** One line, or none where it does not apply. `before`: carriage and the surcharges on it so far. */
const lineOf = (surcharge: Surcharge, { request, parcels, carriage, remoteOf }: Charged, before: number): Line | undefined => {
  switch (surcharge.kind) {
    case "fuel":
      return share(surcharge, surcharge.of === "carriage" ? carriage : before, {});
    case "remote": {
      const isRemote = remoteOf(surcharge.code)?.find(request.address) === true;
      return isRemote ? perParcel(surcharge, parcels.length) : undefined;
    }
    case "oversize": {
      const count = parcels.filter((parcel) => isOversize(parcel, surcharge)).length;
      return count > 0 ? perParcel(surcharge, count) : undefined;
    }
    case "cashOnDelivery": {
      const cash = request.cashOnDelivery ?? 0;
      return cash > 0 ? cashOnDelivery(surcharge, cash) : undefined;
    }
    case "insurance":
      return insurance(surcharge, request.declaredValue);
  }
};

export const surchargeLines = (surcharges: readonly Surcharge[], charged: Charged): readonly Line[] => {
  const lines: Line[] = [];
  let before = charged.carriage;
  for (const surcharge of surcharges) {
    const line = lineOf(surcharge, charged, before);
    if (line === undefined) continue;
    lines.push(line);
    if (surcharge.kind !== "cashOnDelivery" && surcharge.kind !== "insurance") before += line.amount;
  }
  return lines;
};
