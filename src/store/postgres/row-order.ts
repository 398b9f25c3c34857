/** Whether rows as the driver gives them are in an order: texts by code point (collation "C"), numbers, instants. */
import type { ColumnOrder } from "./batch.ts";

/** Both in the middle of a text: units of a surrogate pair stand for code points beyond all others. */
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/** JavaScript compares by UTF-16 units. They tell the order of code points but where one of the two is a surrogate. */
const isTextBefore = (a: string, b: string): boolean => {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length < b.length;
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
  return isHigh(x) === isHigh(y) ? x < y : isHigh(y);
};

const isBefore = (a: unknown, b: unknown): boolean =>
  typeof a === "string" && typeof b === "string"
    ? isTextBefore(a, b)
    : (a as number | bigint | Date) < (b as number | bigint | Date);

/** Equal as values: two instants are two objects. */
const isSame = (a: unknown, b: unknown): boolean =>
  a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;

/** Compiles the question whether `row` may come next to `before`. `skip`: values of a row that are no columns. */
export const followsBy = (
  order: readonly ColumnOrder[],
  skip: number,
): ((row: readonly unknown[], before: readonly unknown[]) => boolean) => {
  const steps = order.map(({ index, direction }) => ({ at: index + skip, isAscending: direction === "asc" }));
  return (row, before) => {
    for (const { at, isAscending } of steps) {
      const [value, last] = [row[at], before[at]];
      if (isSame(value, last)) continue;
      return isAscending ? isBefore(last, value) : isBefore(value, last);
    }
    return true;
  };
};
