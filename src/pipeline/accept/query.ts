/**
 * Accepts what a list is asked for: names are looked up, values decoded, and the whole becomes shapes for the store.
 * An unknown field, operator or value is an issue that names it. A field the caller may not read is unknown.
 *
 * Limits: 50 conditions, 200 values in a set, 8 sort fields, 3 levels of relations, pages up to 10^6 deep.
 */
import type { Condition, Value } from "../../define/expression.ts";
import type { Field, FieldKind } from "../../define/field.ts";
import type { Principal } from "../../define/function.ts";
import { columnTypeOf } from "../../contract/tables.ts";
import type { ManyContract, Operation, ResourceContract } from "../../contract/contract.ts";
import type { CountShape, Join, Link, Order, RowsShape } from "../../store/store.ts";
import type { Input, RawFilter, RawInclude, RawQuery } from "../call.ts";
import { behind, bindCaller, type CallerParam, callerValue, renameParams } from "../condition.ts";
import { makeCursor, readCursor } from "../cursor.ts";
import type { AggregatePlan, CountPlan, IncludePlan, Plan, RowsPlan } from "../plan.ts";
import { type Issue, type Issues, invalid, type Refusal, refuse } from "../refusal.ts";
import { type View, viewOf } from "../view.ts";
import { compileValue } from "./fields.ts";

const conditionsMax = 50;
const valuesMax = 200;
const sortFieldsMax = 8;
const includeDepthMax = 3;
const pageMax = 1_000_000;
const includesMax = 10;
const statisticRowsMax = 1_000;
const includedPerPage = 20;

const textKinds: ReadonlySet<FieldKind> = new Set([
  "string",
  "text",
  "email",
  "url",
  "phone",
  "id",
  "ref",
  "currency",
  "country",
  "language",
  "enum",
]);
const orderedKinds: ReadonlySet<FieldKind> = new Set([...textKinds, "integer", "money", "decimal", "date", "dateTime"]);
const opaqueKinds: ReadonlySet<FieldKind> = new Set(["json", "object", "array", "binary"]);

type Param = RowsShape["params"][number];

/** Decoders of single values, one per field. */
const decoders = new WeakMap<Field, ReturnType<typeof compileValue>>();
const decoderOf = (field: Field): ReturnType<typeof compileValue> => {
  let decoder = decoders.get(field);
  if (decoder === undefined) {
    decoder = compileValue(field);
    decoders.set(field, decoder);
  }
  return decoder;
};

export interface QueryContext {
  readonly principal: Principal & { readonly realm: number };
  readonly cursorSecret: string;
  readonly now: () => string;
  /** Values are text. */
  readonly text: boolean;
}

class Builder {
  readonly issues: Record<string, Issue[]> = {};
  readonly conditions: Condition[] = [];
  readonly params: Param[] = [];
  readonly values: Value[] = [];
  readonly joins = new Map<string, Join>();
  readonly links = new Map<string, Link>();
  readonly #used = new Set<CallerParam>();
  readonly #context: QueryContext;
  readonly #view: View;

  constructor(view: View, context: QueryContext) {
    this.#view = view;
    this.#context = context;
  }

  issue(name: string, code: string, params?: Issue["params"]): undefined {
    (this.issues[name.slice(0, 100)] ??= []).push(params === undefined ? { code } : { code, params });
    return undefined;
  }

  param(type: Param["type"], value: Value, list = false): { param: string } {
    const name = `p${this.params.length}`;
    this.params.push(list ? { name, type, list: true } : { name, type });
    this.values.push(value);
    return { param: name };
  }

  /** Adds a condition of the definition: binds the caller, moves it behind a relation. */
  rule(condition: Condition, path: readonly string[] = []): void {
    const bound = bindCaller(condition, this.#used);
    this.#join(path);
    this.conditions.push(path.length === 0 ? bound : behind(bound, path));
    this.#joinPaths(this.conditions[this.conditions.length - 1] as Condition);
  }

  /** Names the caller's parameters that were used; to be called last. */
  bindCaller(): void {
    for (const name of this.#used) {
      this.params.push({ name, type: name === "$now" ? "timestamp" : "text" });
      this.values.push(callerValue(name, this.#context.principal, this.#context.now()));
    }
  }

  #join(path: readonly string[]): void {
    let at: ResourceContract = this.#view.resource;
    for (const [position, name] of path.entries()) {
      const target = at.one.get(name)?.target;
      if (target === undefined) throw new Error(`${at.name} has no relation ${name}`);
      const steps = path.slice(0, position + 1);
      this.joins.set(steps.join("."), { path: steps, table: target.table });
      at = target;
    }
  }

  #joinPaths(condition: Condition): void {
    if (condition.op === "and" || condition.op === "or") for (const part of condition.of) this.#joinPaths(part);
    else if (condition.op === "not") this.#joinPaths(condition.of);
    else if (condition.op !== "exists") {
      const terms = condition.op === "null" || condition.op === "notNull" ? [condition.left] : [condition.left, condition.right];
      for (const term of terms) {
        if ("field" in term && term.field.length > 1) this.#join(term.field.slice(0, -1));
      }
    }
  }

  /** The readable field at `path`, with the row rules of every resource passed on the way. */
  field(name: string, path: readonly string[]): Field | undefined {
    let view = this.#view;
    for (const [position, step] of path.entries()) {
      const field = view.resource.fields[step];
      if (field === undefined || !Object.hasOwn(view.resource.fields, step) || !view.readable.has(step))
        return this.issue(name, "unknown_field", { field: path.join(".").slice(0, 100) });
      if (position === path.length - 1) return field.options.filter === false ? this.issue(name, "not_filterable") : field;
      const target = view.resource.one.get(step)?.target;
      if (target === undefined || position >= includeDepthMax)
        return this.issue(name, "unknown_field", { field: path.join(".").slice(0, 100) });
      view = viewOf(target, this.#context.principal.roles);
      const steps = path.slice(0, position + 1);
      this.#join(steps);
      if (view.rule === "none") return this.issue(name, "unknown_field", { field: path.join(".").slice(0, 100) });
      if (view.rule !== "all") this.rule(view.rule, steps);
    }
    return undefined;
  }

  filter(raw: RawFilter): void {
    const path = raw.path.split(".");
    const field = this.field(raw.as, path);
    if (field === undefined) return;
    const left = { field: path };
    if (raw.op === "null") {
      const [wanted] = raw.values;
      if (wanted !== true && wanted !== false && wanted !== "true" && wanted !== "false")
        return this.issue(raw.as, "wrong_type", { expected: "boolean" });
      this.conditions.push({ op: String(wanted) === "true" ? "null" : "notNull", left });
      return;
    }
    if (opaqueKinds.has(field.kind)) return this.issue(raw.as, "not_filterable");
    const textual = raw.op === "contains" || raw.op === "startsWith";
    if (textual && !textKinds.has(field.kind)) return this.issue(raw.as, "unknown_operator", { operator: raw.op });
    const ordered = raw.op !== "eq" && raw.op !== "ne";
    if (ordered && !textual && !orderedKinds.has(field.kind)) return this.issue(raw.as, "unknown_operator", { operator: raw.op });
    if (raw.values.length > valuesMax) return this.issue(raw.as, "too_many", { max: valuesMax });
    if (raw.values.length === 0) return this.issue(raw.as, "required");
    const type = columnTypeOf(field);
    const values: Value[] = [];
    for (const value of raw.values) {
      if (textual) {
        if (
          typeof value !== "string" ||
          value.length === 0 ||
          value.length > 255 ||
          value.includes("\0") ||
          !value.isWellFormed()
        )
          return this.issue(raw.as, "wrong_type", { expected: "string" });
        values.push(value);
        continue;
      }
      const decoded = decoderOf(field)(value, this.#context.text);
      if (!decoded.ok) return this.issue(raw.as, decoded.issue.code, decoded.issue.params);
      values.push(decoded.value);
    }
    if (raw.op === "eq" || raw.op === "ne") {
      if (values.length > 1)
        this.conditions.push({ op: raw.op === "eq" ? "in" : "notIn", left, right: this.param(type, values, true) });
      else this.conditions.push({ op: raw.op, left, right: this.param(type, values[0] as Value) });
      return;
    }
    for (const value of values) this.conditions.push({ op: raw.op, left, right: this.param(type, value) });
  }

  named(name: string, given: Readonly<Record<string, unknown>>): void {
    const filter = Object.hasOwn(this.#view.resource.filters, name) ? this.#view.resource.filters[name] : undefined;
    if (filter === undefined) return this.issue("filters", "unknown_filter", { filter: name.slice(0, 50) });
    const bound = new Map<string, string>();
    for (const [param, field] of Object.entries(filter.params)) {
      const value = Object.hasOwn(given, param) ? given[param] : field.options.default;
      const place = `filters.${name}.${param}`;
      if (value === undefined) {
        if (field.options.optional !== true) return this.issue(place, "required");
        bound.set(param, this.param(columnTypeOf(field), null).param);
        continue;
      }
      const decoded = decoderOf(field)(value, true);
      if (!decoded.ok) return this.issue(place, decoded.issue.code, decoded.issue.params);
      bound.set(param, this.param(columnTypeOf(field), decoded.value).param);
    }
    for (const param of Object.keys(given))
      if (!Object.hasOwn(filter.params, param)) return this.issue(`filters.${name}.${param.slice(0, 50)}`, "unknown_field");
    this.rule(renameParams(filter.where, (param) => bound.get(param) ?? param));
  }

  order(sortBy: readonly string[]): Order[] {
    const order: Order[] = [];
    const parts = sortBy.flatMap((part) => part.split(",")).filter((part) => part !== "");
    if (parts.length > sortFieldsMax) this.issue("sortBy", "too_many", { max: sortFieldsMax });
    for (const part of parts.slice(0, sortFieldsMax)) {
      const path = part.split(".");
      const last = path[path.length - 1];
      const direction = last === "desc" ? "desc" : "asc";
      if (path.length > 1 && (last === "asc" || last === "desc")) path.pop();
      const field = this.field("sortBy", path);
      if (field === undefined) continue;
      if (opaqueKinds.has(field.kind)) this.issue("sortBy", "not_filterable");
      else if (!order.some((other) => other.path.join(".") === path.join("."))) order.push({ path, direction });
    }
    return order;
  }

  get refusal(): Refusal | undefined {
    return Object.keys(this.issues).length === 0 ? undefined : invalid(this.issues as Issues);
  }

  get where(): { where?: Condition } {
    if (this.conditions.length === 0) return {};
    return { where: this.conditions.length === 1 ? (this.conditions[0] as Condition) : { op: "and", of: this.conditions } };
  }

  shape(): Pick<RowsShape, "table" | "joins" | "links" | "params" | "where"> {
    return {
      table: this.#view.resource.table,
      joins: [...this.joins.values()],
      links: [...this.links.values()],
      params: this.params,
      ...this.where,
    };
  }

  keyOf(kind: string, more: unknown): string {
    return `${this.#view.resource.table.name}:${kind}:${JSON.stringify([this.conditions, this.params, more], (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value))}`;
  }
}

const wholeNumber = (raw: unknown, min: number, max: number): number | undefined => {
  const value = typeof raw === "string" && /^\d{1,9}$/.test(raw) ? Number(raw) : raw;
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
};

/** The condition that rows belong to a parent, whose id is the parameter `parent`. */
export const belongs = (many: ManyContract, parent: { param: string }): Condition => {
  if (many.relation.kind === "many") {
    const parts: Condition[] = many.relation.by.map((by) => ({ op: "eq", left: { field: [by] }, right: parent }));
    return parts.length === 1 ? (parts[0] as Condition) : { op: "or", of: parts };
  }
  const { through, from, to } = many.relation;
  return {
    op: "exists",
    through,
    where: [
      [to, { field: ["id"] }],
      [from, parent],
    ],
  };
};

interface Chosen {
  readonly names: readonly string[];
  readonly includes: readonly RawInclude[];
}

/** Splits `fields` into own fields and fields of relations, and joins the latter with `include`. */
const choose = (builder: Builder, view: View, query: RawQuery): Chosen => {
  const includes = new Map<string, { name: string; fields?: string[]; raw?: RawInclude }>();
  for (const raw of query.include ?? []) includes.set(raw.name, { name: raw.name, raw });
  let names: string[] | undefined;
  if (query.fields !== undefined) {
    names = [];
    for (const part of query.fields) {
      const [head = "", ...rest] = part.split(".");
      const known = Object.hasOwn(view.resource.fields, head) && view.shown.includes(head);
      if (rest.length === 0) {
        if (known) names.includes(head) || names.push(head);
        else builder.issue("fields", "unknown_field", { field: head.slice(0, 50) });
        continue;
      }
      if (!view.resource.one.has(head) && !view.resource.many.has(head))
        builder.issue("fields", "unknown_field", { field: part.slice(0, 50) });
      else {
        const include = includes.get(head) ?? { name: head };
        (include.fields ??= []).push(rest.join("."));
        includes.set(head, include);
      }
    }
    if (query.fields.length === 0) builder.issue("fields", "required");
  }
  if (includes.size > includesMax) builder.issue("include", "too_many", { max: includesMax });
  return {
    names: names ?? view.shown,
    includes: [...includes.values()].map(({ name, fields, raw }) => ({
      ...raw,
      name,
      ...(fields === undefined ? {} : { fields }),
    })) as RawInclude[],
  };
};

const planIncludes = (
  parent: Builder,
  view: View,
  raws: readonly RawInclude[],
  context: QueryContext,
  depth: number,
): IncludePlan[] =>
  raws.flatMap((raw) => {
    const one = view.resource.one.get(raw.name);
    const many = view.resource.many.get(raw.name);
    const target = one?.target ?? many?.target;
    const reference = one === undefined ? "id" : one.by;
    if (target === undefined || !view.readable.has(reference))
      return parent.issue("include", "unknown_relation", { relation: raw.name.slice(0, 50) }) ?? [];
    if (depth >= includeDepthMax) return parent.issue("include", "too_deep", { max: includeDepthMax }) ?? [];
    const inner = viewOf(target, context.principal.roles);
    if (inner.rule === "none") return parent.issue("include", "unknown_relation", { relation: raw.name.slice(0, 50) }) ?? [];
    const builder = new Builder(inner, context);
    const key = builder.param("text", null);
    if (one !== undefined) builder.conditions.push({ op: "eq", left: { field: ["id"] }, right: key });
    else if (many !== undefined) {
      builder.conditions.push(belongs(many, key));
      if (many.through !== undefined)
        builder.links.set(many.through.name, { name: many.through.name, table: many.through.table });
    }
    if (inner.rule !== "all") builder.rule(inner.rule);
    const chosen = choose(builder, inner, raw as RawQuery);
    const order = builder.order(raw.sortBy ?? []);
    const perPage =
      raw.perPage === undefined ? Math.min(includedPerPage, target.maxPerPage) : wholeNumber(raw.perPage, 1, target.maxPerPage);
    if (perPage === undefined) builder.issue("include", "not_in_range", { min: 1, max: target.maxPerPage });
    const includes = planIncludes(builder, inner, chosen.includes, context, depth + 1);
    builder.bindCaller();
    for (const [name, issues] of Object.entries(builder.issues)) {
      for (const issue of issues)
        parent.issue(name === "include" || name === "fields" ? name : `include.${raw.name}.${name}`, issue.code, issue.params);
    }
    const select = [...new Set([...chosen.names, "id", ...includes.map((include) => include.by)])];
    const orders = [
      ...order,
      ...(order.some((o) => o.path.join() === "id") ? [] : [{ path: ["id"], direction: "asc" as const }]),
    ];
    const kind = one === undefined ? ("many" as const) : ("one" as const);
    return [
      {
        name: raw.name,
        kind,
        shape: {
          kind: "rows" as const,
          key: builder.keyOf(`include.${kind}`, [select, orders]),
          ...builder.shape(),
          select,
          order: orders,
        },
        params: builder.values.slice(1),
        by: reference,
        limit: kind === "one" ? 1 : (perPage ?? 1),
        present: inner.presentOnly(chosen.names),
        includes,
        target,
      },
    ];
  });

/** The conditions every read of a view has: the row rule and, for a related collection, the parent. */
const startOf = (view: View, input: Input, context: QueryContext, parent: ManyContract | undefined): Builder => {
  const builder = new Builder(view, context);
  if (input.parent !== undefined && parent !== undefined) {
    const key = builder.param("text", input.parent.id);
    builder.conditions.push(belongs(parent, key));
    if (parent.through !== undefined)
      builder.links.set(parent.through.name, { name: parent.through.name, table: parent.through.table });
  }
  if (view.rule !== "all" && view.rule !== "none") builder.rule(view.rule);
  return builder;
};

const addFilters = (builder: Builder, query: RawQuery): void => {
  const filters = query.filters ?? [];
  const named = query.named ?? [];
  if (filters.length + named.length > conditionsMax) {
    builder.issue("filters", "too_many", { max: conditionsMax });
    return;
  }
  for (const raw of filters) builder.filter(raw);
  for (const { name, params } of named) builder.named(name, params);
};

const refuseMember = (builder: Builder, query: RawQuery, allowed: readonly (keyof RawQuery)[]): void => {
  for (const member of Object.keys(query) as (keyof RawQuery)[]) {
    if (query[member] !== undefined && !allowed.includes(member)) builder.issue(member, "unknown_field");
  }
};

const truthy = (raw: unknown): boolean => raw === true || raw === "true" || raw === "1";

/** Plans a list. */
const planList = (view: View, input: Input, context: QueryContext, parent: ManyContract | undefined): RowsPlan | Refusal => {
  const query = input.query ?? {};
  const { resource } = view;
  const builder = startOf(view, input, context, parent);
  addFilters(builder, query);
  const order = builder.order(query.sortBy ?? []);
  if (order.length === 0) order.push(...resource.sortBy);
  if (!order.some(({ path }) => path.length === 1 && path[0] === "id")) {
    order.push({ path: ["id"], direction: order[0]?.direction ?? "asc" });
  }
  const chosen = choose(builder, view, query);
  const includes = planIncludes(builder, view, chosen.includes, context, 0);
  const perPage = query.perPage === undefined ? resource.perPage : wholeNumber(query.perPage, 1, resource.maxPerPage);
  if (perPage === undefined) builder.issue("perPage", "not_in_range", { min: 1, max: resource.maxPerPage });
  const page = query.page === undefined ? 1 : wholeNumber(query.page, 1, pageMax);
  if (page === undefined) builder.issue("page", "not_in_range", { min: 1, max: pageMax });
  if (query.cursor !== undefined && query.page !== undefined) builder.issue("cursor", "not_with_page");
  const localOrder = order.every(({ path }) => path.length === 1);
  if (query.cursor !== undefined && !localOrder) builder.issue("cursor", "not_with_related_order");
  builder.bindCaller();
  const refused = builder.refusal;
  if (refused !== undefined || perPage === undefined || page === undefined) return refused ?? refuse("internal");
  const { realm } = context.principal;
  const byCursor = query.cursor !== undefined;
  const bound = byCursor || localOrder ? `${realm}\n${resource.table.name}\n${JSON.stringify(order)}` : "";
  const continues = query.cursor !== undefined && query.cursor !== "";
  const after = continues ? readCursor(context.cursorSecret, bound, query.cursor as string) : undefined;
  if (continues && after === undefined) return refuse("invalid_cursor");
  const select = [
    ...new Set([
      ...chosen.names,
      "id",
      ...includes.map((include) => include.by),
      ...(localOrder ? order.map(({ path }) => path[0] as string) : []),
    ]),
  ];
  const shared = builder.shape();
  const counted = query.count === undefined ? !byCursor : truthy(query.count);
  const countShape: CountShape = { kind: "count", key: builder.keyOf("count", 0), ...shared };
  return {
    kind: "rows",
    view,
    shape: {
      kind: "rows",
      key: builder.keyOf("list", [select, order, after !== undefined]),
      ...shared,
      select,
      order,
      ...(after === undefined ? {} : { after: true as const }),
    },
    call: {
      realm,
      params: builder.values,
      // One row more than asked for tells whether there is a next page.
      limit: perPage + 1,
      offset: byCursor ? 0 : (page - 1) * perPage,
      ...(after === undefined ? {} : { after }),
    },
    present: view.presentOnly(chosen.names),
    includes,
    paging: {
      by: byCursor ? "cursor" : "page",
      page,
      perPage,
      maxPerPage: resource.maxPerPage,
      ...(counted ? { count: { shape: countShape, call: { realm, params: builder.values } } } : {}),
      ...(localOrder
        ? {
            cursorOf: (row) =>
              makeCursor(
                context.cursorSecret,
                bound,
                order.map(({ path }) => row[path[0] as string] ?? null),
              ),
          }
        : {}),
    },
  };
};

const planCount = (view: View, input: Input, context: QueryContext, parent: ManyContract | undefined): CountPlan | Refusal => {
  const query = input.query ?? {};
  const builder = startOf(view, input, context, parent);
  refuseMember(builder, query, ["filters", "named"]);
  addFilters(builder, query);
  builder.bindCaller();
  return (
    builder.refusal ?? {
      kind: "count",
      shape: { kind: "count", key: builder.keyOf("count", 0), ...builder.shape() },
      call: { realm: context.principal.realm, params: builder.values },
    }
  );
};

const planAggregate = (operation: Operation, view: View, input: Input, context: QueryContext): AggregatePlan | Refusal => {
  const query = input.query ?? {};
  const builder = startOf(view, input, context, undefined);
  refuseMember(builder, query, ["filters", "named"]);
  addFilters(builder, query);
  builder.bindCaller();
  const { output } = operation;
  const groups = output.kind === "stats" ? (output.statistic.group ?? []) : [];
  const measures = output.kind === "stats" ? output.statistic.measures : output.kind === "value" ? { value: output.measure } : {};
  return (
    builder.refusal ?? {
      kind: "aggregate",
      shape: {
        kind: "aggregate",
        key: builder.keyOf(operation.name, 0),
        ...builder.shape(),
        groups: groups.map((group) =>
          typeof group === "string" ? { name: group, field: group } : { name: group.part, field: group.by, part: group.part },
        ),
        measures,
      },
      call: { realm: context.principal.realm, params: builder.values, limit: statisticRowsMax },
      single: output.kind !== "stats",
    }
  );
};

/** Plans the read of one row by id, with the fields and relations asked for. */
const planGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const query = input.query ?? {};
  const builder = new Builder(view, context);
  const id = builder.param("text", input.id ?? "");
  builder.conditions.push({ op: "eq", left: { field: ["id"] }, right: id });
  if (view.rule !== "all" && view.rule !== "none") builder.rule(view.rule);
  refuseMember(builder, query, ["fields", "include"]);
  const chosen = choose(builder, view, query);
  const includes = planIncludes(builder, view, chosen.includes, context, 0);
  builder.bindCaller();
  const select = [...new Set([...chosen.names, "id", ...includes.map((include) => include.by)])];
  return (
    builder.refusal ?? {
      kind: "rows",
      view,
      shape: {
        kind: "rows",
        key: builder.keyOf("get", select),
        ...builder.shape(),
        select,
        order: [{ path: ["id"], direction: "asc" }],
      },
      call: { realm: context.principal.realm, params: builder.values, limit: 1 },
      present: view.presentOnly(chosen.names),
      includes,
    }
  );
};

/** The plain read of one row: its shape never changes for a view, so it is made once. */
const plainGets = new WeakMap<View, RowsPlan | "caller">();

const plainGet = (view: View, input: Input, context: QueryContext): RowsPlan | Refusal => {
  const known = plainGets.get(view);
  if (known === undefined) {
    const plan = planGet(view, input, context);
    if ("kind" in plan) plainGets.set(view, plan.call.params.length === 1 ? plan : "caller");
    return plan;
  }
  if (known === "caller") return planGet(view, input, context);
  return { ...known, call: { realm: context.principal.realm, params: [input.id ?? ""], limit: 1 } };
};

/** Accepts the query of a read operation. `view` is of the roles the operation is open to. */
export const acceptQuery = (operation: Operation, view: View, input: Input, context: QueryContext): Plan | Refusal => {
  if (view.rule === "none") return refuse("forbidden");
  switch (operation.action) {
    case "get":
      return input.query === undefined ? plainGet(view, input, context) : planGet(view, input, context);
    case "list":
    case "count": {
      const parent = input.parent;
      const many = parent === undefined ? undefined : parentRelation(operation, parent);
      if (parent !== undefined && many === undefined) return refuse("not_found");
      return operation.action === "list" ? planList(view, input, context, many) : planCount(view, input, context, many);
    }
    case "property":
    case "stats":
      return planAggregate(operation, view, input, context);
    default:
      throw new Error(`${operation.name} is no read`);
  }
};

/** Parents' relations, registered when a contract is put into service. */
const relations = new WeakMap<ResourceContract, Map<string, ManyContract>>();

/** Lets `/{parent}/{id}/{relation}` find its way: called once per contract. */
export const registerRelations = (resources: Iterable<ResourceContract>): void => {
  for (const resource of resources) {
    for (const [name, many] of resource.many) {
      const known = relations.get(many.target) ?? new Map<string, ManyContract>();
      known.set(`${resource.name}.${name}`, many);
      relations.set(many.target, known);
    }
  }
};

const parentRelation = (operation: Operation, parent: NonNullable<Input["parent"]>): ManyContract | undefined =>
  operation.resource === undefined ? undefined : relations.get(operation.resource)?.get(`${parent.resource}.${parent.relation}`);
