/** Whether two contents are the same: null and absent are one, numbers are compared as numbers. */

/** A text that is the same for the same content, whatever the order of its members. */
const canonical = (value: unknown): string => {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
    return `{${members
      .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
      .toSorted()
      .join(",")}}`;
  }
  return typeof value === "bigint" || typeof value === "number" ? String(value) : JSON.stringify(value);
};

/** Whether `row` has all that `input` says. */
export const hasContent = (row: Readonly<Record<string, unknown>>, input: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(input).every(([name, value]) => canonical(row[name]) === canonical(value));
