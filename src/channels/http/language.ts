/**
 * Language negotiation: lookup (RFC 4647 section 3.4) over the Accept-Language header's priority list (RFC 9110
 * section 12.5.4). A range is cut from its end until something available matches: `de-AT` finds `de`.
 * Available tags match without regard to case. `*` and unmatched ranges fall to the default; a tag that the header
 * excludes with q=0 is not chosen by a broader range.
 */
import { BoundedCache } from "./bounded-cache.ts";
import { parseWeighted } from "./weighted.ts";

const TAG = /^[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,8}$/i;

/** True for what looks like a language tag (RFC 5646, not checked against the registry), at most 80 characters. */
export function isLanguageTag(text: string): boolean {
  return text.length <= 80 && TAG.test(text);
}

/** Chooses among the languages a service has; made once at start. */
export class LanguageChooser {
  readonly #byTag: ReadonlyMap<string, string>;
  readonly #fallback: string;
  readonly #cache = new BoundedCache<string>();

  /** `available` in the spelling to answer with (`de-AT`); `fallback` is used when nothing matches. */
  constructor({ available, fallback }: { readonly available: readonly string[]; readonly fallback: string }) {
    this.#byTag = new Map(available.map((tag) => [tag.toLowerCase(), tag]));
    this.#fallback = fallback;
  }

  /** By header; always answers with a language. */
  choose(header: string | null | undefined): string {
    if (header === null || header === undefined || header === "") return this.#fallback;
    const known = this.#cache.get(header);
    if (known !== undefined) return known;
    const chosen = this.#decide(header);
    this.#cache.set(header, chosen);
    return chosen;
  }

  /** By one tag, as `?language=` or a path prefix give it; undefined when it is not available. */
  lookup(tag: string): string | undefined {
    return isLanguageTag(tag) ? this.#find(tag.toLowerCase(), undefined) : undefined;
  }

  #decide(header: string): string {
    const ranges = parseWeighted(header);
    if (ranges === undefined) return this.#fallback;
    const excluded = new Set(ranges.filter(({ q }) => q === 0).map(({ value }) => value));
    const wanted = ranges.filter(({ q }) => q > 0).toSorted((a, b) => b.q - a.q);
    for (const { value } of wanted) {
      if (value === "*") break;
      const found = this.#find(value, excluded);
      if (found !== undefined) return found;
    }
    return this.#fallback;
  }

  #find(range: string, excluded: ReadonlySet<string> | undefined): string | undefined {
    let rest = range;
    while (rest !== "") {
      const found = this.#byTag.get(rest);
      if (found !== undefined && excluded?.has(rest) !== true) return found;
      rest = rest.slice(0, Math.max(0, rest.lastIndexOf("-")));
      // A single letter left at the end (en-x) goes with what followed it.
      if (rest.at(-2) === "-") rest = rest.slice(0, -2);
    }
    return undefined;
  }
}
