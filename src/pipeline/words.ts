/**
 * Names that a policy gives to fields in place of the definition's: outside → inside in bodies and queries, inside → outside in rows and refusals. A field
 * that has another name is not known by its own.
 *
 *   const words = wordsOf(operation, new Map([["goods", new Map([["title", "label"]])]]));
 *   words.body({ label: "Pen" })      →  { title: "Pen" }
 *   words.data({ title: "Pen" })      →  { label: "Pen" }      also in included rows
 */
import type { Operation, ResourceContract } from "../contract/contract.ts";
import type { RawInclude, RawQuery } from "./call.ts";
import type { Issue, Refusal } from "./refusal.ts";

type Renamed = ReadonlyMap<string, string>;

/** Resource → field → the name it has outside. Of one service; plain data, which travels between nodes. */
export type Names = ReadonlyMap<string, Renamed>;

export interface Words {
  readonly names: Names;
  body(body: unknown): unknown;
  query(query: RawQuery): RawQuery;
  /** What the operation answers: a row, rows, or something without rows. */
  data(data: unknown): unknown;
  /** A row of the operation's resource. */
  row(row: unknown): unknown;
  refusal(refusal: Refusal): Refusal;
}

const none: Renamed = new Map();
/** Stands behind the name of a field that is not known by it. No field can be called so. */
const unknown = " (renamed)";

const inverses = new WeakMap<Renamed, Renamed>();
const inverseOf = (renamed: Renamed): Renamed => {
  let found = inverses.get(renamed);
  if (found === undefined) inverses.set(renamed, (found = new Map([...renamed].map(([field, name]) => [name, field]))));
  return found;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const insideName = (name: string, renamed: Renamed): string =>
  inverseOf(renamed).get(name) ?? (renamed.has(name) ? `${name}${unknown}` : name);

const relatedTo = (resource: ResourceContract, name: string): ResourceContract | undefined =>
  (resource.one.get(name) ?? resource.many.get(name))?.target;

const outsideRow = (row: Record<string, unknown>, resource: ResourceContract, names: Names): Record<string, unknown> => {
  const renamed = names.get(resource.name) ?? none;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const target = typeof value === "object" && value !== null ? relatedTo(resource, name) : undefined;
      return [renamed.get(name) ?? name, target === undefined ? value : outsideRows(value, target, names)];
    }),
  );
};

/** A row, or a list of them. */
const outsideRows = (value: unknown, resource: ResourceContract, names: Names): unknown => {
  if (Array.isArray(value)) return value.map((row: unknown) => (isRecord(row) ? outsideRow(row, resource, names) : row));
  return isRecord(value) ? outsideRow(value, resource, names) : value;
};

/** `seller.company` → `seller.name`; what follows a field, as in `label.desc`, stays. */
const insidePath = (path: string, resource: ResourceContract, names: Names): string => {
  const dot = path.indexOf(".");
  const name = insideName(dot === -1 ? path : path.slice(0, dot), names.get(resource.name) ?? none);
  if (dot === -1) return name;
  const rest = path.slice(dot + 1);
  const target = relatedTo(resource, name);
  return `${name}.${target === undefined ? rest : insidePath(rest, target, names)}`;
};

const insideInclude = (include: RawInclude, resource: ResourceContract, names: Names): RawInclude => {
  const name = insideName(include.name, names.get(resource.name) ?? none);
  const target = relatedTo(resource, name);
  if (target === undefined) return { ...include, name };
  const { sortBy, include: deeper } = include;
  return {
    ...include,
    name,
    ...(sortBy === undefined ? {} : { sortBy: sortBy.map((part) => insidePath(part, target, names)) }),
    ...(deeper === undefined ? {} : { include: deeper.map((one) => insideInclude(one, target, names)) }),
  };
};

const insideQuery = (query: RawQuery, resource: ResourceContract, names: Names): RawQuery => {
  const { filters, sortBy, fields, include } = query;
  const inside = (path: string): string => insidePath(path, resource, names);
  return {
    ...query,
    ...(filters === undefined ? {} : { filters: filters.map((filter) => ({ ...filter, path: inside(filter.path) })) }),
    ...(sortBy === undefined ? {} : { sortBy: sortBy.map(inside) }),
    ...(fields === undefined ? {} : { fields: fields.map(inside) }),
    ...(include === undefined ? {} : { include: include.map((one) => insideInclude(one, resource, names)) }),
  };
};

/** A path as the caller writes it, for refusals. */
const outsidePath = (path: string, resource: ResourceContract, names: Names): string => {
  const dot = path.indexOf(".");
  const name = dot === -1 ? path : path.slice(0, dot);
  const told = name.endsWith(unknown) ? name.slice(0, -unknown.length) : (names.get(resource.name)?.get(name) ?? name);
  if (dot === -1) return told;
  const rest = path.slice(dot + 1);
  const target = relatedTo(resource, name);
  return `${told}.${target === undefined ? rest : outsidePath(rest, target, names)}`;
};

/** Names of fields that a refusal's details carry under these keys. */
const detailKeys = ["field", "fields"] as const;

const outsideRefusal = (refusal: Refusal, resource: ResourceContract, names: Names): Refusal => {
  const { issues, details } = refusal;
  const outside = (value: unknown): unknown => {
    if (typeof value === "string") return outsidePath(value, resource, names);
    return Array.isArray(value) ? value.map(outside) : value;
  };
  const outsideIssue = (issue: Issue): Issue => {
    const field = issue.params?.["field"];
    return typeof field === "string"
      ? { ...issue, params: { ...issue.params, field: outsidePath(field, resource, names) } }
      : issue;
  };
  const changed = { ...details };
  for (const key of detailKeys) if (changed[key] !== undefined) changed[key] = outside(changed[key]);
  const entries = Object.entries(issues ?? {}).map(
    ([name, found]) => [outsidePath(name, resource, names), found.map(outsideIssue)] as const,
  );
  return {
    ...refusal,
    ...(issues === undefined ? {} : { issues: Object.fromEntries(entries) }),
    ...(details === undefined ? {} : { details: changed }),
  };
};

/** Whose bodies are rows; the input of a function has fields of its own. */
const rowActions: ReadonlySet<string> = new Set(["create", "update", "replace"]);

/** The words for an operation's calls; undefined where no names concern it. */
export const wordsOf = ({ resource, output, action }: Operation, names: Names): Words | undefined => {
  if (resource === undefined || names.size === 0) return undefined;
  const renamed = names.get(resource.name) ?? none;
  const row = (value: unknown): unknown => outsideRows(value, resource, names);
  return {
    names,
    row,
    body: (body) =>
      isRecord(body) && rowActions.has(action)
        ? Object.fromEntries(Object.entries(body).map(([name, value]) => [insideName(name, renamed), value]))
        : body,
    query: (query) => insideQuery(query, resource, names),
    data: (data) => (output.kind === "row" || output.kind === "rows" ? row(data) : data),
    refusal: (refusal) => (action === "function" ? refusal : outsideRefusal(refusal, resource, names)),
  };
};
