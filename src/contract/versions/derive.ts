/**
 * The contract of an older version: the newer one with the declared changes undone. It has the same operations under the same names, with the
 * fields, inputs, relations and statistics that the older clients know, so that addresses and documents are made from it like from any contract.
 *
 * Not translated: a function's own input and output, measures' values, row rules and the conditions of named filters (they are run, not shown).
 */
import type { Fields } from "../../define/field.ts";
import type { Measure, Statistic } from "../../define/resource.ts";
import type { VersionDefinition } from "../../define/version.ts";
import type { Contract, ManyContract, Operation, ResourceContract } from "../contract.ts";
import { hopOf, type OlderField, type ResourceHop } from "./hop.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Operations whose body is made of the resource's own fields. */
export const takesRow = (operation: Operation): boolean =>
  operation.action === "create" || operation.action === "update" || operation.action === "replace";

const olderName = (hop: ResourceHop, newer: string): string => hop.byNewer.get(newer)?.name ?? newer;

const olderMeasure = (hop: ResourceHop, measure: Measure): Measure =>
  measure.kind === "count" ? measure : { ...measure, field: olderName(hop, measure.field) };

const olderMeasures = (hop: ResourceHop, measures: Readonly<Record<string, Measure>>): Record<string, Measure> =>
  Object.fromEntries(Object.entries(measures).map(([name, measure]) => [name, olderMeasure(hop, measure)]));

/** Grouped by a field that the older version does not have, it still answers that field: a statistic has the same columns in every version. */
const olderStatistic = (hop: ResourceHop, { group, measures, ...rest }: Statistic): Statistic => ({
  ...rest,
  measures: olderMeasures(hop, measures),
  ...(group === undefined
    ? {}
    : { group: group.map((by) => (typeof by === "string" ? olderName(hop, by) : { ...by, by: olderName(hop, by.by) })) }),
});

const olderResource = (newer: ResourceContract, hop: ResourceHop): Mutable<ResourceContract> => {
  const fields: Fields = Object.fromEntries(hop.older.map((entry) => [entry.name, entry.field]));
  const names = (list: readonly string[]): string[] =>
    list.filter((name) => !hop.added.has(name)).map((name) => olderName(hop, name));
  return {
    ...newer,
    fields,
    fieldNames: Object.keys(fields),
    one: new Map(),
    many: new Map(),
    properties: olderMeasures(hop, newer.properties),
    stats: Object.fromEntries(Object.entries(newer.stats).map(([name, statistic]) => [name, olderStatistic(hop, statistic)])),
    sortBy: newer.sortBy.map((sort) => ({ ...sort, path: [olderName(hop, sort.path[0] ?? ""), ...sort.path.slice(1)] })),
    set: {
      created: names(newer.set.created),
      updated: names(newer.set.updated),
      version: names(newer.set.version),
      sequence: names(newer.set.sequence),
    },
    unique: newer.unique.filter((fields) => !fields.some((field) => hop.added.has(field))).map(names),
  };
};

const relate = (
  older: ResourceContract,
  newer: ResourceContract,
  hop: ResourceHop,
  all: ReadonlyMap<string, ResourceContract>,
): void => {
  const one = older.one as Map<string, { by: string; target: ResourceContract }>;
  const many = older.many as Map<string, ManyContract>;
  const same = (resource: ResourceContract): ResourceContract => all.get(resource.name) ?? resource;
  for (const [name, relation] of newer.one) {
    if (hop.added.has(relation.by)) continue;
    one.set(name === relation.by ? olderName(hop, name) : name, {
      by: olderName(hop, relation.by),
      target: same(relation.target),
    });
  }
  for (const [name, relation] of newer.many) {
    many.set(name, {
      ...relation,
      target: same(relation.target),
      ...(relation.through === undefined ? {} : { through: same(relation.through) }),
    });
  }
};

const dropped = (entry: OlderField, operation: Operation): boolean => {
  const { write, set } = entry.field.options;
  return (
    entry.newer === undefined && set === undefined && write !== "never" && (operation.action === "create" || write !== "create")
  );
};

const olderInput = (operation: Operation, hop: ResourceHop): Pick<Operation, "input" | "required"> => {
  const input: Record<string, Fields[string]> = {};
  const required = new Set<string>();
  for (const [name, field] of Object.entries(operation.input)) {
    if (hop.added.has(name)) continue;
    const entry = hop.byNewer.get(name);
    const known = entry?.name ?? name;
    input[known] = entry === undefined || entry.downs.length === 0 ? field : entry.field;
    if (operation.required.has(name)) required.add(known);
  }
  for (const entry of hop.older) if (dropped(entry, operation)) input[entry.name] = entry.field;
  return { input, required };
};

const olderOperation = (operation: Operation, resources: ReadonlyMap<string, ResourceContract>, hops: Hops): Operation => {
  const { resource: newer } = operation;
  const resource = newer === undefined ? undefined : resources.get(newer.name);
  const hop = newer === undefined ? undefined : hops.get(newer.name);
  if (resource === undefined || hop === undefined) return operation;
  return {
    ...operation,
    resource,
    ...(takesRow(operation) ? olderInput(operation, hop) : {}),
    ...(operation.output.kind === "value"
      ? { output: { kind: "value", measure: olderMeasure(hop, operation.output.measure) } }
      : {}),
    ...(operation.output.kind === "stats"
      ? { output: { kind: "stats", statistic: olderStatistic(hop, operation.output.statistic) } }
      : {}),
  };
};

export type Hops = ReadonlyMap<string, ResourceHop>;

/** The contract before `older`'s changes were made, and the step between the two, by resource. */
export const deriveOlder = (newer: Contract, older: VersionDefinition): { readonly contract: Contract; readonly hops: Hops } => {
  const hops = new Map<string, ResourceHop>();
  const resources = new Map<string, Mutable<ResourceContract>>();
  for (const [name, resource] of newer.resources) {
    const hop = hopOf(
      resource.fields,
      older.changes.filter((change) => change.resource === name),
    );
    hops.set(name, hop);
    resources.set(name, olderResource(resource, hop));
  }
  for (const [name, resource] of newer.resources) {
    const hop = hops.get(name);
    const target = resources.get(name);
    if (hop !== undefined && target !== undefined) relate(target, resource, hop, resources);
  }
  const operations = new Map(
    [...newer.operations].map(([name, operation]) => [name, olderOperation(operation, resources, hops)] as const),
  );
  const singletons: Contract["singletons"] = new Map(
    [...newer.singletons].map(([name, single]) => [
      name,
      { ...single, resource: resources.get(single.resource.name) ?? single.resource },
    ]),
  );
  return { contract: { ...newer, version: older.name, resources, operations, singletons }, hops };
};
