/** A table as CSV (RFC 4180) that a spreadsheet takes for what it is: a text that it would take for a formula is led by an apostrophe. */

/** What spreadsheets begin a formula with, also behind white space. */
const formula = /^\s*[=+\-@\t\r\n|%]/;
const special = /[",\r\n]/;

const cellOf = (value: string | number | bigint | null): string => {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = formula.test(value) ? `'${value}` : value;
  return special.test(safe) || safe !== value ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** `names`: of the columns, which are the rows' fields. */
export const csvOf = (
  names: readonly string[],
  rows: readonly Readonly<Record<string, string | number | bigint | null | undefined>>[],
): string =>
  [names.map(cellOf), ...rows.map((row) => names.map((name) => cellOf(row[name] ?? null)))]
    .map((cells) => `${cells.join(",")}\r\n`)
    .join("");
