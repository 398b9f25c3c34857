/** What a function is handed: typed access to rows, the caller, the moment, and ways to answer. */
import type { Condition, Term, Value } from "../../define/expression.ts";
import type { Fields } from "../../define/field.ts";
import {
  type Answer,
  answerMark,
  type CommandContext,
  type FunctionRefusal,
  type QueryContext,
  refusalMark,
  type SessionChange,
  type TableAccess,
  type TableReader,
} from "../../define/function.ts";
import type { ResourceDefinition } from "../../define/resource.ts";
import type { ResourceContract } from "../../contract/contract.ts";
import type { Unit } from "../../batch/unit.ts";
import type { Caller } from "../../pipeline/identity/caller.ts";
import { andThen, bindCaller, type CallerParam, callerValue, holds } from "../../pipeline/condition.ts";
import { newIdentifier } from "../../pipeline/identifier.ts";
import { directoryTable } from "../../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../../pipeline/identity/realm.ts";
import type { RecentCalls } from "../../pipeline/recent-calls.ts";
import type { Secrets } from "../../pipeline/identity/secrets.ts";
import { jsonReady } from "../../pipeline/json-ready.ts";
import { viewOf } from "../../pipeline/view.ts";
import type { CountShape, Join, MaybePromise, Order, ReadCall, Row, RowsShape, Store } from "../../store/store.ts";
import { type ColumnType, columnOf } from "../../store/table.ts";
import { changedRow, completeRow } from "../table/change.ts";
import { handlerRow } from "../table/nested.ts";
import { documentAnswer } from "./document.ts";
import { fitChanges, fitRow } from "./fit.ts";
import { totalsOf, type Wanted } from "./totals.ts";

export type { Caller };

const rowsMax = 10_000;
const rowsDefault = 1_000;

/** Definition → contract, filled when a service is put into service. */
const contracts = new WeakMap<object, ResourceContract>();

export const registerResources = (resources: Iterable<ResourceContract>): void => {
  for (const resource of resources) contracts.set(resource.definition, resource);
};

export const resourceOf = (definition: object): ResourceContract => {
  const contract = contracts.get(definition);
  if (contract === undefined) throw new Error("this resource belongs to no service that is served");
  return contract;
};

/** The column behind a path of fields; the to-one steps to it are added to `joins`. Throws for what the resource does not have. */
const columnTypeAt = (resource: ResourceContract, path: readonly string[], joins: Map<string, Join>): ColumnType => {
  let at = resource;
  for (const [position, step] of path.slice(0, -1).entries()) {
    const target = at.one.get(step)?.target;
    if (target === undefined) throw new TypeError(`${at.name} has no to-one relation "${step}" (${path.join(".")})`);
    const steps = path.slice(0, position + 1);
    joins.set(steps.join("."), { path: steps, table: target.table });
    at = target;
  }
  return columnOf(at.table, path.at(-1) ?? "").type;
};

const operands = (resource: ResourceContract): Record<string, { field: readonly string[] }> =>
  Object.fromEntries(resource.fieldNames.map((name) => [name, { field: [name] }]));

interface Search {
  readonly rows: RowsShape;
  readonly count: CountShape;
  readonly call: (limit?: number) => ReadCall;
}

/** Literal values of a condition become parameters, so that its statement is compiled once. */
const parametrize = (
  condition: Condition,
  resource: ResourceContract,
): { where: Condition; params: RowsShape["params"]; values: Value[]; joins: readonly Join[] } => {
  const params: { name: string; type: RowsShape["params"][number]["type"]; list?: true }[] = [];
  const values: Value[] = [];
  const joins = new Map<string, Join>();
  const typeOf = (term: Term): ColumnType | undefined =>
    "field" in term ? columnTypeAt(resource, term.field, joins) : undefined;
  const visit = (at: Condition): Condition => {
    if (at.op === "and" || at.op === "or") return { op: at.op, of: at.of.map(visit) };
    if (at.op === "not") return { op: "not", of: visit(at.of) };
    if (at.op === "exists") return at;
    const type = typeOf(at.left);
    if (at.op === "null" || at.op === "notNull") return at;
    typeOf(at.right);
    if (type === undefined || !("value" in at.right)) return at;
    const name = `v${params.length}`;
    params.push(at.op === "in" || at.op === "notIn" ? { name, type, list: true } : { name, type });
    values.push(at.right.value);
    return { ...at, right: { param: name } };
  };
  return { where: visit(condition), params, values, joins: [...joins.values()] };
};

const searchOf = (
  resource: ResourceContract,
  caller: Caller,
  now: string,
  where: (row: never) => Condition,
  options: { readonly limit?: number; readonly sortBy?: string } = {},
): Search => {
  const used = new Set<CallerParam>();
  const found = parametrize(bindCaller(where(operands(resource) as never), used), resource);
  const params = [
    ...found.params,
    ...[...used].map((name) => ({ name, type: name === "$now" ? ("timestamp" as const) : ("text" as const) })),
  ];
  const values = [...found.values, ...[...used].map((name) => callerValue(name, caller, now))];
  const order: Order[] = (options.sortBy ?? "id").split(",").map((part) => {
    const [field = "id", direction] = part.split(".");
    return { path: [field], direction: direction === "desc" ? "desc" : "asc" };
  });
  // In the direction of the rest, as indexes have it: they end in the id.
  if (!order.some(({ path }) => path[0] === "id")) order.push({ path: ["id"], direction: order[0]?.direction ?? "asc" });
  const key = `${resource.table.name}:code:${JSON.stringify([found.where, params])}`;
  const shared = { table: resource.table, joins: found.joins, links: [], params, where: found.where };
  return {
    rows: { kind: "rows", key: `${key}:${JSON.stringify(order)}`, ...shared, select: resource.fieldNames, order },
    count: { kind: "count", key: `${key}:count`, ...shared },
    call: (limit) => ({ realm: caller.realm, params: values, ...(limit === undefined ? {} : { limit }) }),
  };
};

const limitOf = (limit: number | undefined): number => {
  const wanted = limit ?? rowsDefault;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > rowsMax) throw new RangeError(`limit must be 1 to ${rowsMax}`);
  return wanted;
};

const refuseWith = (
  type: string,
  details?: Readonly<Record<string, unknown>>,
  options: { readonly fields?: FunctionRefusal["fields"]; readonly keep?: true } = {},
): FunctionRefusal => ({
  [refusalMark]: true,
  refused: true,
  type,
  ...(details === undefined ? {} : { details }),
  ...options,
});

/** Rows of one resource for a command. */
const tableAccess = (resource: ResourceContract, unit: Unit, caller: Caller): TableAccess<Fields> => {
  const { table } = resource;
  const { realm } = caller;
  const seen = <R extends Row | undefined>(row: R): R => handlerRow(resource, row);
  /** A row of a table kept in memory, which a command has seen without reading it: it becomes part of the working set. */
  const remembered = (id: string) => {
    const row = table.inMemory === true ? unit.all(table, realm).find((one) => one["id"] === id) : undefined;
    return row === undefined ? undefined : unit.rows.adopt(table, realm, [id], row);
  };
  const entryOf = (id: string) => {
    const entry = unit.rows.entry(table, realm, [id]) ?? remembered(id);
    if (entry?.current === undefined) throw new Error(`${resource.name}: ${id} was not read in this batch`);
    return entry;
  };
  const { readOnly } = table;
  const assertChangeable = (): void => {
    if (readOnly === true) throw new Error(`${resource.name}: records of the installation are only read`);
  };
  return {
    get: (id) => andThen(unit.get(table, realm, [id]), seen),
    loaded: (id) => {
      const entry = unit.rows.entry(table, realm, [id]);
      if (entry === undefined) throw new Error(`${resource.name}: ${id} was not declared in load`);
      return seen(entry.current);
    },
    insert: (values) => {
      assertChangeable();
      const row = completeRow(resource, values as Row, unit, realm);
      fitRow(resource, row);
      unit.insert(table, realm, row);
      return seen(row);
    },
    update: (id, changes) => {
      assertChangeable();
      const entry = entryOf(id);
      fitChanges(resource, changes as Row);
      const row = changedRow(resource, entry.current as Row, changes as Row, unit);
      unit.rows.set(entry, row);
      return seen(row);
    },
    delete: (id) => {
      assertChangeable();
      unit.rows.set(entryOf(id), undefined);
    },
    find: async (where, options) => {
      const search = searchOf(resource, caller, unit.now, where, options);
      const rows = await unit.read(search.rows, search.call(limitOf(options?.limit)));
      // What was found may be changed: it becomes part of the working set.
      return rows.map((row) => seen(unit.rows.adopt(table, realm, [row["id"] as string], row).current ?? row));
    },
    count: async (where) => {
      const search = searchOf(resource, caller, unit.now, where);
      return (await unit.read(search.count, search.call()))[0]?.["count"] as number;
    },
    totals: async (wanted: Wanted) => {
      const totals = totalsOf(resource, wanted, (where) => searchOf(resource, caller, unit.now, where));
      return totals.rows(await unit.read(totals.shape, totals.call)) as never;
    },
    // Rows without nested values are handed out as they are kept.
    all: () => {
      const rows = unit.all(table, realm);
      return rows.length === 0 || seen(rows[0] as Row) === rows[0] ? rows : rows.map(seen);
    },
  };
};

/** The same access for all commands of one caller in a batch. */
const accessOf = (resource: ResourceContract, unit: Unit, caller: Caller): TableAccess<Fields> => {
  const known = unit.kept.get(resource) as { readonly caller: Caller; readonly access: TableAccess<Fields> } | undefined;
  if (known?.caller === caller) return known.access;
  const access = tableAccess(resource, unit, caller);
  unit.kept.set(resource, { caller, access });
  return access;
};

const deriveBy =
  (secrets: Secrets | undefined) =>
  (label: string): string => {
    if (secrets === undefined) throw new Error("there is no secret of the installation to derive from");
    return secrets.text(label);
  };

/** The context of one command. */
export const commandContext = (
  unit: Unit,
  caller: Caller,
  { locale, resource: own }: { readonly locale: string; readonly resource: ResourceContract | undefined },
): CommandContext => ({
  principal: caller,
  now: unit.now,
  locale,
  derive: deriveBy(unit.secrets),
  refuse: refuseWith,
  document: documentAnswer,
  table: (resource: ResourceDefinition<string, never>) => accessOf(resourceOf(resource), unit, caller) as never,
  entry: (kind, name) =>
    andThen(
      unit.get(directoryTable, installationRealm, [kind, name]),
      (row) => row?.["value"] as Record<string, unknown> | undefined,
    ),
  id: (resource) => `${resourceOf(resource).prefix}_${newIdentifier()}`,
  visible: (resource, row) => {
    const view = viewOf(resourceOf(resource), caller.roles);
    if (view.rule === "all" || view.rule === "none") return view.rule === "all";
    if (!view.local)
      throw new Error(`${view.resource.name}: its row rule looks at other rows, so a row alone does not tell who sees it`);
    return holds(view.rule, row as Row, caller, unit.now);
  },
  emit: (type, data, of) => {
    const from = of === undefined ? own : resourceOf(of);
    if (from !== undefined && from.events[type] === undefined) throw new Error(`${from.name} declares no event "${type}"`);
    unit.emit({ type: from === undefined ? type : `${from.name}.${type}`, data: jsonReady(data) as Record<string, unknown> });
  },
  created: <T>(data: T): Answer<T> => ({ [answerMark]: true, answered: true, status: 201, data }),
  accepted: <T>(data: T): Answer<T> => ({ [answerMark]: true, answered: true, status: 202, data }),
  replayed: <T>(data: T): Answer<T> => ({ [answerMark]: true, answered: true, status: 200, data, replayed: true }),
  signedIn: <T>(data: T, session: SessionChange): Answer<T> => ({
    [answerMark]: true,
    answered: true,
    status: 200,
    data,
    session,
  }),
});

/** Rows of one resource for a query. */
const tableReader = (store: Store, resource: ResourceContract, caller: Caller, now: string): TableReader<Fields> => ({
  get: async (id) => {
    const search = searchOf(resource, caller, now, (row: { id: never }) => ({ op: "eq", left: row.id, right: { value: id } }));
    return handlerRow(resource, (await store.read(search.rows, [search.call(1)]))[0]?.[0]);
  },
  find: async (where, options) => {
    const search = searchOf(resource, caller, now, where, options);
    const [rows] = await store.read(search.rows, [search.call(limitOf(options?.limit))]);
    return (rows ?? []).map((row) => handlerRow(resource, row));
  },
  count: async (where) => {
    const search = searchOf(resource, caller, now, where);
    return (await store.read(search.count, [search.call()]))[0]?.[0]?.["count"] as number;
  },
  totals: async (wanted: Wanted) => {
    const totals = totalsOf(resource, wanted, (where) => searchOf(resource, caller, now, where));
    return totals.rows((await store.read(totals.shape, [totals.call]))[0] ?? []) as never;
  },
});

/** The context of one query. */
export const queryContext = (
  store: Store,
  caller: Caller,
  call: {
    readonly locale: string;
    readonly signal: AbortSignal;
    readonly now: string;
    readonly secrets?: Secrets | undefined;
    readonly recentCalls?: RecentCalls | undefined;
    /** The realm of another environment of the caller's tenant; absent where the service's rows are an environment's. */
    readonly realmOf?: ((environment: string) => MaybePromise<number>) | undefined;
  },
): QueryContext => ({
  principal: caller,
  derive: deriveBy(call.secrets),
  recentCalls: (max) => call.recentCalls?.of(caller.tenant, Math.min(max, 1_000)) ?? [],
  now: call.now,
  locale: call.locale,
  signal: call.signal,
  refuse: refuseWith,
  document: documentAnswer,
  table: (definition: ResourceDefinition<string, never>, { environment }: { readonly environment?: string } = {}) => {
    const resource = resourceOf(definition);
    if (environment === undefined) return tableReader(store, resource, caller, call.now) as never;
    if (call.realmOf === undefined) throw new Error("only a service whose rows are the tenant's reads those of its environments");
    const realm = call.realmOf(environment);
    const reader = async (): Promise<TableReader<Fields>> =>
      tableReader(store, resource, { ...caller, realm: await realm }, call.now);
    return {
      get: async (id: string) => (await reader()).get(id),
      find: async (...asked: Parameters<TableReader<Fields>["find"]>) => (await reader()).find(...asked),
      count: async (...asked: Parameters<TableReader<Fields>["count"]>) => (await reader()).count(...asked),
      totals: async (wanted: Parameters<TableReader<Fields>["totals"]>[0]) => (await reader()).totals(wanted),
    } as never;
  },
});
