/** Looks names up, decodes values and gathers conditions, parameters, joins and issues of one read. */
import type { Condition, Value } from "../../../define/expression.ts";
import type { Field, FieldKind } from "../../../define/field.ts";
import type { Caller } from "../../identity/caller.ts";
import { columnTypeOf } from "../../../contract/tables.ts";
import type { ResourceContract } from "../../../contract/contract.ts";
import { opaqueKinds, orderedKinds, textKinds } from "../../../contract/query.ts";
import type { Join, Link, Order, RowsShape } from "../../../store/store.ts";
import type { RawFilter } from "../../call.ts";
import { behind, bindCaller, type CallerParam, callerValue, renameParams } from "../../condition.ts";
import { type Issue, invalid, type Refusal } from "../../refusal.ts";
import type { View } from "../../view.ts";
import type { RelatedReads } from "./related.ts";
import { compileValue } from "../../../contract/values/fields.ts";
import type { IssueCode } from "../../../contract/values/issue-codes.ts";

const valuesMax = 200;
const sortFieldsMax = 8;
const nameLengthMax = 100;
/** Most issues told of one query. */
const issuesMax = 100;
/** How many relations a path may pass, and how deep includes may nest. */
export const includeDepthMax = 3;

/** A text may be too long for a cursor, and no index helps to order by it. */
const unsortedKinds: ReadonlySet<FieldKind> = new Set([...opaqueKinds, "text"]);

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

const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** A day that is compared with a moment stands for its first moment in UTC. */
const momentOf = (value: unknown): unknown => (typeof value === "string" && day.test(value) ? `${value}T00:00:00.000Z` : value);

const whenAll = (rules: readonly Condition[]): Pick<Order, "when"> => {
  const [first] = rules;
  return first === undefined ? {} : { when: rules.length === 1 ? first : { op: "and", of: rules } };
};

export interface QueryContext {
  readonly principal: Caller;
  /** Notes which other resources are read. */
  readonly related: RelatedReads;
  readonly cursorSecret: string;
  readonly now: () => string;
  /** Values are text. */
  readonly text: boolean;
}

/** Gathers what a read is made of; an issue never stops it, so that all are told at once. */
export class Builder {
  /** A `Map`, because a caller's parameter may be called `__proto__`. */
  readonly issues = new Map<string, Issue[]>();
  readonly conditions: Condition[] = [];
  readonly params: Param[] = [];
  readonly values: Value[] = [];
  readonly joins = new Map<string, Join>();
  readonly links = new Map<string, Link>();
  #issueCount = 0;
  readonly #used = new Set<CallerParam>();
  readonly #context: QueryContext;
  readonly #view: View;

  constructor(view: View, context: QueryContext) {
    this.#view = view;
    this.#context = context;
  }

  issue(name: string, code: IssueCode, params?: Issue["params"]): undefined {
    if (this.#issueCount++ >= issuesMax) return undefined;
    const place = name.slice(0, nameLengthMax);
    const issue = params === undefined ? { code } : { code, params };
    const known = this.issues.get(place);
    if (known === undefined) this.issues.set(place, [issue]);
    else known.push(issue);
    return undefined;
  }

  param(type: Param["type"], value: Value, list = false): { param: string } {
    const name = `p${this.params.length}`;
    this.params.push(list ? { name, type, list: true } : { name, type });
    this.values.push(value);
    return { param: name };
  }

  /** Adds a condition of the definition. */
  rule(condition: Condition, path: readonly string[] = []): void {
    this.conditions.push(this.#bound(condition, path));
  }

  /** A condition of the definition with its caller bound, moved behind a relation, the joins it needs added. */
  #bound(condition: Condition, path: readonly string[]): Condition {
    const bound = bindCaller(condition, this.#used);
    this.#join(path);
    const moved = path.length === 0 ? bound : behind(bound, path);
    this.#joinPaths(moved);
    return moved;
  }

  /** Names the caller's parameters that were used; to be called last. */
  bindCaller(): void {
    for (const name of this.#used) {
      this.params.push({ name, type: name === "$now" ? "timestamp" : "text" });
      this.values.push(callerValue(name, this.#context.principal, this.#context.now()));
    }
  }

  /** The caller's parameters that were used so far, in the order in which `bindCaller` adds them. */
  get callerParams(): readonly CallerParam[] {
    return [...this.#used];
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

  /** The readable field at `path`; `rules` takes the row rules of the resources passed on the way. */
  #field(name: string, path: readonly string[], rules: Condition[]): Field | undefined {
    let view: View = this.#view;
    for (const [position, step] of path.entries()) {
      const field = view.resource.fields[step];
      if (field === undefined || !Object.hasOwn(view.resource.fields, step) || !view.readable.has(step))
        return this.issue(name, "unknown_field", { field: path.join(".").slice(0, 100) });
      if (position === path.length - 1) return field.options.filter === false ? this.issue(name, "not_filterable") : field;
      const target = view.resource.one.get(step)?.target;
      if (target === undefined || position >= includeDepthMax)
        return this.issue(name, "unknown_field", { field: path.join(".").slice(0, 100) });
      const related = this.#context.related.view(target, "get");
      if (related === undefined) return this.issue(name, "unknown_field", { field: path.join(".").slice(0, 100) });
      view = related;
      const steps = path.slice(0, position + 1);
      this.#join(steps);
      if (related.rule !== "all") rules.push(this.#bound(related.rule, steps));
    }
    return undefined;
  }

  filter(raw: RawFilter): void {
    const path = raw.path.split(".");
    // A filter over a relation finds rows whose related row the caller sees, and no others.
    const field = this.#field(raw.as, path, this.conditions);
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
      const decoded = decoderOf(field)(field.kind === "dateTime" ? momentOf(value) : value, this.#context.text);
      if (!decoded.ok) return this.issue(raw.as, decoded.issue.code as IssueCode, decoded.issue.params);
      values.push(decoded.value);
    }
    if (raw.op === "eq" || raw.op === "ne") {
      this.conditions.push(this.#oneOf(raw.op, left, type, values));
      return;
    }
    // Null is in no order.
    if (values.includes(null)) return this.issue(raw.as, "required");
    for (const value of values) this.conditions.push({ op: raw.op, left, right: this.param(type, value) });
  }

  /** Equal to one of the values, or to none of them. Among them null is having no value, which no comparison of a database finds. */
  #oneOf(op: "eq" | "ne", left: { readonly field: readonly string[] }, type: Param["type"], values: readonly Value[]): Condition {
    const some = values.filter((value) => value !== null);
    const isEqual = op === "eq";
    const parts: Condition[] = [];
    if (some.length < values.length) parts.push({ op: isEqual ? "null" : "notNull", left });
    if (some.length > 1) parts.push({ op: isEqual ? "in" : "notIn", left, right: this.param(type, some, true) });
    else if (some.length === 1) parts.push({ op, left, right: this.param(type, some[0] as Value) });
    return parts.length === 1 ? (parts[0] as Condition) : { op: isEqual ? "or" : "and", of: parts };
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
      if (!decoded.ok) return this.issue(place, decoded.issue.code as IssueCode, decoded.issue.params);
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
      // An order drops no row: where the caller does not see the related row, its value counts as null.
      const rules: Condition[] = [];
      const field = this.#field("sortBy", path, rules);
      if (field === undefined) continue;
      if (unsortedKinds.has(field.kind)) this.issue("sortBy", "not_filterable");
      else if (!order.some((other) => other.path.join(".") === path.join(".")))
        order.push({ path, direction, ...whenAll(rules) });
    }
    return order;
  }

  get refusal(): Refusal | undefined {
    return this.issues.size === 0 ? undefined : invalid(Object.fromEntries(this.issues));
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
