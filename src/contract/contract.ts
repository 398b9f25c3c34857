/**
 * The contract: a compiled service. A flat map of operations, and what they need, from which every channel, document and client is derived.
 * Nothing in it is written per resource by hand, and nothing in it changes after `compile`.
 */
import type { Condition } from "../define/expression.ts";
import type { Field, Fields } from "../define/field.ts";
import type { DueDefinition, FunctionDefinition, RefusalSpecs } from "../define/function.ts";
import type { EventDefinition, Measure, NamedFilter, Relation, RowRule, Statistic } from "../define/resource.ts";
import type { Messages, ServiceDefinition } from "../define/service.ts";
import type { VersionDefinition } from "../define/version.ts";
import type { Table } from "../store/table.ts";
import type { JobContract } from "./jobs.ts";

/** What an operation does; `function` covers commands and queries of the definition. */
export type Action = "list" | "get" | "create" | "update" | "replace" | "delete" | "count" | "property" | "stats" | "function";

/** What it is done to: one row by id, the collection, nothing (free-standing), the caller's own row. */
export type Target = "item" | "collection" | "free" | "singleton";

export interface Operation {
  /** Unique in the contract: `accounts.list`, `accounts.freeze`, `accounts.stats.byCurrency`, `quoteFee`, `profile.get`. */
  readonly name: string;
  readonly service: string;
  readonly action: Action;
  readonly target: Target;
  /** Commands change state and run in the writer; queries read. */
  readonly kind: "query" | "command";
  readonly doc: string;
  readonly roles: ReadonlySet<string>;
  /** Absent for free functions. */
  readonly resource?: ResourceContract;
  /** Last part of the name: the function, statistic or collection property. */
  readonly member?: string;
  /** Fields of the input's body, by action: writable fields on create, update and replace; a function's input. */
  readonly input: Fields;
  /** Which of `input` must be given. */
  readonly required: ReadonlySet<string>;
  /** What `data` holds in the answer. */
  readonly output:
    | { readonly kind: "row" | "rows" | "none" | "count" }
    | { readonly kind: "fields"; readonly fields: Fields }
    | { readonly kind: "document"; readonly mediaTypes: readonly string[] }
    | { readonly kind: "value"; readonly measure: Measure }
    | { readonly kind: "stats"; readonly statistic: Statistic };
  /** Refusals of its own, beside the ones every operation has. */
  readonly refusals: RefusalSpecs;
  readonly function?: FunctionDefinition;
  /** Singletons: fixed to the caller's row. */
  readonly singleton?: string;
  /** Units that a call counts. */
  readonly cost: number;
  /** A person has to have shown a second factor lately. */
  readonly stepUp: boolean;
  /** Whose the rows of its service are. */
  readonly rowsOf: "environment" | "tenant";
  /** The service's roles that may act for others, and as which role. */
  readonly actFor: Readonly<Record<string, string>>;
}

export interface ResourceContract {
  readonly name: string;
  readonly singular: string;
  readonly doc: string;
  readonly fields: Fields;
  readonly fieldNames: readonly string[];
  readonly table: Table;
  readonly rows: Readonly<Record<string, RowRule>>;
  /** To-one relations by name (every reference field is one), with the resource they lead to. */
  readonly one: ReadonlyMap<string, { readonly by: string; readonly target: ResourceContract }>;
  /** To-many relations by name. */
  readonly many: ReadonlyMap<string, ManyContract>;
  readonly filters: Readonly<Record<string, NamedFilter>>;
  readonly stats: Readonly<Record<string, Statistic>>;
  readonly properties: Readonly<Record<string, Measure>>;
  readonly perPage: number;
  readonly maxPerPage: number;
  readonly sortBy: readonly { readonly path: readonly string[]; readonly direction: "asc" | "desc" }[];
  readonly appendOnly: boolean;
  /** Field that stores the id; always `id`. */
  readonly prefix: string;
  /** Fields the writer sets. */
  readonly set: {
    readonly created: readonly string[];
    readonly updated: readonly string[];
    readonly version: readonly string[];
    readonly sequence: readonly string[];
  };
  readonly unique: readonly (readonly string[])[];
  readonly events: Readonly<Record<string, EventDefinition>>;
  /** Event → the field of its data that refers to the row it is about: the first one to a row of this resource. */
  readonly eventSubjects: ReadonlyMap<string, string>;
  readonly due?: DueDefinition;
  /** The definition it was compiled from: how a handler names it. */
  readonly definition: object;
}

export interface ManyContract {
  readonly relation: Exclude<Relation, { kind: "one" }>;
  readonly target: ResourceContract;
  /** For manyToMany: the resource of pairs. */
  readonly through?: ResourceContract;
}

export interface Contract {
  readonly service: string;
  readonly title: string;
  readonly doc: string;
  /** The newest version, which this contract is. */
  readonly version: string;
  readonly older: readonly VersionDefinition[];
  readonly roles: Readonly<Record<string, string>>;
  readonly resources: ReadonlyMap<string, ResourceContract>;
  readonly operations: ReadonlyMap<string, Operation>;
  /** Listening to events; in no table of addresses: channels that stream offer it. Its roles are those that see rows of a resource with events. */
  readonly events: Operation;
  readonly jobs: ReadonlyMap<string, JobContract>;
  /** Singleton name → its operations' resource. */
  readonly singletons: ReadonlyMap<string, { readonly name: string; readonly doc: string; readonly resource: ResourceContract }>;
  readonly tables: readonly Table[];
  readonly messages: Messages;
  readonly definition: ServiceDefinition;
}

/** The condition under which `roles` see rows: `"all"`, a condition, or `"none"`. Several roles see the union. */
export const rowRuleOf = (resource: ResourceContract, roles: readonly string[]): "all" | "none" | Condition => {
  const rules: Condition[] = [];
  for (const role of roles) {
    const rule = resource.rows[role];
    if (rule === "all") return "all";
    if (rule !== undefined) rules.push(rule);
  }
  if (rules.length === 0) return "none";
  return rules.length === 1 ? (rules[0] as Condition) : { op: "or", of: rules };
};

export type { Field };
