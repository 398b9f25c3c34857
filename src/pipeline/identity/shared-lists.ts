/**
 * Lists of texts that many entries have alike: roles, scopes, operations, networks. Equal ones become one list, so that a million keys hold a few lists, and
 * what is reckoned of a list (which operations its scopes cover, which addresses lie in its networks) is reckoned once for all of them.
 */
const listsMax = 50_000;

export class SharedLists {
  #lists = new Map<string, readonly string[]>();

  /** The value with its lists of texts replaced by those that are equal and known. */
  in(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const shared: Record<string, unknown> = {};
    for (const [name, part] of Object.entries(value)) shared[name] = isTexts(part) ? this.#of(part) : part;
    return shared;
  }

  #of(list: readonly string[]): readonly string[] {
    const text = JSON.stringify(list);
    const known = this.#lists.get(text);
    if (known !== undefined) return known;
    if (this.#lists.size >= listsMax) this.#lists = new Map();
    this.#lists.set(text, list);
    return list;
  }
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");
