/**
 * A resource: a collection of rows of one kind, and everything that may be done with them.
 *
 * Two parts, so that the second is typed by the first: the fields, then the behaviour written with the typed tools it is handed.
 *
 *   export const accounts = resource("accounts", {
 *     doc: "Money held for one customer in one currency.",
 *     fields: { id: t.id("acc"), customer: t.ref("customers"), balance: t.money({ write: "never" }) },
 *   }, ({ own, all, filter, command }) => ({
 *     rows: { customer: own("customer"), teller: all },
 *     access: { create: ["teller"], update: ["teller"] },
 *     filters: { overdrawn: filter(({ balance }) => lt(balance, 0n)) },
 *     functions: { freeze: command({ on: "item", roles: ["teller"], input: { reason: t.string() }, run: (ctx, { row }) => … }) },
 *   }));
 *
 * An operation exists only if a role may call it: reading follows `rows`, writing follows `access`. There is no default that opens anything.
 */
import type { Condition, Operand, Value } from "./expression.ts";
import type { Field, Fields, FieldValue, RowOf } from "./field.ts";
import type {
  CommandContext,
  CommandSpec,
  DueDefinition,
  DueSpec,
  FunctionDefinition,
  FunctionTarget,
  QuerySpec,
  RefusalSpecs,
} from "./function.ts";

/** Typed stand-ins for the row's fields. */
export type Operands<F extends Fields> = { readonly [K in keyof F]: Operand<FieldValue<F[K]>> };

/** The caller, as far as a row rule may ask. `subject` is the row the login stands for, such as a customer's id. */
export interface Caller {
  readonly subject: Operand<string>;
  readonly app: Operand<string>;
  readonly user: Operand<string>;
}

/** Which rows a role sees: all, or those that meet a condition. */
export type RowRule = "all" | Condition;

export interface NamedFilter {
  readonly params: Fields;
  readonly where: Condition;
  readonly doc?: string;
}

export type Measure =
  { readonly kind: "count" } | { readonly kind: "sum" | "avg" | "min" | "max" | "countDistinct"; readonly field: string };

/** Read-only aggregates. A `series` groups by a part of a date. */
export interface Statistic {
  readonly doc?: string;
  /** Fields to group by, or a date's part: `{ by: "createdAt", part: "day" }`. Absent: one row over everything. */
  readonly group?: readonly (string | { readonly by: string; readonly part: "hour" | "day" | "month" | "year" })[];
  readonly measures: Readonly<Record<string, Measure>>;
  /** Roles that may ask; the row rules hold as well. Absent: everyone who may read rows. */
  readonly roles?: readonly string[];
}

/** Rows of another resource that belong to this row. */
export type Relation =
  | { readonly kind: "one"; readonly target: string; readonly by: string }
  | { readonly kind: "many"; readonly target: string; readonly by: readonly string[] }
  | {
      readonly kind: "manyToMany";
      readonly target: string;
      readonly through: string;
      readonly from: string;
      readonly to: string;
    };

export interface EventDefinition {
  readonly doc?: string;
  /** The writer emits it when a row is created, changed or deleted, whatever did it; its data are then fields of the row. Absent: `ctx.emit` does. */
  readonly on?: "create" | "update" | "delete";
  readonly data: Fields;
}

/** A guard, its types forgotten. */
export type Guard = (ctx: never, call: never) => unknown;

/** Roles per kind of change. What is left out does not exist. */
export interface Access {
  readonly create?: readonly string[];
  readonly update?: readonly string[];
  /** PUT: the whole row; defaults to `update`. An empty list: none. */
  readonly replace?: readonly string[];
  readonly delete?: readonly string[];
}

/** A row that a commit is about to change: as it was and as it will be; `undefined`: not there. */
export interface RowChange<R> {
  readonly before: R | undefined;
  readonly after: R | undefined;
}

/** An invariant, its types forgotten. */
export type Invariant = (changes: readonly RowChange<never>[]) => string | undefined;

/**
 * What the installation's directory tells of a row: a value under a kind and a name, the name unique within the kind for all tenants together. The
 * control plane publishes what every node must know to judge a call (keys, apps, plans); nodes hear of a change within a second.
 */
export interface DirectoryEntry {
  readonly kind: string;
  readonly name: string;
  readonly value: Readonly<Record<string, Value>>;
}

/** Makes an entry of the directory. */
export const entry = (kind: string, name: string, value: Readonly<Record<string, Value>>): DirectoryEntry => ({
  kind,
  name,
  value,
});

/** A directory rule, its types forgotten. */
export type DirectoryRule = (row: never) => readonly DirectoryEntry[];

export interface Behaviour {
  readonly rows: Readonly<Record<string, RowRule>>;
  readonly access?: Access;
  readonly relations?: Readonly<Record<string, Relation>>;
  readonly filters?: Readonly<Record<string, NamedFilter>>;
  readonly stats?: Readonly<Record<string, Statistic>>;
  /** Properties of the whole collection: `GET /accounts/totalBalance`. `count` is always there. */
  readonly properties?: Readonly<Record<string, Measure>>;
  readonly functions?: Readonly<Record<string, FunctionDefinition>>;
  /** Replaces the plain insert by code: the create of `transfers` posts to the ledger. */
  readonly create?: FunctionDefinition;
  /** Refusals of guards, with status and meaning. */
  readonly refusals?: RefusalSpecs;
  /** Asked before a plain update, replace or delete of a row, inside the writer; a refusal stops it. `replace` defaults to `update`. */
  readonly guard?: { readonly update?: Guard; readonly replace?: Guard; readonly delete?: Guard };
  readonly events?: Readonly<Record<string, EventDefinition>>;
  /** Further indexes, each a list of fields; `unique` refuses doubles. */
  readonly indexes?: readonly (readonly string[] | { readonly fields: readonly string[]; readonly unique: true })[];
  /** Rows are never updated nor deleted; triggers guard it. */
  readonly appendOnly?: boolean;
  /** A small table, at most 1,000 rows: the writer keeps it in memory, and commands see all of it without waiting (`ctx.table(x).all()`). */
  readonly inMemory?: boolean;
  /**
   * What must hold of the rows that a commit changes, taken together, such as that they add up. It is asked before every commit, with all changed rows
   * of an environment. What it finds is a mistake of the code, not of a caller: nothing of it is committed, the log tells, and the environment takes no
   * more changes until the process is started anew.
   */
  readonly invariant?: Invariant;
  /** Work that a row asks for at a moment it names. */
  readonly due?: DueDefinition;
  /** What the directory tells of each row; kept in the same commit. A name that is taken refuses the change (`already_exists`). */
  readonly directory?: DirectoryRule;
  /**
   * Rows that the installation itself keeps, in the table of that name (`pons_usage`), for functions to read (`ctx.table`): nobody calls for them, and no
   * command changes them. The fields are columns of that table, any of them, and `id`.
   */
  readonly records?: string;
  /** Default and greatest page: 20 and 100. */
  readonly perPage?: number;
  readonly maxPerPage?: number;
  /** Default order, as in `sortBy`; by id when absent. */
  readonly sortBy?: string;
}

/** Tools handed to the second part of a definition, typed by the fields. */
export interface ResourceTools<F extends Fields> {
  /** The resource being defined: `ctx.table(self)`. */
  readonly self: ResourceDefinition<string, F>;
  /** Every row. */
  readonly all: "all";
  /** Rows whose field holds the caller's subject. */
  own(field: keyof F & string): Condition;
  /** Rows that meet a condition on the row and the caller. */
  rows(where: (row: Operands<F>, caller: Caller) => Condition): Condition;
  filter(where: (row: Operands<F>) => Condition): NamedFilter;
  filter<const P extends Fields>(params: P, where: (row: Operands<F>, params: Operands<P>) => Condition): NamedFilter;
  count(): Measure;
  sum(field: keyof F & string): Measure;
  avg(field: keyof F & string): Measure;
  min(field: keyof F & string): Measure;
  max(field: keyof F & string): Measure;
  countDistinct(field: keyof F & string): Measure;
  /** One row of `target`, by a reference field of this resource. Every `ref` field is such a relation by itself. */
  one(target: string, by: keyof F & string): Relation;
  /** Rows of `target` whose reference `by` (or any of several) points here. */
  many(target: string, options?: { readonly by: string | readonly string[] }): Relation;
  /** Rows of `target` over a resource of pairs. */
  manyToMany(target: string, options: { readonly through: string; readonly from: string; readonly to: string }): Relation;
  /** A check before a plain change of a row: `guard: { delete: guard((ctx, { row }) => row.balance === 0n ? undefined : ctx.refuse("not_empty")) }`. */
  guard(check: (ctx: CommandContext, call: { readonly row: RowOf<F>; readonly changes: Partial<RowOf<F>> }) => unknown): Guard;
  /** What must hold of the rows a commit changes: `invariant: invariant((changes) => …)`. A text says what does not. */
  invariant(check: (changes: readonly RowChange<RowOf<F>>[]) => string | undefined): Invariant;
  /** A function that changes state. `on: "item"`: its row is loaded, locked and checked against the row rule. */
  command<const On extends FunctionTarget, const I extends Fields = {}, L = {}, M = {}, P = undefined>(
    spec: CommandSpec<F, On, I, L, M, P>,
  ): FunctionDefinition;
  /** What the whole installation finds of a row without knowing whose it is: `directory: directory((row) => [entry("app", row.id, { … })])`. */
  directory(entries: (row: RowOf<F>) => readonly DirectoryEntry[]): DirectoryRule;
  /** Work that is due at a moment the row names: `due: due({ doc: "Releases the hold.", at: "expiresAt", run: (ctx, { row }) => … })`. */
  due<L = {}>(spec: DueSpec<F, L>): DueDefinition;
  /** A function that only reads. */
  query<const On extends FunctionTarget, const I extends Fields = {}>(spec: QuerySpec<F, On, I>): FunctionDefinition;
}

export interface ResourceDefinition<N extends string = string, F extends Fields = Fields> {
  readonly kind: "resource";
  readonly name: N;
  readonly doc: string;
  /** `account` for `accounts`: names of types in the documents. */
  readonly singular: string;
  readonly fields: F;
  readonly behaviour: Behaviour;
}

/** The row type of a resource: `type Account = Row<typeof accounts>`. */
export type Row<R> = R extends ResourceDefinition<string, infer F> ? RowOf<F> : never;

const operandsOf = (names: readonly string[]): Record<string, Operand<unknown>> =>
  Object.fromEntries(names.map((name) => [name, { field: [name] }]));

const paramsOf = (params: Fields): Record<string, Operand<unknown>> =>
  Object.fromEntries(Object.keys(params).map((name) => [name, { param: name }]));

const caller: Caller = { subject: { principal: "subject" }, app: { principal: "app" }, user: { principal: "user" } };

const singularOf = (plural: string): string =>
  plural.endsWith("ies") ? `${plural.slice(0, -3)}y` : plural.endsWith("sses") ? plural.slice(0, -2) : plural.replace(/s$/, "");

/** Tools for `fields` of resource `resource`; a condition on an unknown field fails here, with both names. */
const toolsFor = (self: ResourceDefinition): ResourceTools<Fields> => {
  const { name: resource, fields } = self;
  const names = Object.keys(fields);
  const row = new Proxy(operandsOf(names), {
    get(target, property) {
      const operand = typeof property === "string" ? target[property] : undefined;
      if (operand === undefined) throw new TypeError(`${resource}: no field "${String(property)}" (fields: ${names.join(", ")})`);
      return operand;
    },
  });
  const known = (field: string): string => {
    if (!names.includes(field)) throw new TypeError(`${resource}: no field "${field}" (fields: ${names.join(", ")})`);
    return field;
  };
  const measure = (kind: Exclude<Measure["kind"], "count">) => (field: string) => ({ kind, field: known(field) });
  return {
    self,
    all: "all",
    own: (field) => ({ op: "eq", left: { field: [known(field)] }, right: caller.subject }),
    rows: (where) => where(row, caller),
    filter: (first: unknown, second?: (row: never, params: never) => Condition): NamedFilter =>
      second === undefined
        ? { params: {}, where: (first as (row: never) => Condition)(row as never) }
        : { params: first as Fields, where: second(row as never, paramsOf(first as Fields) as never) },
    count: () => ({ kind: "count" }),
    sum: measure("sum"),
    avg: measure("avg"),
    min: measure("min"),
    max: measure("max"),
    countDistinct: measure("countDistinct"),
    one: (target, by) => ({ kind: "one", target, by: known(by) }),
    many: (target, options) => ({
      kind: "many",
      target,
      by: options === undefined ? [singularOf(resource)] : [options.by].flat(),
    }),
    manyToMany: (target, options) => ({ kind: "manyToMany", target, ...options }),
    guard: (check) => check,
    invariant: (check) => check,
    directory: (entries) => entries,
    command: (spec) => ({ kind: "command", ...spec }) as unknown as FunctionDefinition,
    due: (spec) => ({ ...spec, at: known(spec.at) }) as unknown as DueDefinition,
    query: (spec) => ({ kind: "query", ...spec }) as unknown as FunctionDefinition,
  };
};

interface Head<F extends Fields> {
  readonly doc: string;
  readonly fields: F;
  readonly singular?: string;
}

/** What a declared resource has until it is defined. */
export const undefinedBehaviour: Behaviour = { rows: {} };

/**
 * Declares a resource: its name and fields, which others may refer to (`ctx.table(transfers)`, `rowOf(transfers, id)`), apart from its behaviour.
 * So code that the behaviour uses can use the resource, each in a file of its own, without a circle of imports.
 *
 *   // transfer-fields.ts
 *   export const transfers = declare("transfers", { doc: "…", fields: { … } });
 *   // transfers.ts
 *   export const transferResource = resource(transfers, ({ all, command }) => ({ … }));
 */
export const declare = <const N extends string, const F extends Fields>(name: N, head: Head<F>): ResourceDefinition<N, F> => ({
  kind: "resource",
  name,
  doc: head.doc,
  singular: head.singular ?? singularOf(name),
  fields: head.fields,
  behaviour: undefinedBehaviour,
});

type Behave<F extends Fields> = (tools: ResourceTools<F>) => Behaviour;

interface DefineResource {
  <const N extends string, const F extends Fields>(name: N, head: Head<F>, behaviour: Behave<F>): ResourceDefinition<N, F>;
  /** Gives a declared resource its behaviour, once; it is the same resource. */
  <const N extends string, const F extends Fields>(
    declared: ResourceDefinition<N, F>,
    behaviour: Behave<F>,
  ): ResourceDefinition<N, F>;
}

/** Defines a resource. Names are plural and in camelCase. Throws `TypeError` naming the resource and the field when something does not fit. */
export const resource: DefineResource = <F extends Fields>(
  first: string | ResourceDefinition<string, F>,
  second: Head<F> | Behave<F>,
  third?: Behave<F>,
): ResourceDefinition<never, F> => {
  const declared = typeof first === "string" ? declare(first, second as Head<F>) : first;
  const behaviour = typeof first === "string" ? third : (second as Behave<F>);
  if (behaviour === undefined || declared.behaviour !== undefinedBehaviour)
    throw new TypeError(`${declared.name}: a resource is defined once, with its behaviour`);
  // The tools hand out the definition itself, so it is there before its behaviour.
  (declared as { behaviour: Behaviour }).behaviour = behaviour(toolsFor(declared) as unknown as ResourceTools<F>);
  return declared as unknown as ResourceDefinition<never, F>;
};

/** One row of a resource, chosen by who calls: `/profile` is the customer the login stands for. */
export interface SingletonDefinition {
  readonly kind: "singleton";
  readonly name: string;
  readonly doc: string;
  readonly of: ResourceDefinition;
  /** Roles that have one. */
  readonly roles: readonly string[];
  /** Roles that may PATCH it. */
  readonly update?: readonly string[];
}

/** Defines a singleton of the caller: the row of `of` whose id is the caller's subject. */
export const singleton = (
  name: string,
  spec: {
    readonly doc: string;
    readonly of: ResourceDefinition;
    readonly roles: readonly string[];
    readonly update?: readonly string[];
  },
): SingletonDefinition => ({ kind: "singleton", name, ...spec });

export type { Field };
