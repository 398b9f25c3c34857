/**
 * The parts of a document that several operations share. A part is made when it is first referred to and listed in that order of names; two parts
 * of one name must be the same.
 */
export type Json = { readonly [name: string]: unknown };

export type Section = "schemas" | "parameters" | "responses" | "headers" | "requestBodies" | "securitySchemes" | "examples";

export class Components {
  readonly #sections = new Map<Section, Map<string, Json>>();

  /** A reference to the part; `make` is called once, and may refer to the part itself. */
  ref(section: Section, name: string, make: () => Json): { readonly $ref: string } {
    let parts = this.#sections.get(section);
    if (parts === undefined) {
      parts = new Map();
      this.#sections.set(section, parts);
    }
    if (!parts.has(name)) {
      parts.set(name, {});
      parts.set(name, make());
    }
    return { $ref: `#/components/${section}/${name}` };
  }

  /** A reference to a part that has no natural name: `base`, or `base2`, `base3` … for different content. */
  same(section: Section, base: string, part: Json): { readonly $ref: string } {
    const text = JSON.stringify(part);
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base}${number}`;
      const known = this.#sections.get(section)?.get(name);
      if (known === undefined || JSON.stringify(known) === text) return this.ref(section, name, () => part);
    }
  }

  /** The `components` object, each section in alphabetic order. */
  toJson(): Json {
    return Object.fromEntries(
      [...this.#sections]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([section, parts]) => [section, Object.fromEntries([...parts].toSorted(([a], [b]) => (a < b ? -1 : 1)))]),
    );
  }
}
