/** Which version of a tariff counts. */
import { instantOf } from "./days.ts";
import type { TariffVersion } from "./tariff.ts";

/** What of a version counts here. */
export type Effective = Pick<TariffVersion, "number" | "effectiveFrom" | "effectiveTo">;

/**
 * The version in force at an instant (RFC 3339, UTC), its first moment included, its last one not; of several, the one that came into force last;
 * of several of that moment, the one with the greatest number. Throws `RangeError` for what is no instant.
 */
export const inForceAt = <T extends Effective>(versions: readonly T[], instant: string): T | undefined => {
  const at = moment(instant);
  let chosen: T | undefined;
  for (const version of versions) {
    const isInForce = moment(version.effectiveFrom) <= at && (version.effectiveTo === null || at < moment(version.effectiveTo));
    if (isInForce && (chosen === undefined || isNewer(version, chosen))) chosen = version;
  }
  return chosen;
};

const isNewer = (version: Effective, than: Effective): boolean => {
  const [from, thanFrom] = [moment(version.effectiveFrom), moment(than.effectiveFrom)];
  return from === thanFrom ? version.number > than.number : from > thanFrom;
};

const moment = (text: string): number => {
  const ms = instantOf(text);
  if (ms === undefined) throw new RangeError(`not an instant in UTC: ${text}`);
  return ms;
};
