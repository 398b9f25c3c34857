/** What two answers are compared by. */
import type { Heard } from "./driver.ts";

/** An answer without what differs between two rows: ids, moments, the tag that names were given. */
export const neutral = (heard: Heard, tag: string): unknown => {
  const { outcome, data, page, message, issues, details } = heard;
  const text = JSON.stringify({ outcome, data, page, message, issues, details }, (key, value: unknown) =>
    // null and absent are the same to channels that have no null.
    value === null || key === "nextCursor" ? undefined : typeof value === "bigint" ? String(value) : value,
  );
  return JSON.parse(
    text
      .replaceAll(tag, "(tag)")
      .replaceAll(/\b(?:war|stl)_[0-9A-Za-z]{26}\b/g, "(id)")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(at)"),
  ) as unknown;
};

/** In the order of names: channels have orders of their own. */
export const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
};
