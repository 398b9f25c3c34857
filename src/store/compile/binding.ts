/**
 * What a compiled statement binds: no value is ever part of the SQL text. A binding says where a value comes from when the statement runs
 * (the call, or a constant of the shape), what is done to it, and as which type it is bound.
 */
import type { Value } from "../../define/expression.ts";
import type { ColumnType } from "../table.ts";

export type Source =
  | { readonly from: "realm" | "limit" | "offset" }
  /** Index in the call's `params`. */
  | { readonly from: "param"; readonly index: number }
  /** Index in the call's `after`. */
  | { readonly from: "after"; readonly index: number }
  | { readonly from: "constant"; readonly value: Value };

/** `fold`: letter case removed, for `contains`. `prefixEnd`: the smallest text after all that start with the value, for `startsWith`. */
export type Transform = "none" | "fold" | "prefixEnd";

export interface Binding {
  readonly source: Source;
  readonly transform: Transform;
  readonly type: ColumnType;
  /** Bound as a set of values, for `in`. */
  readonly list: boolean;
}

/** Collects the bindings of one statement; the same binding twice is one parameter. */
export class Bindings {
  readonly all: Binding[] = [];
  readonly #placeholder: (index: number, binding: Binding) => string;

  /** `placeholder` gives the SQL of the binding with this index (from 0). */
  constructor(placeholder: (index: number, binding: Binding) => string) {
    this.#placeholder = placeholder;
  }

  /** The SQL that stands for the bound value. */
  bind(source: Source, type: ColumnType, options: { readonly transform?: Transform; readonly list?: boolean } = {}): string {
    const binding: Binding = { source, type, transform: options.transform ?? "none", list: options.list ?? false };
    const known = this.all.findIndex((other) => isSameBinding(other, binding));
    const index = known >= 0 ? known : this.all.push(binding) - 1;
    return this.#placeholder(index, this.all[index] ?? binding);
  }
}

/** Whether two bindings are one: they give the same value for a call. */
export const isSameBinding = (a: Binding, b: Binding): boolean => {
  if (a.type !== b.type || a.transform !== b.transform || a.list !== b.list) return false;
  const [x, y] = [a.source, b.source];
  if (x.from === "constant" || y.from === "constant")
    return x.from === y.from && "value" in x && "value" in y && x.value === y.value;
  return x.from === y.from && ("index" in x ? x.index : 0) === ("index" in y ? y.index : 0);
};
