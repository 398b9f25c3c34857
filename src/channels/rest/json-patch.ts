/**
 * JSON Patch (RFC 6902): add, remove, replace, move, copy, test, applied in order to a copy; all of them or none.
 *
 *   applyPatch({ a: 1 }, [{ op: "test", path: "/a", value: 1 }, { op: "replace", path: "/a", value: 2 }])   →  { ok: true, value: { a: 2 } }
 *
 * Faults: `malformed`: the document is no patch; `path`: it names a place that is not there; `test`: a test did not hold; `too_large`: copies
 * made the value too large. Keys are own data only; `__proto__` is no place.
 * Bounds: operations by the caller, 64 steps per pointer, 100,000 values in the result.
 */
import { isObject } from "./input.ts";
import { indexOf, parsePointer } from "./json-pointer.ts";

export type PatchFault = "malformed" | "path" | "test" | "too_large";
export type Patched =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: PatchFault; readonly index: number };

const valuesMax = 100_000;

/** Two JSON values are the same (RFC 6902 section 4.6): numbers by value, members in any order. A safe integer equals its bigint. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a === "bigint" || typeof b === "bigint") {
    const wide = typeof a === "bigint" ? b : a;
    // Beyond 2^53 - 1 the presented form of an integer is its digits.
    return (typeof wide === "number" || typeof wide === "string" || typeof wide === "bigint") && String(a) === String(b);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSame(item, (b as unknown[])[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
};

const countOf = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countOf(item), 1);
  return isObject(value) ? Object.values(value).reduce<number>((sum, item) => sum + countOf(item), 1) : 1;
};

type Container = unknown[] | Record<string, unknown>;

class Patcher {
  root: unknown;
  #values: number;

  constructor(value: unknown) {
    this.root = structuredClone(value);
    this.#values = countOf(value);
  }

  apply(operation: unknown): PatchFault | undefined {
    if (!isObject(operation) || typeof operation["op"] !== "string" || typeof operation["path"] !== "string") return "malformed";
    const path = parsePointer(operation["path"]);
    if (path === undefined) return "malformed";
    switch (operation["op"]) {
      case "add":
      case "replace":
      case "test": {
        if (!Object.hasOwn(operation, "value")) return "malformed";
        const { value } = operation;
        if (operation["op"] === "add") return this.#add(path, value);
        if (operation["op"] === "replace") return this.#replace(path, value);
        const found = this.#find(path);
        if (found === undefined) return "path";
        return isSame(found.value, value) ? undefined : "test";
      }
      case "remove":
        return this.#remove(path);
      case "move":
      case "copy": {
        const from = typeof operation["from"] === "string" ? parsePointer(operation["from"]) : undefined;
        if (from === undefined) return "malformed";
        return operation["op"] === "move" ? this.#move(from, path) : this.#copy(from, path);
      }
      default:
        return "malformed";
    }
  }

  #find(path: readonly string[]): { readonly value: unknown } | undefined {
    let value = this.root;
    for (const step of path) {
      if (Array.isArray(value)) {
        const index = indexOf(step, value.length, { canAppend: false });
        if (index === undefined) return undefined;
        value = (value as unknown[])[index];
      } else {
        if (!isObject(value) || !Object.hasOwn(value, step)) return undefined;
        value = value[step];
      }
    }
    return { value };
  }

  #parent(path: readonly string[]): Container | undefined {
    const found = this.#find(path.slice(0, -1));
    return found !== undefined && (Array.isArray(found.value) || isObject(found.value)) ? (found.value as Container) : undefined;
  }

  #add(path: readonly string[], value: unknown): PatchFault | undefined {
    this.#values += countOf(value);
    if (this.#values > valuesMax) return "too_large";
    const last = path.at(-1);
    if (last === undefined) {
      this.root = structuredClone(value);
      return undefined;
    }
    const parent = this.#parent(path);
    if (parent === undefined || last === "__proto__") return "path";
    if (!Array.isArray(parent)) {
      parent[last] = structuredClone(value);
      return undefined;
    }
    const index = indexOf(last, parent.length, { canAppend: true });
    if (index === undefined) return "path";
    parent.splice(index, 0, structuredClone(value));
    return undefined;
  }

  #replace(path: readonly string[], value: unknown): PatchFault | undefined {
    if (this.#find(path) === undefined) return "path";
    const parent = path.length === 0 ? undefined : this.#parent(path);
    if (!Array.isArray(parent)) return this.#add(path, value);
    return this.#remove(path) ?? this.#add(path, value);
  }

  #remove(path: readonly string[]): PatchFault | undefined {
    const last = path.at(-1);
    if (last === undefined) {
      this.root = null;
      return undefined;
    }
    if (this.#find(path) === undefined) return "path";
    const parent = this.#parent(path);
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else if (parent !== undefined) delete parent[last];
    return undefined;
  }

  #copy(from: readonly string[], path: readonly string[]): PatchFault | undefined {
    const found = this.#find(from);
    return found === undefined ? "path" : this.#add(path, found.value);
  }

  /** A value cannot be moved into itself (RFC 6902 section 4.4). */
  #move(from: readonly string[], path: readonly string[]): PatchFault | undefined {
    if (from.length < path.length && from.every((step, index) => step === path[index])) return "path";
    const found = this.#find(from);
    if (found === undefined) return "path";
    return this.#remove(from) ?? this.#add(path, found.value);
  }
}

/** Applies a patch document to a copy of `value`. */
export const applyPatch = (value: unknown, document: unknown, options: { readonly operationsMax: number }): Patched => {
  if (!Array.isArray(document) || document.length > options.operationsMax) return { ok: false, fault: "malformed", index: 0 };
  const patcher = new Patcher(value);
  for (const [index, operation] of document.entries()) {
    const fault = patcher.apply(operation);
    if (fault !== undefined) return { ok: false, fault, index };
  }
  return { ok: true, value: patcher.root };
};
