/** Where the keys of an issuer come from. */
import type { MaybePromise } from "../../../store/store.ts";
import { type JsonWebKeySet, KeyRing, keyRingOf, type TokenKey } from "./key.ts";

/** Keys with an id, none when it is unknown; `unavailable`: nobody can tell now. */
export type FoundKeys = readonly TokenKey[] | "unavailable";

export interface IssuerKeys {
  find(kid: string): MaybePromise<FoundKeys>;
}

/**
 * Keys that are at hand: `setOf` gives the JWK set as it is now, the same object for as long as nothing changed. Throws `TypeError` when that is no
 * set, which is a mistake of the program.
 */
export const keysAtHand = (setOf: () => JsonWebKeySet): IssuerKeys => {
  let set: JsonWebKeySet | undefined;
  let ring = new KeyRing([]);
  return {
    find(kid) {
      const now = setOf();
      if (now !== set) {
        const read = keyRingOf(now);
        if (read === undefined) throw new TypeError("own keys are no JWK set");
        ring = read;
        set = now;
      }
      return ring.find(kid);
    },
  };
};
