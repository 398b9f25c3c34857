/**
 * Content negotiation by the Accept header (RFC 9110 section 12.5.1): weights, specificity, wildcards.
 *
 * For each offer the most specific range that matches decides its weight (type/subtype;param over type/subtype over
 * type/* over the full wildcard); the offer of the greatest weight wins, among equals the one offered first. Parameters of a range
 * other than q do not have to match (an offer has none but its charset). No header, or an empty one, takes the first offer.
 */
import { BoundedCache } from "./bounded-cache.ts";
import { parseWeighted } from "./weighted.ts";
import type { Weighted } from "./weighted.ts";

/** Something the server can answer with, under one or more media types (lower case, without parameters). */
export interface Offer<Value> {
  readonly mediaTypes: readonly string[];
  readonly value: Value;
}

/** Chooses among fixed offers; made once at start, asked on every request. */
export class Negotiator<Value> {
  readonly #offers: readonly Offer<Value>[];
  readonly #cache = new BoundedCache<{ readonly value: Value | undefined }>();

  constructor(offers: readonly Offer<Value>[]) {
    if (offers.length === 0) throw new Error("a negotiator needs at least one offer");
    this.#offers = offers;
  }

  /** The chosen offer's value, or undefined when nothing offered is acceptable (406). */
  choose(header: string | null | undefined): Value | undefined {
    if (header === null || header === undefined) return this.#offers[0]?.value;
    const known = this.#cache.get(header);
    if (known !== undefined) return known.value;
    const value = this.#decide(header);
    this.#cache.set(header, { value });
    return value;
  }

  #decide(header: string): Value | undefined {
    if (header.trim() === "") return this.#offers[0]?.value;
    const ranges = parseWeighted(header);
    if (ranges === undefined) return undefined;
    let chosen: Value | undefined;
    let best = 0;
    for (const offer of this.#offers) {
      for (const mediaType of offer.mediaTypes) {
        const q = weightOf(mediaType, ranges);
        if (q > best) {
          best = q;
          chosen = offer.value;
        }
      }
    }
    return chosen;
  }
}

/** The weight the most specific matching range gives a media type; 0 when none matches. */
function weightOf(mediaType: string, ranges: readonly Weighted[]): number {
  const type = mediaType.slice(0, mediaType.indexOf("/") + 1);
  let q = 0;
  let bestSpecificity = -1;
  for (const range of ranges) {
    let specificity: number;
    if (range.value === mediaType) specificity = range.hasParameters ? 3 : 2;
    else if (range.value === `${type}*`) specificity = 1;
    else if (range.value === "*/*") specificity = 0;
    else continue;
    // Of two equally specific ranges the kinder one counts.
    if (specificity > bestSpecificity || (specificity === bestSpecificity && range.q > q)) {
      bestSpecificity = specificity;
      q = range.q;
    }
  }
  return q;
}
