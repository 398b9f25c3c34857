/** Where the keys of an issuer come from. */
import type { MaybePromise } from "../../../store/store.ts";
import { type JsonWebKeySet, KeyRing, keyRingOf, type TokenKey } from "./key.ts";
import { keyLimits } from "./limits.ts";

/** Keys with an id, none when it is unknown; `unavailable`: nobody can tell now. */
export type FoundKeys = readonly TokenKey[] | "unavailable";

export interface IssuerKeys {
  find(kid: string): MaybePromise<FoundKeys>;
}

/**
 * Keys that are at hand, such as our own: `listOf` gives those that verify now as JWKs. Asked again after `atHandMsMax`, and for an id that is not among
 * them, so that a key counts from the moment it is there and ends within a second. Throws `TypeError` when it gives no list of at most `keysMax`, which is a
 * mistake of the program.
 */
export const keysAtHand = (listOf: () => JsonWebKeySet["keys"], clock: () => number = Date.now): IssuerKeys => {
  let ring = new KeyRing([]);
  let readMs = Number.NEGATIVE_INFINITY;
  const read = (): void => {
    const now = keyRingOf({ keys: listOf() });
    if (now === undefined) throw new TypeError("own keys are no list of keys");
    ring = now;
    readMs = clock();
  };
  return {
    find(kid) {
      const isOld = Math.abs(clock() - readMs) >= keyLimits.atHandMsMax;
      if (isOld || ring.find(kid).length === 0) read();
      return ring.find(kid);
    },
  };
};
