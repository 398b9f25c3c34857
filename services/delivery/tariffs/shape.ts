/** Checks that a value of unknown shape is what a version wants, and keeps what is wrong: path, code, text. */
import { basisPointsMax, priceMax, problemsMax, sideMax, textMax, weightMax } from "./limits.ts";
import type { Problem, ProblemCode } from "./problem.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Range of a whole number, and whether it may be missing. */
export interface NumberRule {
  readonly min?: number;
  readonly max: number;
  readonly isOptional?: boolean;
}

export const rules = {
  price: { max: priceMax },
  side: { min: 1, max: sideMax },
  weight: { max: weightMax },
  share: { max: basisPointsMax },
} as const satisfies Readonly<Record<string, NumberRule>>;

/** A value in a message, short. Lists and fields only by kind: fields may have a `toString` that is none. */
export const shown = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  if (isFields(value)) return "fields";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

export class Shape {
  readonly #problems: Problem[] = [];

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  add(path: string, code: ProblemCode, text: string): void {
    if (this.#problems.length < problemsMax) this.#problems.push({ path, code, text });
  }

  number(path: string, value: unknown, { min = 0, max, isOptional = false }: NumberRule): value is number {
    if (value === undefined && isOptional) return false;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      this.add(path, "not_a_number", `a whole number is needed, not ${shown(value)}`);
      return false;
    }
    if (value >= min && value <= max) return true;
    this.add(path, "out_of_bounds", `${value} is not from ${min} to ${max}`);
    return false;
  }

  /** Each of the fields by its rule. */
  numbers(path: string, fields: Fields, wanted: Readonly<Record<string, NumberRule>>): void {
    for (const [name, rule] of Object.entries(wanted)) this.number(`${path}.${name}`, fields[name], rule);
  }

  text(path: string, value: unknown, { max = textMax, min = 1 } = {}): value is string {
    if (typeof value !== "string") {
      this.add(path, "not_text", `text is needed, not ${shown(value)}`);
      return false;
    }
    if (value.trim().length >= min && value.length <= max) return true;
    this.add(path, "out_of_bounds", `needs ${min} to ${max} characters`);
    return false;
  }

  oneOf<T extends string | number>(path: string, value: unknown, allowed: readonly T[]): value is T {
    if (allowed.some((one) => one === value)) return true;
    this.add(path, "unknown_kind", `${shown(value)} is none of ${allowed.join(", ")}`);
    return false;
  }

  fields(path: string, value: unknown): Fields | undefined {
    if (isFields(value)) return value;
    this.add(path, "malformed", `fields are needed, not ${shown(value)}`);
    return undefined;
  }

  list(path: string, value: unknown, { min = 0, max }: { readonly min?: number; readonly max: number }): readonly unknown[] {
    if (!Array.isArray(value)) {
      this.add(path, "malformed", `a list is needed, not ${shown(value)}`);
      return [];
    }
    if (value.length < min) this.add(path, "empty", `needs at least ${min}`);
    if (value.length <= max) return value;
    this.add(path, "too_many", `${value.length} are more than ${max}`);
    return [];
  }

  /** A list of fields, each with its path. */
  entries(
    path: string,
    value: unknown,
    bounds: { readonly min?: number; readonly max: number },
  ): readonly (readonly [string, Fields])[] {
    const found: [string, Fields][] = [];
    for (const [at, entry] of this.list(path, value, bounds).entries()) {
      const fields = this.fields(`${path}[${at}]`, entry);
      if (fields !== undefined) found.push([`${path}[${at}]`, fields]);
    }
    return found;
  }

  /** Keeps `key` as taken; a second time is a problem. */
  unique(path: string, key: string, taken: Set<string>): void {
    if (taken.has(key)) this.add(path, "duplicate", `${shown(key)} stands here twice`);
    taken.add(key);
  }

  /** Distinct whole numbers: weekdays. */
  weekdays(path: string, value: unknown): void {
    const taken = new Set<string>();
    for (const [at, day] of this.list(path, value, { min: 1, max: 7 }).entries())
      if (this.number(`${path}[${at}]`, day, { min: 1, max: 7 })) this.unique(`${path}[${at}]`, String(day), taken);
  }
}
