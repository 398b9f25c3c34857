/** What belongs to an address: by its longest postal prefix, else by its settlement or city, else by its region. */
import { prefixLengthMax } from "./limits.ts";
import type { Address } from "./rating.ts";
import type { Place } from "./tariff.ts";

/** Names are compared without regard to case, repeated space and the dots of ё. */
export const nameKey = (name: string): string =>
  name.normalize("NFC").trim().toLowerCase().replaceAll(/\s+/g, " ").replaceAll("ё", "е");

/** Postal codes are compared without space and hyphens. */
export const postalKey = (index: string): string => index.replaceAll(/[\s-]+/g, "").toUpperCase();

export interface Area {
  readonly prefixes: readonly string[];
  readonly settlements: readonly Place[];
  readonly regions?: readonly string[];
}

interface Entry<T> {
  readonly region: string | undefined;
  readonly district: string | undefined;
  readonly value: T;
}

const keyOrUndefined = (name: string | null | undefined): string | undefined =>
  typeof name === "string" ? nameKey(name) : undefined;

export class AddressIndex<T> {
  readonly #byPrefix = new Map<string, T>();
  readonly #byPlace = new Map<string, Entry<T>[]>();
  readonly #byRegion = new Map<string, T>();

  /** Of two that claim the same, the first one counts; validation refuses such a version. */
  add(area: Area, value: T): void {
    for (const prefix of area.prefixes.map(postalKey)) if (!this.#byPrefix.has(prefix)) this.#byPrefix.set(prefix, value);
    for (const { name, region, district } of area.settlements) {
      const key = nameKey(name);
      const entries = this.#byPlace.get(key) ?? [];
      entries.push({ region: keyOrUndefined(region), district: keyOrUndefined(district), value });
      this.#byPlace.set(key, entries);
    }
    for (const region of (area.regions ?? []).map(nameKey)) if (!this.#byRegion.has(region)) this.#byRegion.set(region, value);
  }

  find(address: Address): T | undefined {
    const { index, settlement, city, region } = address;
    if (typeof index === "string") {
      const key = postalKey(index);
      for (let length = Math.min(key.length, prefixLengthMax); length > 0; length--) {
        const found = this.#byPrefix.get(key.slice(0, length));
        if (found !== undefined) return found;
      }
    }
    for (const name of [settlement, city]) {
      const found = typeof name === "string" ? this.#place(name, address) : undefined;
      if (found !== undefined) return found;
    }
    return typeof region === "string" ? this.#byRegion.get(nameKey(region)) : undefined;
  }

  /** Of places with one name, the one that tells most of where it is. */
  #place(name: string, address: Address): T | undefined {
    const [region, district] = [keyOrUndefined(address.region), keyOrUndefined(address.district)];
    let best: Entry<T> | undefined;
    let bestScore = -1;
    for (const entry of this.#byPlace.get(nameKey(name)) ?? []) {
      if (entry.region !== undefined && entry.region !== region) continue;
      if (entry.district !== undefined && entry.district !== district) continue;
      const score = (entry.region === undefined ? 0 : 2) + (entry.district === undefined ? 0 : 1);
      if (score > bestScore) [best, bestScore] = [entry, score];
    }
    return best?.value;
  }
}
