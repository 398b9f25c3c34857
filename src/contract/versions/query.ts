/**
 * Queries on the way in: names in filters, sorting, chosen fields and relations of an older client, as the newer version knows them, over any
 * number of to-one relations. A field that the newer version dropped can be chosen but not filtered or sorted by.
 */
import type { Contract, ResourceContract } from "../contract.ts";
import type { Hops } from "./derive.ts";
import type { OlderField } from "./hop.ts";
import { upValue } from "./input.ts";
import type { Filter, Include, Issue, Query, Translated } from "./wire.ts";

/** Deepest path and deepest nesting of relations looked at; what lies deeper is refused by the newest version's checks. */
const depthMax = 8;

type Path =
  | {
      readonly ok: true;
      readonly path: string;
      readonly entry?: OlderField;
      readonly chooses?: readonly string[];
      readonly dropped?: true;
    }
  | { readonly ok: false; readonly issue: Issue };

interface Step {
  readonly newer: Contract;
  readonly older: Contract;
  readonly hops: Hops;
}

/** The older value is made from the whole row: chosen alone, it needs every field that whoever sees the row may read. */
export const readsRow = (entry: OlderField): boolean => entry.newer === undefined || entry.downs.some((down) => down.length > 1);

const refused = (code: string, field: string): Path => ({ ok: false, issue: { code, params: { field } } });

/** `customer.title` → `owner.name`. A path that neither version knows stays as it is. */
const upPath = (step: Step, resourceName: string, path: string): Path => {
  const segments = path.split(".");
  if (segments.length > depthMax) return { ok: true, path };
  const names: string[] = [];
  let resource: string | undefined = resourceName;
  let last: OlderField | undefined;
  for (const [position, segment] of segments.entries()) {
    const hop = resource === undefined ? undefined : step.hops.get(resource);
    const older: ResourceContract | undefined = resource === undefined ? undefined : step.older.resources.get(resource);
    const newer: ResourceContract | undefined = resource === undefined ? undefined : step.newer.resources.get(resource);
    if (hop === undefined || older === undefined || newer === undefined)
      return { ok: true, path: [...names, ...segments.slice(position)].join(".") };
    last = hop.byOlder.get(segment);
    const known = last !== undefined || older.one.has(segment) || older.many.has(segment);
    if (!known && (newer.fields[segment] !== undefined || newer.one.has(segment))) return refused("unknown_field", path);
    if (last !== undefined && readsRow(last)) {
      const prefix = names.map((name) => `${name}.`).join("");
      const chooses = newer.fieldNames
        .filter((name) => newer.fields[name]?.options.read === undefined)
        .map((name) => prefix + name);
      if (last.newer !== undefined)
        return { ok: true, path: prefix + last.newer, entry: last, chooses: [...chooses, prefix + last.newer] };
      if (position < segments.length - 1) return refused("unknown_field", path);
      return { ok: true, path: prefix + segment, entry: last, chooses, dropped: true };
    }
    names.push(last?.newer ?? segment);
    resource = older.one.get(segment)?.target.name;
  }
  return { ok: true, path: names.join("."), ...(last === undefined ? {} : { entry: last }) };
};

const upFilter = (step: Step, resource: string, filter: Filter, text: boolean): Filter | Issue => {
  const path = upPath(step, resource, filter.path);
  if (!path.ok) return path.issue;
  if (path.dropped) return { code: "unknown_field", params: { field: filter.path } };
  const { entry } = path;
  if (entry === undefined || entry.ups.length === 0 || filter.op === "null") return { ...filter, path: path.path };
  const values: unknown[] = [];
  for (const value of filter.values) {
    const newer = upValue(entry, value, { text, use: "compare" });
    if (!newer.ok) return newer.issues[0]?.[1] ?? { code: "wrong_type" };
    values.push(newer.value);
  }
  return { ...filter, path: path.path, values };
};

const upSort = (step: Step, resource: string, sort: string): string | Issue => {
  const direction = /\.(asc|desc)$/.exec(sort)?.[0] ?? "";
  const path = upPath(step, resource, direction === "" ? sort : sort.slice(0, -direction.length));
  if (!path.ok) return path.issue;
  return path.dropped ? { code: "unknown_field", params: { field: sort } } : path.path + direction;
};

const isIssue = (value: string | object): value is Issue => typeof value === "object" && "code" in value;

/** Collects translated parts, or the issues of those that have no newer form. */
class Collector {
  readonly issues: Record<string, Issue[]> = {};
  wrong = false;

  take<T extends string | object>(as: string, value: T | Issue, into: T[]): void {
    if (!isIssue(value)) {
      into.push(value);
      return;
    }
    this.wrong = true;
    const list = Object.hasOwn(this.issues, as) ? this.issues[as] : undefined;
    if (list === undefined) Object.defineProperty(this.issues, as, { value: [value], enumerable: true });
    else list.push(value);
  }
}

const upIncludes = (
  step: Step,
  resourceName: string,
  includes: readonly Include[],
  collector: Collector,
  depth = 0,
): Include[] => {
  const up: Include[] = [];
  const older = step.older.resources.get(resourceName);
  for (const include of includes) {
    const target = older?.one.get(include.name)?.target ?? older?.many.get(include.name)?.target;
    const path = upPath(step, resourceName, include.name);
    if (!path.ok) {
      collector.take("include", path.issue, up);
      continue;
    }
    const sortBy: string[] = [];
    if (target !== undefined)
      for (const sort of include.sortBy ?? []) collector.take("include", upSort(step, target.name, sort), sortBy);
    up.push({
      ...include,
      name: path.path,
      ...(target === undefined || include.sortBy === undefined ? {} : { sortBy }),
      ...(target === undefined || include.include === undefined || depth >= depthMax
        ? {}
        : { include: upIncludes(step, target.name, include.include, collector, depth + 1) }),
    });
  }
  return up;
};

/** A query in the newer version's words. Keys of the issues are the parameters as the caller wrote them. */
export const upQuery = <Q extends Query>(step: Step, resource: string, query: Q, text: boolean): Translated<Q> => {
  const collector = new Collector();
  const filters: Filter[] = [];
  for (const filter of query.filters ?? []) collector.take(filter.as, upFilter(step, resource, filter, text), filters);
  const sortBy: string[] = [];
  for (const sort of query.sortBy ?? []) collector.take("sortBy", upSort(step, resource, sort), sortBy);
  const fields = new Set<string>();
  for (const field of query.fields ?? []) {
    const path = upPath(step, resource, field);
    if (!path.ok) collector.take("fields", path.issue, []);
    else for (const name of path.chooses ?? [path.path]) fields.add(name);
  }
  const include = query.include === undefined ? undefined : upIncludes(step, resource, query.include, collector);
  if (collector.wrong) return { ok: false, issues: collector.issues };
  return {
    ok: true,
    value: {
      ...query,
      ...(query.filters === undefined ? {} : { filters }),
      ...(query.sortBy === undefined ? {} : { sortBy }),
      ...(query.fields === undefined ? {} : { fields: [...fields] }),
      ...(include === undefined ? {} : { include }),
    },
  };
};
