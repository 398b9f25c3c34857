/** Fields under other names, as a policy of transformation gives them: outside → inside in bodies and queries, inside → outside in answers. */
import type { Operation } from "../../contract/contract.ts";
import type { RawQuery } from "../../pipeline/call.ts";

type Renamed = ReadonlyMap<string, string>;

const inside = new WeakMap<Renamed, ReadonlyMap<string, string>>();

const inverse = (renamed: Renamed): ReadonlyMap<string, string> => {
  let found = inside.get(renamed);
  if (found === undefined) inside.set(renamed, (found = new Map([...renamed].map(([field, name]) => [name, field]))));
  return found;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A row with names replaced; a name that has another one is not known by its own. */
const withNames = (row: Record<string, unknown>, names: ReadonlyMap<string, string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [names.get(name) ?? name, value]));

export const renamedBody = (body: unknown, renamed: Renamed): unknown => {
  if (!isRecord(body)) return body;
  const names = inverse(renamed);
  // The inner name of a renamed field is nobody's: it stays, and is refused as unknown where it is not also an outer one.
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [names.get(name) ?? (renamed.has(name) ? `${name} (renamed)` : name), value]),
  );
};

const renamedPath = (path: string, names: ReadonlyMap<string, string>): string => {
  const [first = "", ...rest] = path.split(".");
  return [names.get(first) ?? first, ...rest].join(".");
};

export const renamedQuery = (query: RawQuery, renamed: Renamed): RawQuery => {
  const names = inverse(renamed);
  const { filters, sortBy, fields } = query;
  return {
    ...query,
    ...(filters === undefined
      ? {}
      : { filters: filters.map((filter) => ({ ...filter, path: renamedPath(filter.path, names) })) }),
    ...(sortBy === undefined ? {} : { sortBy: sortBy.map((part) => renamedPath(part, names)) }),
    ...(fields === undefined ? {} : { fields: fields.map((field) => renamedPath(field, names)) }),
  };
};

/** Rows of the operation's resource; what else is answered stays as it is. */
export const renamedAnswer = (data: unknown, renamed: Renamed, { output }: Operation): unknown => {
  if (output.kind === "row") return isRecord(data) ? withNames(data, renamed) : data;
  if (output.kind === "rows" && Array.isArray(data))
    return data.map((row: unknown) => (isRecord(row) ? withNames(row, renamed) : row));
  return data;
};
