/**
 * The contract in the form the lock keeps: plain JSON, everything a client can notice and nothing else, in an order that does not depend on how
 * the definition was written. One entry per operation and per field, so that a change shows as one changed line.
 */
import type { Field, Fields } from "../../define/field.ts";
import type { Measure } from "../../define/resource.ts";
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import { addressesOf } from "../openapi/addresses.ts";
import { versionViews } from "../versions.ts";
import { type LockedMethod, type LockedSoap, lockSoap } from "./soap.ts";

/** Kind and what bounds, hides or protects it. Nested fields of objects and items of arrays stand inside. */
export interface LockedField {
  readonly kind: string;
  readonly [option: string]: unknown;
}

export type LockedFields = Readonly<Record<string, LockedField>>;

export interface LockedOperation {
  readonly roles: readonly string[];
  readonly addresses: readonly string[];
  readonly input?: LockedFields;
  readonly required?: readonly string[];
  /** `row`, `rows`, `none`, `count`, a measure, or the fields of the answer. */
  readonly output: string | LockedFields;
  /** Own refusals: type → status. */
  readonly refusals?: Readonly<Record<string, number>>;
  /** Over SOAP; absent: not offered there. */
  readonly soap?: LockedMethod;
}

export interface LockedResource {
  readonly fields: LockedFields;
  /** Relation → resource, with how many. */
  readonly relations?: Readonly<Record<string, string>>;
  readonly filters?: Readonly<Record<string, LockedFields>>;
  readonly events?: Readonly<Record<string, LockedFields>>;
  readonly list: { readonly perPage: number; readonly maxPerPage: number; readonly sortBy: string };
}

/** One version as its clients see it. */
export interface LockedVersion {
  readonly deprecated?: string;
  readonly sunset?: string;
  /** The service over SOAP; absent: the lock is from before it held this. */
  readonly soap?: LockedSoap;
  readonly resources: Readonly<Record<string, LockedResource>>;
  readonly operations: Readonly<Record<string, LockedOperation>>;
}

const sorted = <T>(entries: Iterable<readonly [string, T]>): Record<string, T> =>
  Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Options that only the documents show, or that only the store keeps. */
const unseen = new Set(["doc", "example", "index", "currency", "client"]);

const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? value.toBase64() : value;
};

const lockField = (field: Field): LockedField => {
  const options = Object.entries(field.options).filter(
    ([name, value]) => !unseen.has(name) && value !== undefined && (value !== false || name === "default"),
  );
  const open = field.options.filter === false ? [["filter", false] as const] : [];
  return {
    kind: field.kind,
    ...(field.prefix === undefined ? {} : { prefix: field.prefix }),
    ...(field.target === undefined ? {} : { target: field.target }),
    ...(field.values === undefined ? {} : { values: [...field.values] }),
    ...sorted([...options, ...open].map(([name, value]) => [name, plain(value)] as const)),
    ...(field.fields === undefined ? {} : { fields: lockFields(field.fields) }),
    ...(field.item === undefined ? {} : { item: lockField(field.item) }),
  };
};

/** Fields in alphabetic order: the order in a definition is no promise. */
export const lockFields = (fields: Fields): LockedFields =>
  sorted(Object.entries(fields).map(([name, field]) => [name, lockField(field)] as const));

/** An input does not hide: who may read, mask and filter a field is said once, with the resource. */
const lockInput = (fields: Fields): LockedFields =>
  sorted(
    Object.entries(lockFields(fields)).map(
      ([name, { read: _read, mask: _mask, filter: _filter, unique: _unique, ...rest }]) => [name, rest] as const,
    ),
  );

const measureText = (measure: Measure): string => (measure.kind === "count" ? "count" : `${measure.kind} ${measure.field}`);

const lockOutput = ({ output }: Operation): string | LockedFields => {
  switch (output.kind) {
    case "fields":
      return lockFields(output.fields);
    case "value":
      return measureText(output.measure);
    case "stats": {
      const groups = (output.statistic.group ?? []).map((group) =>
        typeof group === "string" ? group : `${group.by} by ${group.part}`,
      );
      const measures = Object.entries(output.statistic.measures).map(([name, measure]) => `${name}: ${measureText(measure)}`);
      return [...measures.toSorted(), ...(groups.length === 0 ? [] : [`group: ${groups.join(", ")}`])].join("; ");
    }
    case "document":
      return `document ${[...output.mediaTypes].toSorted().join(", ")}`;
    default:
      return output.kind;
  }
};

const lockOperation = (operation: Operation, addresses: readonly string[], soap: LockedMethod | undefined): LockedOperation => {
  const { input, required, refusals } = operation;
  return {
    roles: [...operation.roles].toSorted(),
    addresses: [...addresses].toSorted(),
    ...(Object.keys(input).length === 0 ? {} : { input: lockInput(input) }),
    ...(required.size === 0 ? {} : { required: [...required].toSorted() }),
    output: lockOutput(operation),
    ...(Object.keys(refusals).length === 0
      ? {}
      : { refusals: sorted(Object.entries(refusals).map(([type, { status }]) => [type, status] as const)) }),
    ...(soap === undefined ? {} : { soap }),
  };
};

const lockResource = (resource: ResourceContract): LockedResource => {
  const relations = [
    ...[...resource.one].map(([name, { target }]) => [name, `one ${target.name}`] as const),
    ...[...resource.many].map(([name, { target, relation }]) => [name, `${relation.kind} ${target.name}`] as const),
  ];
  const filters = Object.entries(resource.filters).map(([name, { params }]) => [name, lockFields(params)] as const);
  const events = Object.entries(resource.events).map(([name, { data }]) => [name, lockFields(data)] as const);
  return {
    fields: lockFields(resource.fields),
    ...(relations.length === 0 ? {} : { relations: sorted(relations) }),
    ...(filters.length === 0 ? {} : { filters: sorted(filters) }),
    ...(events.length === 0 ? {} : { events: sorted(events) }),
    list: {
      perPage: resource.perPage,
      maxPerPage: resource.maxPerPage,
      sortBy: resource.sortBy.map(({ path, direction }) => `${path.join(".")}.${direction}`).join(",") || "id.asc",
    },
  };
};

const lockVersion = (contract: Contract, newest: Contract): LockedVersion => {
  const soap = lockSoap(contract, newest);
  const addresses = new Map<string, string[]>();
  for (const { operation, then, method, path } of addressesOf(contract)) {
    const name = (then ?? operation)?.name;
    if (name === undefined) continue;
    const list = addresses.get(name) ?? [];
    list.push(`${method} ${path}`);
    addresses.set(name, list);
  }
  const operations = [...contract.operations.values()];
  const used = new Set(operations.map(({ resource }) => resource?.name));
  return {
    soap: soap.service,
    resources: sorted(
      [...contract.resources]
        .filter(([name]) => used.has(name))
        .map(([name, resource]) => [name, lockResource(resource)] as const),
    ),
    operations: sorted(
      operations.map(
        (operation) =>
          [
            operation.name,
            lockOperation(operation, addresses.get(operation.name) ?? [], soap.methods.get(operation.name)),
          ] as const,
      ),
    ),
  };
};

/** Every version of a contract, newest first. Resources on which no operation is (internal ones) are left out. */
export const lockVersions = (contract: Contract): Record<string, LockedVersion> =>
  Object.fromEntries(
    [...versionViews(contract)].map(([name, { contract: own, definition }]) => [
      name,
      {
        ...(definition?.deprecated === undefined ? {} : { deprecated: definition.deprecated }),
        ...(definition?.sunset === undefined ? {} : { sunset: definition.sunset }),
        ...lockVersion(own, contract),
      },
    ]),
  );
