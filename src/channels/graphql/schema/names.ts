/** Names of a schema: of types, fields and enum values, each given once. */

/** `byCurrency` → `ByCurrency`. */
export const pascal = (name: string): string => `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;

const legal = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Names that mean something else where values of enums stand. */
const reserved: ReadonlySet<string> = new Set(["true", "false", "null"]);

/** A text as a name: `in-progress` → `in_progress`, `3d` → `_3d`. */
const cleaned = (text: string): string => {
  const name = text.replace(/[^_0-9A-Za-z]/g, "_");
  const started = /^[A-Za-z]/.test(name) ? name : `_${name.replace(/^_+/, "")}`;
  return reserved.has(started) ? `${started}_` : started;
};

/** Gives names away; one that is taken gets an ending. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** The first of `wanted` that is free, or the last with a number behind it. */
  take(...wanted: readonly [string, ...string[]]): string {
    const names = wanted.map((name) =>
      legal.test(name) && !name.startsWith("__") && !reserved.has(name) ? name : cleaned(name),
    );
    let name = names.find((one) => !this.#taken.has(one));
    const last = names.at(-1) ?? "";
    for (let number = 2; name === undefined; number++) {
      if (!this.#taken.has(`${last}${number}`)) name = `${last}${number}`;
    }
    this.#taken.add(name);
    return name;
  }
}
