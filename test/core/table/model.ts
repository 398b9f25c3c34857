/** What a list has to answer, computed in memory: the meaning of filters and orders, written down a second time and plainly. */
import type { RawFilter } from "../../../src/pipeline/call.ts";
import type { Data } from "../harness.ts";

const codePoints = (text: string): number[] => [...text].map((character) => character.codePointAt(0) ?? 0);

/** A value as text; of a model, so it is a scalar. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const compareText = (a: string, b: string): number => {
  const [x, y] = [codePoints(a), codePoints(b)];
  for (let at = 0; at < Math.min(x.length, y.length); at++) if (x[at] !== y[at]) return (x[at] as number) - (y[at] as number);
  return x.length - y.length;
};

/** Exact: both as whole numbers of the same power of ten. */
const compareNumbers = (a: unknown, b: unknown): number => {
  const fractionOf = (value: unknown): string => String(value).split(".")[1] ?? "";
  const scale = Math.max(fractionOf(a).length, fractionOf(b).length);
  const scaled = (value: unknown): bigint =>
    BigInt(String(value).replace(".", "") + "0".repeat(scale - fractionOf(value).length));
  const [x, y] = [scaled(a), scaled(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

const numeric = new Set(["whole", "money", "decimal"]);

/** Null is smallest. */
export const compareValues = (field: string, a: unknown, b: unknown): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (numeric.has(field)) return compareNumbers(a, b);
  if (typeof a === "boolean") return Number(a) - Number(b);
  return compareText(textOf(a), textOf(b));
};

export const meets = (row: Data, { path, op, values }: RawFilter): boolean => {
  const value = row[path];
  if (op === "null") return (value === null) === (String(values[0]) === "true");
  const isSame = () => values.some((wanted) => value !== null && compareValues(path, value, wanted) === 0);
  if (op === "eq") return isSame();
  if (op === "ne") return !isSame();
  if (value === null) return false;
  const [wanted] = values;
  if (op === "contains") return textOf(value).toLowerCase().includes(textOf(wanted).toLowerCase());
  if (op === "startsWith") return textOf(value).startsWith(textOf(wanted));
  const order = compareValues(path, value, wanted);
  return op === "lt" ? order < 0 : op === "lte" ? order <= 0 : op === "gt" ? order > 0 : order >= 0;
};

export type Sort = readonly (readonly [field: string, direction: "asc" | "desc"])[];

/** The rows that meet all filters, in order; ties by id in the direction of the first field. */
export const listed = (rows: readonly Data[], filters: readonly RawFilter[], sort: Sort): Data[] => {
  const full: Sort = sort.some(([field]) => field === "id") ? sort : [...sort, ["id", sort[0]?.[1] ?? "asc"]];
  return rows
    .filter((row) => filters.every((filter) => meets(row, filter)))
    .toSorted((a, b) => {
      for (const [field, direction] of full) {
        const order = compareValues(field, a[field], b[field]);
        if (order !== 0) return direction === "asc" ? order : -order;
      }
      return 0;
    });
};
